import DerootBytes
import Synchronization
import Testing

@testable import DerootRegistry

@Suite("The client")
struct ClientTests {
    private let clock = FakeClock()
    private var endpoint = RegistryEndpoint(host: "r.corp", repository: "team/app")

    private func client(
        _ transport: RuleTransport, _ credentials: RegistryCredentials = .anonymous,
        _ change: (inout RegistryEndpoint) -> Void = { _ in }
    ) throws -> (RegistryClient, RegistryEndpoint) {
        var endpoint = endpoint
        change(&endpoint)
        var options = RegistryOptions()
        options.timekeeper = clock.timekeeper
        let settings = FixedSettings(endpoint: endpoint, credentials: credentials)
        return (
            RegistryClient(settings: settings, options: options, transport: transport), endpoint
        )
    }

    private func get(
        _ client: RegistryClient, _ endpoint: RegistryEndpoint, isPush: Bool = false
    ) throws -> Int? {
        let scope = Scope(repository: "team/app", isPush: isPush)
        let request = HTTPRequest(.get, try client.root(of: endpoint).at("/v2/team/app/x"))
        return try client.send(request, to: endpoint, need: Need(usual: [scope]), repeats: true)
            .response?.status
    }

    private static let bearer = #"Bearer realm="https://auth.corp/t",service="r""#

    /// A registry that wants the newest token, and a server that gives one after the other.
    private static func tokens(lifetime: Int) -> RuleTransport {
        let counter = Counter()
        return RuleTransport { request, _ in
            if request.address.origin.host == "auth.corp" {
                let number = counter.next()
                let text = #"{"token":"t\#(number)","expires_in":\#(lifetime)}"#
                return .response(HTTPResponse(200, body: Array(text.utf8)))
            }
            let newest = "Bearer t\(counter.last)"
            return .response(
                request.authorization == newest
                    ? HTTPResponse(200) : HTTPResponse(401, [("www-authenticate", bearer)]))
        }
    }

    @Test func oneTokenForManyRequests() throws {
        let transport = Self.tokens(lifetime: 300)
        let (client, endpoint) = try client(transport)
        for _ in 0..<3 { #expect(try get(client, endpoint) == 200) }
        #expect(transport.sent.count == 5)
        #expect(
            transport.sent[1].line
                == "GET https://auth.corp/t?service=r&scope=repository%3Ateam%2Fapp%3Apull")
    }

    // A body that is sent with an expired token is sent in vain.
    @Test func expiredTokensAreReplacedUnasked() throws {
        let transport = Self.tokens(lifetime: 60)
        let (client, endpoint) = try client(transport)
        #expect(try get(client, endpoint) == 200)
        clock.pass(61)
        #expect(try get(client, endpoint) == 200)
        #expect(
            transport.sent.map(\.request.address.origin.host).suffix(2) == ["auth.corp", "r.corp"])
    }

    @Test func pushingNeedsATokenOfItsOwn() throws {
        let transport = Self.tokens(lifetime: 300)
        let (client, endpoint) = try client(transport, .basic(user: "u", secret: "hush"))
        #expect(try get(client, endpoint) == 200)
        #expect(try get(client, endpoint, isPush: true) == 200)
        #expect(
            transport.sent.last { $0.request.address.origin.host == "auth.corp" }?.line
                .contains("pull%2Cpush") == true)
        // The secret goes to the token server, the token to the registry.
        for sent in transport.sent {
            let isServer = sent.request.address.origin.host == "auth.corp"
            #expect(sent.request.authorization?.hasPrefix("Basic ") ?? false == isServer)
        }
    }

    // As containerd has found them: 400 is Azure's, 401 Artifactory's, 404 Google's.
    @Test(arguments: [400, 401, 404, 405]) func refreshTokensFallBackToGet(_ status: Int) throws {
        let transport = RuleTransport { request, _ in
            guard request.address.origin.host == "auth.corp" else {
                return .response(
                    request.authorization == "Bearer t"
                        ? HTTPResponse(200)
                        : HTTPResponse(401, [("www-authenticate", Self.bearer)]))
            }
            return .response(
                request.method == .post
                    ? HTTPResponse(status) : HTTPResponse(200, body: Array(#"{"token":"t"}"#.utf8)))
        }
        let (client, endpoint) = try client(transport, .identityToken("hush"))
        #expect(try get(client, endpoint) == 200)
        #expect(transport.sent.map(\.request.method) == [.get, .post, .get, .get])
    }

    @Test func basicIsSentAheadOnceItIsKnown() throws {
        let transport = RuleTransport { request, _ in
            .response(
                request.authorization == "Basic dTpodXNo"
                    ? HTTPResponse(200)
                    : HTTPResponse(401, [("www-authenticate", "Basic realm=x")]))
        }
        let (client, endpoint) = try client(transport, .basic(user: "u", secret: "hush"))
        for _ in 0..<2 { #expect(try get(client, endpoint) == 200) }
        #expect(transport.sent.map { $0.request.authorization != nil } == [false, true, true])
    }

    @Test func nobodyHasNoAnswer() throws {
        let transport = RuleTransport { _, _ in
            .response(HTTPResponse(401, [("www-authenticate", "Basic realm=x")]))
        }
        let (client, endpoint) = try client(transport)
        #expect(try get(client, endpoint) == 401)
        #expect(transport.sent.count == 1)
    }

    // F06: what was said of a registry's certificates is for its own host.
    @Test func trustStaysAtHome() throws {
        let transport = RuleTransport { request, number in
            guard number > 0 else { return .response(HTTPResponse(200)) }
            return .response(
                request.address.origin.host == "r.corp"
                    ? HTTPResponse(307, [("location", "https://storage.corp/b")])
                    : HTTPResponse(200))
        }
        let (client, endpoint) = try client(transport) { endpoint in
            endpoint.trust.verifies = false
            endpoint.trust.authorities = ["/ca.crt"]
            endpoint.trust.certificate = "/client.cert"
            endpoint.trust.key = "/client.key"
        }
        #expect(try get(client, endpoint) == 200)
        let last = try #require(transport.sent.last)
        #expect(last.request.address.origin.host == "storage.corp")
        #expect(last.trust.verifies)
        #expect(last.trust.certificate == nil)
        #expect(last.trust.key == nil)
        #expect(last.trust.authorities == ["/ca.crt"])
    }

    @Test(arguments: [
        (TransportFailure.Kind.handshake, "http"), (.refused, "http"), (.broken, "http"),
        (.noSuchHost, "https"), (.stalled, "https"),
    ])
    func plainHTTPOnlyWhereItIsAllowed(_ kind: TransportFailure.Kind, _ scheme: String) throws {
        let transport = RuleTransport { _, _ in .failure(TransportFailure(kind)) }
        let (loose, insecure) = try client(transport) { $0.trust.verifies = false }
        #expect(try loose.root(of: insecure).origin.scheme.rawValue == scheme)
        _ = try loose.root(of: insecure)
        #expect(transport.sent.count == 1)
        let (strict, secure) = try client(transport)
        #expect(try strict.root(of: secure).origin.scheme == .https)
        #expect(transport.sent.count == 1)
    }

    @Test func waitsAndTriesAgain() throws {
        let transport = RuleTransport { _, number in
            .response(HTTPResponse(number < 3 ? 503 : 200))
        }
        let (client, endpoint) = try client(transport)
        #expect(try get(client, endpoint) == 200)
        #expect(clock.waits == [0.75, 1.5, 3])
    }

    @Test func doesNotWaitForDays() throws {
        let transport = RuleTransport { _, _ in
            .response(HTTPResponse(429, [("retry-after", "86400")]))
        }
        let (client, endpoint) = try client(transport)
        let error = #expect(throws: DerootError.self) { try get(client, endpoint) }
        #expect(error?.code == .transient)
        #expect(error?.advice?.contains("--retry-max-wait") == true)
        #expect(clock.waits.isEmpty)
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    var last: Int { count.withLock { $0 } }

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
