import DerootBytes
import DerootFaultServer
import DerootOCI
import DerootRegistry
import DerootTestSupport
import Testing

@Suite("Downloads that go wrong")
struct DownloadFaultTests {
    @Test(arguments: [0, 1, 100, 70_000, 150_000])
    func F10_resetsAreResumed(_ bytes: Int) throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, turns: 1...1, .reset(after: bytes))
        #expect(try stage.pull() == stage.image.digest)
        let requests = stage.server.requests("GET", stage.largeLayerPath)
        #expect(requests.count == 2)
        #expect(requests[0].headers["Range"] == nil)
    }

    @Test(arguments: [1, 70_000])
    func F10_shortBodiesAreResumedByRange(_ bytes: Int) throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, turns: 1...1, .end(after: bytes))
        #expect(try stage.pull() == stage.image.digest)
        let requests = stage.server.requests("GET", stage.largeLayerPath)
        #expect(requests.map { $0.headers["Range"] } == [nil, "bytes=\(bytes)-"])
    }

    @Test func F10_everyConnectionDies() throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, .end(after: 10))
        let error = expectFailure(.transient) { () throws(DerootError) in try stage.pull() }
        #expect(error?.code.exitStatus == 75)
        #expect(stage.server.requests("GET", stage.largeLayerPath).count <= 18)
        #expect(try stage.hasNoResult())
    }

    static let stalls: [Fault] = [
        .stall(after: nil), .stall(after: 0), .stall(after: 70_000),
        .trickle(bytes: 1, milliseconds: 100),
    ]

    @Test(arguments: stalls.indices)
    func F10_stallsAreLeft(_ number: Int) throws {
        var stage = try Stage()
        stage.options.idleSeconds = 1
        stage.server.on("GET", stage.largeLayerPath, turns: 1...1, Self.stalls[number])
        let began = ContinuousClock.now
        #expect(try stage.pull() == stage.image.digest)
        #expect(ContinuousClock.now - began < .seconds(20))
    }

    @Test(arguments: ["/v2/*/blobs/*", "/v2/*/manifests/*"])
    func F10_endlessBodiesAreCut(_ path: String) throws {
        let stage = try Stage()
        stage.server.on("GET", path, .change { $0.framing = .endless })
        let error = expectFailure(.mismatch, .limit, .malformed, .hostile, .transient) {
            () throws(DerootError) in try stage.pull()
        }
        #expect(error != nil)
        #expect(stage.server.traffic.sent < 200 << 20)
        #expect(try stage.hasNoResult())
    }

    @Test func F11_ignoredRangesStartAgain() throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, turns: 1...1, .end(after: 70_000))
        stage.server.on(
            "GET", stage.largeLayerPath, turns: 2...9, .rewrite { $0.headers["Range"] = nil })
        #expect(try stage.pull() == stage.image.digest)
    }

    @Test(arguments: [
        nil, "bytes 0-99/100", "bytes 60000-150000/*", "bytes 70001-151000/151001", "lines 1-2/3",
        "bytes 70000-18446744073709551616/18446744073709551617", "",
    ])
    func F11_wrongContentRanges(_ range: String?) throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, turns: 1...1, .end(after: 70_000))
        stage.server.on(
            "GET", stage.largeLayerPath, turns: 2...2,
            .change { $0.headers["Content-Range"] = range })
        expectRightOrRefused(stage.image.digest) { () throws(DerootError) in try stage.pull() }
        #expect(stage.server.requests("GET", stage.largeLayerPath).count <= 8)
    }

    @Test func F11_otherBytesInTheRange() throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, turns: 1...1, .end(after: 70_000))
        stage.server.on(
            "GET", stage.largeLayerPath, turns: 2...2,
            .change { $0.body = $0.body.map { $0 ^ 1 } })
        expectRightOrRefused(stage.image.digest) { () throws(DerootError) in try stage.pull() }
    }

    @Test func F11_unsatisfiableRange() throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, turns: 1...1, .end(after: 70_000))
        stage.server.on("GET", stage.largeLayerPath, turns: 2...2, .respond(Response(416)))
        #expect(try stage.pull() == stage.image.digest)
    }

    @Test(arguments: [400, 403, 404, 405, 501])
    func F12_headThatIsNotUnderstood(_ status: Int) throws {
        let stage = try Stage()
        stage.server.on("HEAD", "/v2/*", .respond(Response(status)))
        // A registry that says "not found" or "forbidden" to HEAD may be believed.
        guard status == 403 || status == 404 else {
            #expect(try stage.pull() == stage.image.digest)
            return
        }
        expectRightOrRefused(stage.image.digest) { () throws(DerootError) in try stage.pull() }
    }

    @Test func F12_noDigestHeader() throws {
        let stage = try Stage()
        stage.registry.behave { $0.namesDigests = false }
        #expect(try stage.pull() == stage.image.digest)
        try stage.push()
        #expect(stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
    }

    @Test(arguments: ["sha256:" + String(repeating: "0", count: 64), "md5:x", "", "../../x"])
    func A04_digestHeadersAreNotBelieved(_ digest: String) throws {
        let stage = try Stage()
        stage.server.on("GET", "/v2/*", .change { $0.headers["Docker-Content-Digest"] = digest })
        // What is asked for by digest is compared with that digest and nothing else.
        expectRightOrRefused(stage.image.digest) { () throws(DerootError) in try stage.pull() }
    }

    @Test func A04_otherManifestWithAMatchingHeader() throws {
        let stage = try Stage()
        let other = try Stage.image(seed: 2)
        stage.add(other, tag: "other")
        stage.server.on(
            "GET", "/v2/*/manifests/sha256:*",
            .change { response in
                response.body = other.manifest
                response.headers["Docker-Content-Digest"] = other.digest.description
            })
        let name = try ImageName(
            parsing: "\(stage.server.host)/\(Stage.repository)@\(stage.image.digest)")
        let error = expectFailure(.mismatch) { () throws(DerootError) in
            let source = try RegistrySource(name, client: stage.client())
            try copyImage(from: source, into: stage.layout.destination("out"))
        }
        #expect(error != nil)
        #expect(try stage.hasNoResult())
    }

    @Test func F20_otherBytesOfTheSameLength() throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, .change { $0.body[1000] ^= 1 })
        let error = expectFailure(.mismatch, .transient) { () throws(DerootError) in
            try stage.pull()
        }
        #expect(error != nil)
        #expect(stage.server.requests("GET", stage.largeLayerPath).count <= 6)
        #expect(try stage.hasNoResult())
    }

    @Test(arguments: ["/v2/*/blobs/*", "/v2/*/manifests/*"], ["7", "99999999999", "-1", "x", nil])
    func F20_lyingLengths(_ path: String, _ length: String?) throws {
        var stage = try Stage()
        stage.options.idleSeconds = 1
        stage.options.tries = 2
        stage.server.on("GET", path, .change { $0.framing = .claimed(length) })
        expectRightOrRefused(stage.image.digest) { () throws(DerootError) in try stage.pull() }
        #expect(stage.server.requests.count <= 30)
    }

    @Test(arguments: ["1", "9999999999999"])
    func F20_headLengthsAreNotBelieved(_ length: String) throws {
        let stage = try Stage()
        stage.server.on("HEAD", "/v2/*/manifests/*", .change { $0.framing = .claimed(length) })
        expectRightOrRefused(stage.image.digest) { () throws(DerootError) in try stage.pull() }
    }

    @Test(arguments: ["gzip", "br", "deflate", "zstd", "identity"])
    func F20_contentEncodingIsNotUndone(_ encoding: String) throws {
        let stage = try Stage()
        stage.server.on(
            "GET", "/v2/*/blobs/*", .change { $0.headers["Content-Encoding"] = encoding })
        #expect(try stage.pull() == stage.image.digest)
        #expect(
            stage.server.requests.allSatisfy {
                !($0.headers["Accept-Encoding"] ?? "").contains("gzip")
            })
    }

    @Test func F20_longerBodiesAreRefused() throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, .change { $0.body += [0] })
        let error = expectFailure(.mismatch, .limit, .transient, .hostile) {
            () throws(DerootError) in try stage.pull()
        }
        #expect(error != nil)
        #expect(stage.server.requests("GET", stage.largeLayerPath).count <= 6)
    }

    @Test func chunkedBodiesAreRead() throws {
        let stage = try Stage()
        stage.server.on("GET", "/v2/*", .change { $0.framing = .chunked })
        #expect(try stage.pull() == stage.image.digest)
    }

    @Test func bodiesUntilTheEndAreRead() throws {
        let stage = try Stage()
        stage.server.on("GET", "/v2/*", .change { $0.framing = .close })
        #expect(try stage.pull() == stage.image.digest)
    }
}
