import DerootBytes
import Testing

@testable import DerootRegistry

@Suite("Challenges")
struct ChallengeTests {
    @Test func oneOfDockerHub() {
        let found = Challenge.parse(
            #"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#
        )
        #expect(found.count == 1)
        #expect(found.first?.scheme == "bearer")
        #expect(found.first?.parameters["realm"] == "https://auth.docker.io/token")
        #expect(found.first?.parameters["scope"] == "repository:library/nginx:pull")
    }

    @Test(arguments: [
        (#"Basic realm="a", Bearer realm="b",service=c"#, ["basic", "bearer"]),
        (#"Negotiate, Basic realm=x"#, ["negotiate", "basic"]),
        (#"NTLM TlRMTVNTUA=, Bearer realm="r""#, ["ntlm", "tlrmtvntua", "bearer"]),
        (#"BEARER REALM="r""#, ["bearer"]), ("", []), (",,,", []), ("=", []),
    ])
    func schemes(_ header: String, _ schemes: [String]) {
        let found = Challenge.parse(header).map(\.scheme)
        #expect(found.first == schemes.first)
        #expect(found.contains("bearer") == schemes.contains("bearer"))
    }

    @Test(
        arguments: [
            (#"Bearer realm="a\"b,c""#, "a\"b,c"), (#"Bearer realm = "x""#, nil),
            (#"Bearer realm="never closed"#, nil), (#"Bearer realm=plain"#, "plain"),
            (#"Bearer realm="first",realm="second""#, "first"),
        ] as [(String, String?)])
    func realm(_ header: String, _ realm: String?) {
        #expect(
            Challenge.parse(header).first { $0.scheme == "bearer" }?.parameters["realm"] == realm)
    }

    // F03.
    @Test func tooLarge() {
        let header = "Bearer realm=\"" + String(repeating: "a", count: 100_000) + "\""
        #expect(throws: DerootError.self) {
            try Challenge.all(in: HTTPResponse(401, [("www-authenticate", header)]))
        }
    }

    @Test func tooMany() throws {
        let header = Array(repeating: "Digest a=b", count: 1000).joined(separator: ", ")
        let found = try Challenge.all(
            in: HTTPResponse(401, [("www-authenticate", header), ("www-authenticate", "Basic")]))
        #expect(found.count == Challenge.most)
    }
}

@Suite("Tokens")
struct TokenTests {
    private let pull = Scope(repository: "a", isPush: false)
    private let push = Scope(repository: "a", isPush: true)
    private let other = Scope(repository: "b", isPush: false)

    @Test func coversLess() {
        var cache = TokenCache()
        cache.keep("t", [push], lifetime: 60, now: 0)
        #expect(cache.token(for: Need(usual: [pull]), now: 1) == "t")
        #expect(cache.token(for: Need(usual: [push]), now: 1) == "t")
        #expect(cache.token(for: Need(usual: [push, other]), now: 1) == nil)
    }

    @Test func pullIsNoPush() {
        var cache = TokenCache()
        cache.keep("t", [pull], lifetime: 60, now: 0)
        #expect(cache.token(for: Need(usual: [push]), now: 1) == nil)
    }

    @Test func expires() {
        var cache = TokenCache()
        cache.keep("t", [pull], lifetime: 60, now: 0)
        #expect(cache.token(for: Need(usual: [pull]), now: 53) == "t")
        #expect(cache.token(for: Need(usual: [pull]), now: 55) == nil)
    }

    @Test func refusedOnesGo() {
        var cache = TokenCache()
        cache.keep("t", [pull], lifetime: 60, now: 0)
        cache.drop("t")
        #expect(cache.token(for: Need(usual: [pull]), now: 1) == nil)
    }

    @Test func asksForAllThatWasNeeded() {
        var cache = TokenCache()
        #expect(cache.union(with: Need(usual: [pull])) == [pull])
        #expect(cache.union(with: Need(usual: [other])) == [pull, other])
        #expect(cache.union(with: Need(usual: [push])) == [other, push])
        #expect(cache.union(with: Need(usual: [pull])) == [other, push])
    }

    @Test func specialRightsStayWithTheirRequest() {
        var cache = TokenCache()
        let mount = Need(usual: [push], special: other)
        #expect(cache.union(with: mount) == [push, other])
        #expect(cache.union(with: Need(usual: [pull])) == [push])
        cache.keep("m", [push, other], isSpecial: true, lifetime: 60, now: 0)
        #expect(cache.token(for: mount, now: 1) == "m")
        #expect(cache.token(for: Need(usual: [push]), now: 1) == nil)
        cache.keep("t", [push, other], lifetime: 60, now: 0)
        #expect(cache.token(for: Need(usual: [push]), now: 1) == "t")
    }

    @Test func deletingIsAskedForWithTheRest() {
        let delete = Scope(repository: "a", isPush: true, isDelete: true)
        var cache = TokenCache()
        let wanted = cache.union(with: Need(usual: [push], special: delete))
        #expect(wanted.map(\.description) == ["repository:a:pull,push,delete"])
    }

    private func request(
        _ realm: String, registry: String = "https://r/", peer: String? = nil,
        service: String? = "s"
    ) throws -> TokenRequest {
        var parameters = ["realm": realm, "scope": "repository:everything:*"]
        parameters["service"] = service
        return try TokenRequest(
            Challenge(scheme: "bearer", parameters: parameters),
            from: WebAddress(parsing: registry).origin, peer: peer.flatMap { PeerAddress($0) },
            scopes: [push, other])
    }

    @Test func getRepeatsScopes() throws {
        let request = try request("https://auth/token?x=1").request(
            .basic(user: "u", secret: "hush"))
        #expect(request.method == .get)
        #expect(
            request.address.full == "https://auth/token?x=1&service=s"
                + "&scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull&account=u")
        #expect(request.authorization == "Basic dTpodXNo")
    }

    @Test func refreshTokensAreNeverPartOfAURL() throws {
        let request = try request("https://auth/token").request(.identityToken("hush"))
        #expect(request.method == .post)
        #expect(request.address.full == "https://auth/token")
        guard case .bytes(let bytes) = request.body else {
            Issue.record("there is no form")
            return
        }
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "grant_type=refresh_token&service=s&client_id=deroot"
                + "&scope=repository%3Aa%3Apull%2Cpush%20repository%3Ab%3Apull&refresh_token=hush")
    }

    @Test func anonymousSaysNothing() throws {
        let request = try request("https://auth/token").request(.anonymous)
        #expect(request.authorization == nil)
        #expect(!request.address.full.contains("account"))
    }

    // F03: the realm of a registry with TLS has TLS, and is no further inside than the registry.
    @Test(
        arguments: [
            ("http://auth/token", "https://r/", nil), ("auth/token", "https://r/", nil),
            ("https://10.0.0.1/", "https://r/", "8.8.8.8"),
            ("https://localhost/", "https://r/", "10.0.0.1"),
            ("https://u:p@auth/", "https://r/", nil),
        ] as [(String, String, String?)])
    func refusesRealm(_ realm: String, _ registry: String, _ peer: String?) {
        #expect(throws: DerootError.self) { try request(realm, registry: registry, peer: peer) }
    }

    @Test func plainRegistriesMayHavePlainRealms() throws {
        _ = try request("http://127.0.0.1:1/t", registry: "http://127.0.0.1:2/", peer: "127.0.0.1")
    }

    @Test(arguments: [
        (#"{"token":"a"}"#, "a", 60.0), (#"{"access_token":"b","expires_in":300}"#, "b", 300),
        (#"{"token":"","access_token":"b","expires_in":0}"#, "b", 1),
        (#"{"token":"a","expires_in":99999999999}"#, "a", 86_400),
        (#"{"token":"a","expires_in":3599.0}"#, "a", 3599),
        (#"{"token":"a","expires_in":"3599"}"#, "a", 3599),
        (#"{"token":"a","expires_in":1e400}"#, "a", 86_400),
        (#"{"token":"a","expires_in":"soon"}"#, "a", 60),
        (#"{"token":"a","expires_in":"nan"}"#, "a", 60),
        (#"{"token":"a","expires_in":[1]}"#, "a", 60),
    ])
    func answer(_ body: String, _ token: String, _ lifetime: Double) throws {
        let answer = try TokenRequest.answer(Array(body.utf8))
        #expect(answer.token == token)
        #expect(answer.lifetime == lifetime)
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"token":1}"#, #"{"token":"a\r\nX: y"}"#, #"{"token":"hush"#,
    ])
    func noAnswer(_ body: String) {
        let error = #expect(throws: DerootError.self) {
            try TokenRequest.answer(Array(body.utf8))
        }
        #expect(error?.description.contains("hush") == false)
    }
}
