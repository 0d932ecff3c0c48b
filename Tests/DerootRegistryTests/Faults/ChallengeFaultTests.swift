import DerootBytes
import DerootFaultServer
import DerootOCI
import DerootRegistry
import DerootTestSupport
import Testing

@Suite("Challenges and tokens")
struct ChallengeFaultTests {
    static let password = "open-sesame-4712"

    /// A registry behind a token service on another port.
    private func guarded(_ issuer: TokenIssuer) throws -> (Stage, FaultServer) {
        var stage = try Stage()
        let tokens = try FaultServer(issuer)
        stage.registry.behave { [url = tokens.url] in
            $0.gate = .bearer(realm: "\(url)/token", issuer)
        }
        stage.credentials[stage.server.host] = .basic(user: "robot", secret: Self.password)
        return (stage, tokens)
    }

    @Test(arguments: ["token", "access_token"], [nil, 0, -5, 60, 1_000_000_000])
    func F03_tokensAreFetchedAndUsed(_ member: String, _ lifetime: Int?) throws {
        let issuer = TokenIssuer(
            account: ("robot", Self.password), member: member, lifetime: lifetime)
        let (stage, tokens) = try guarded(issuer)
        #expect(try stage.pull() == stage.image.digest)
        try stage.push()
        #expect(stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
        #expect(tokens.requests.count <= 40)
    }

    @Test func F03_scopesAreOurs() throws {
        let issuer = TokenIssuer(account: ("robot", Self.password))
        let (stage, tokens) = try guarded(issuer)
        // The registry asks for more than the job needs.
        stage.server.on(
            nil, "/v2/*",
            .change { response in
                guard let challenge = response.headers["WWW-Authenticate"] else { return }
                let realm = challenge.prefix { $0 != "," }
                response.headers["WWW-Authenticate"] =
                    realm + #",service="mini",scope="repository:other/secret:pull,push,delete""#
            })
        expectRightOrRefused(stage.image.digest) { () throws(DerootError) in try stage.pull() }
        let texts = tokens.requests.map(\.text)
        #expect(!texts.isEmpty)
        for text in texts {
            #expect(!text.contains("secret") && !text.contains("delete"), "\(text.prefix(200))")
        }
    }

    @Test(arguments: [
        "file:///etc/passwd", "ftp://127.0.0.1/token", "token", "", "http://",
        "http://127.0.0.1:1/",
        "https://user:pw@127.0.0.1:1/token", "unix:///run/x",
    ])
    func F03_refusesRealms(_ realm: String) throws {
        let issuer = TokenIssuer(account: ("robot", Self.password))
        let (stage, _) = try guarded(issuer)
        stage.registry.behave { $0.gate = .bearer(realm: realm, issuer) }
        let error = expectFailure(
            .hostile, .malformed, .unsupported, .transient, .denied, .untrusted
        ) { () throws(DerootError) in try stage.pull() }
        #expect(error != nil)
        #expect(stage.server.requests.count <= 12)
        #expect(try stage.hasNoResult())
    }

    static let challenges: [[String]] = [
        ["Bearer realm=\"" + String(repeating: "x", count: 100_000) + "\""],
        [String](repeating: "Bearer realm=\"http://127.0.0.1:1/\"", count: 500),
        ["Negotiate", "NTLM", "Digest realm=\"x\", nonce=\"y\""],
        [""], ["Bearer"], ["Bearer realm=\"unclosed"], ["Bearer ,,,=,\"\"=,"], ["\u{7F}\u{8}"],
        ["Bearer realm=\"http://127.0.0.1:1/\",service=\"a\\\"b\r\n\tfolded\""],
    ]

    @Test(arguments: challenges.indices)
    func F03_survivesChallenges(_ number: Int) throws {
        var stage = try Stage()
        stage.credentials[stage.server.host] = .basic(user: "robot", secret: Self.password)
        var refusal = Response.error(401, "UNAUTHORIZED")
        for value in Self.challenges[number] { refusal.headers.add("WWW-Authenticate", value) }
        stage.server.on(nil, "/v2/*", .respond(refusal))
        let error = expectFailure(
            .denied, .malformed, .limit, .hostile, .transient, .unsupported, .untrusted
        ) { () throws(DerootError) in try stage.pull() }
        #expect((error?.description.utf8.count ?? 0) < 4000)
        #expect(stage.server.requests.count <= 12)
    }

    @Test func F03_basicAmongSeveralChallenges() throws {
        var stage = try Stage()
        stage.credentials[stage.server.host] = .basic(user: "robot", secret: Self.password)
        stage.registry.behave { $0.gate = .basic(user: "robot", password: Self.password) }
        stage.server.on(
            nil, "/v2/*",
            .change { response in
                guard response.status == 401 else { return }
                response.headers["WWW-Authenticate"] = "Negotiate"
                response.headers.add("WWW-Authenticate", #"Basic realm="a, b", charset="UTF-8""#)
            })
        #expect(try stage.pull() == stage.image.digest)
    }

    @Test(arguments: [
        "", "null", "[]", "{}", #"{"token":""}"#, #"{"token":5}"#, #"{"token":"a\r\nX-Evil: 1"}"#,
        #"{"token":"ok","expires_in":"soon"}"#, #"{"token":"ok","expires_in":1e400}"#,
        #"{"token":""# + String(repeating: "x", count: 2_000_000) + #""}"#,
    ])
    func F03_survivesTokenAnswers(_ answer: String) throws {
        let (stage, tokens) = try guarded(TokenIssuer(account: ("robot", Self.password)))
        tokens.on(nil, "/token", .respond(.json(answer)))
        let error = expectFailure(.malformed, .denied, .limit, .hostile, .transient, .unsupported) {
            () throws(DerootError) in try stage.pull()
        }
        #expect((error?.description.utf8.count ?? 0) < 4000)
        #expect(stage.server.requests.count + tokens.requests.count <= 24)
        #expect(stage.server.requests.allSatisfy { $0.headers["X-Evil"] == nil })
    }

    @Test(arguments: [500, 503, 429])
    func F03_tokenServiceIsTriedAgain(_ status: Int) throws {
        let (stage, tokens) = try guarded(TokenIssuer(account: ("robot", Self.password)))
        tokens.on(nil, "/token", turns: 1...2, .respond(Response(status)))
        #expect(try stage.pull() == stage.image.digest)
    }

    @Test func F07_onlyTheExactHostGetsThePassword() throws {
        var stage = try Stage()
        stage.credentials["127.0.0.1:1"] = .basic(user: "robot", secret: Self.password)
        stage.credentials["127.0.0.1"] = .basic(user: "robot", secret: Self.password)
        stage.registry.behave { $0.gate = .basic(user: "robot", password: Self.password) }
        let error = expectFailure(.denied) { () throws(DerootError) in try stage.pull() }
        #expect(error?.advice != nil)
        #expect(stage.server.sightings(of: [Self.password, base64("robot:\(Self.password)")]) == 0)
    }

    @Test func F07_messagesHoldNoSecret() throws {
        var stage = try Stage()
        stage.credentials[stage.server.host] = .basic(user: "robot", secret: Self.password)
        stage.registry.behave { $0.gate = .basic(user: "robot", password: "another") }
        let error = expectFailure(.denied) { () throws(DerootError) in try stage.pull() }
        let text = "\(error.map(String.init(describing:)) ?? "")"
        #expect(!text.contains(Self.password) && !text.contains(base64("robot:\(Self.password)")))
        #expect(stage.server.requests.count <= 8, "a wrong password is not tried again and again")
    }
}
