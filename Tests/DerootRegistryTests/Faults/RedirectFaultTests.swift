import DerootBytes
import DerootFaultServer
import DerootOCI
import DerootRegistry
import DerootTestSupport
import Testing

@Suite("Redirects to other hosts")
struct RedirectFaultTests {
    static let password = "open-sesame-4711"
    static let secrets = [password, base64("robot:\(password)"), "Authorization", "authorization"]

    /// A registry with a password.
    private func guarded() throws -> Stage {
        var stage = try Stage()
        stage.registry.behave { $0.gate = .basic(user: "robot", password: Self.password) }
        stage.credentials[stage.server.host] = .basic(user: "robot", secret: Self.password)
        return stage
    }

    @Test(arguments: FaultServer.addresses, [301, 302, 303, 307, 308])
    func F01_stripsAuthorizationAcrossHosts(_ address: String, _ status: Int) throws {
        let stage = try guarded()
        let other = try FaultServer(FixedResponder(body: stage.image.layers[1].blob), on: address)
        stage.server.on(
            "GET", stage.largeLayerPath,
            .respond(.redirect("\(other.url)/far/blob?x=1", status: status)))
        #expect(try stage.pull() == stage.image.digest)
        #expect(other.requests("GET", "/far/blob").count >= 1)
        #expect(other.sightings(of: Self.secrets) == 0)
        #expect(stage.server.sightings(of: [base64("robot:\(Self.password)")]) > 0)
    }

    @Test func F01_stripsTokensAcrossHosts() throws {
        var stage = try Stage()
        let issuer = TokenIssuer(account: ("robot", Self.password))
        let tokens = try FaultServer(issuer)
        stage.registry.behave { [url = tokens.url] in
            $0.gate = .bearer(realm: "\(url)/token", issuer)
        }
        stage.credentials[stage.server.host] = .basic(user: "robot", secret: Self.password)
        let other = try FaultServer(FixedResponder(body: stage.image.layers[1].blob))
        stage.server.on("GET", stage.largeLayerPath, .respond(.redirect("\(other.url)/far")))
        #expect(try stage.pull() == stage.image.digest)
        #expect(other.requests.count >= 1)
        #expect(other.sightings(of: Self.secrets + issuer.tokens) == 0)
        // The password is for the token service alone.
        #expect(stage.server.sightings(of: [Self.password, base64("robot:\(Self.password)")]) == 0)
    }

    @Test func F01_manifestsBehindRedirectsToo() throws {
        let stage = try guarded()
        let other = try FaultServer(
            FixedResponder(type: stage.image.mediaType.rawValue, body: stage.image.manifest))
        stage.server.on(nil, "/v2/*/manifests/*", .respond(.redirect("\(other.url)/far")))
        expectRightOrRefused(stage.image.digest) { () throws(DerootError) in try stage.pull() }
        #expect(other.sightings(of: Self.secrets) == 0)
    }

    @Test func F01_redirectsEnd() throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, .respond(.redirect(stage.largeLayerPath)))
        let error = expectFailure(.hostile, .malformed, .limit, .unsupported, .transient) {
            () throws(DerootError) in try stage.pull()
        }
        #expect(error != nil)
        #expect(stage.server.requests("GET", stage.largeLayerPath).count <= 70)
        #expect(try stage.hasNoResult())
    }

    @Test(arguments: [
        "file:///etc/passwd", "ftp://127.0.0.1/x", "unix:///run/docker.sock",
        "gopher://127.0.0.1/x",
        "data:,x", "http://", "http://:0/", "//", "http://user:secret@127.0.0.1:1/x", "",
    ])
    func F02_refusesOtherSchemes(_ location: String) throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, .respond(.redirect(location)))
        let error = expectFailure(.hostile, .malformed, .unsupported, .transient, .untrusted) {
            () throws(DerootError) in try stage.pull()
        }
        #expect(error != nil)
        #expect(try stage.hasNoResult())
    }

    @Test func F02_privateToPrivateIsLegal() throws {
        let stage = try Stage()
        let other = try FaultServer(
            FixedResponder(body: stage.image.layers[1].blob), on: "127.0.0.2")
        stage.server.on("GET", stage.largeLayerPath, .respond(.redirect("\(other.url)/far")))
        #expect(try stage.pull() == stage.image.digest)
    }

    @Test(arguments: ["127.0.0.1", "127.0.0.2"])
    func F04_uploadElsewhereWithoutCredentials(_ address: String) throws {
        let stage = try guarded()
        // The other host is another door to the same store, without a lock.
        let other = try FaultServer(UploadDoor(stage.registry, "robot", Self.password), on: address)
        stage.registry.behave { [url = other.url] in
            $0.uploadHost = url
            $0.uploadState = "?_state=a%2Fb%3D"
        }
        stage.registry.contents = .init()
        try stage.push()
        #expect(stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
        #expect(other.requests.count >= 3)
        #expect(other.sightings(of: Self.secrets) == 0)
        #expect(stage.server.requests("PUT", "/v2/*/blobs/uploads/*").isEmpty)
    }

    @Test(arguments: ["?_state=a%2Fb%3D%2B&x=1", "?a", ""])
    func F04_keepsTheQuery(_ query: String) throws {
        let stage = try Stage(holdsImage: false)
        stage.registry.behave { $0.uploadState = query }
        try stage.push()
        let puts = stage.server.requests("PUT", "/v2/*/blobs/uploads/*")
        #expect(puts.count == 3)
        for put in puts {
            #expect(query.isEmpty || put.target.contains(query), "\(put.line)")
            #expect(put.queries("digest").contains { $0.utf8.count == 71 })
        }
    }

    @Test(arguments: [
        nil, "", "http://", "file:///tmp/x", "/v2/", "\u{1}", "http://127.0.0.1:1/", "relative",
    ])
    func F04_refusesUselessLocations(_ location: String?) throws {
        let stage = try Stage(holdsImage: false)
        stage.server.on(
            "POST", "/v2/*/blobs/uploads/*", .change { $0.headers["Location"] = location })
        let error = expectFailure(
            .malformed, .hostile, .unsupported, .transient, .notFound, .denied, .untrusted
        ) { () throws(DerootError) in try stage.push() }
        #expect(error != nil)
        #expect(stage.registry.contents[Stage.repository].tags.isEmpty)
        #expect(stage.server.requests.count <= 60)
    }
}

/// One body for every path.
struct FixedResponder: Responder {
    var type = "application/octet-stream"
    let body: [UInt8]

    func answer(_ request: Request) -> Response {
        Response(200, ["Content-Type": type], body: body)
    }
}

/// A registry's uploads for whoever holds their URL, as signed URLs of object stores are.
struct UploadDoor: Responder {
    private let registry: MiniRegistry
    private let authorization: String

    init(_ registry: MiniRegistry, _ user: String, _ password: String) {
        self.registry = registry
        authorization = "Basic " + base64("\(user):\(password)")
    }

    func answer(_ request: Request) -> Response {
        var request = request
        request.headers["Authorization"] = authorization
        return registry.answer(request)
    }
}
