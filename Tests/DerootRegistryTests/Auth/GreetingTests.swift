import DerootBytes
import DerootOCI
import Testing

@testable import DerootRegistry

@Suite("Greetings")
struct GreetingTests {
    private static let somebody = RegistryCredentials.basic(user: "u", secret: "hush")
    private static let basic = HTTPResponse(401, [("www-authenticate", "Basic realm=x")])

    private func client(
        _ transport: RuleTransport, _ settings: any RegistrySettings
    ) -> RegistryClient {
        var options = RegistryOptions()
        options.timekeeper = FakeClock().timekeeper
        return RegistryClient(settings: settings, options: options, transport: transport)
    }

    private func place(_ repository: String) -> RegistryEndpoint {
        RegistryEndpoint(host: "r.corp", repository: repository)
    }

    private func get(_ client: RegistryClient, _ endpoint: RegistryEndpoint) throws -> Int? {
        let target = "/v2/\(endpoint.repository)/x"
        let need = Need(usual: [Scope(repository: endpoint.repository, isPush: false)])
        return try client.send(
            HTTPRequest(.get, try client.root(of: endpoint).at(target)), to: endpoint, need: need,
            repeats: true
        ).response?.status
    }

    /// A registry that tells strangers that what is private is not there.
    private func discreet() -> RuleTransport {
        RuleTransport { request, _ in
            if request.authorization == "Basic dTpodXNo" { return .response(HTTPResponse(200)) }
            return .response(request.address.target == "/v2/" ? Self.basic : HTTPResponse(404))
        }
    }

    @Test func whatIsHiddenFromStrangersIsFound() throws {
        let transport = discreet()
        let settings = FixedSettings(endpoint: place("a"), credentials: Self.somebody)
        let client = client(transport, settings)
        #expect(try get(client, place("a")) == 200)
        #expect(try get(client, place("b")) == 200)
        #expect(
            transport.sent.map(\.line) == [
                "GET https://r.corp/v2/", "GET https://r.corp/v2/a/x", "GET https://r.corp/v2/b/x",
            ])
    }

    @Test func nobodyGreets() throws {
        let transport = discreet()
        let client = client(transport, FixedSettings(endpoint: place("a")))
        #expect(try get(client, place("a")) == 404)
        #expect(transport.sent.count == 1)
    }

    // As many requests for the first repository as by its own challenge, and one less for others.
    @Test func aHostIsAskedOnce() throws {
        let transport = RuleTransport { request, _ in
            if request.address.origin.host == "auth.corp" {
                return .response(HTTPResponse(200, body: Array(#"{"token":"t"}"#.utf8)))
            }
            return .response(
                request.authorization == "Bearer t"
                    ? HTTPResponse(200)
                    : HTTPResponse(
                        401, [("www-authenticate", #"Bearer realm="https://auth.corp/t""#)]))
        }
        let settings = FixedSettings(endpoint: place("a"), credentials: Self.somebody)
        let client = client(transport, settings)
        for name in ["a", "b", "a"] { #expect(try get(client, place(name)) == 200) }
        #expect(
            transport.sent.map(\.request.address.target) == [
                "/v2/", "/t?scope=repository%3Aa%3Apull&account=u", "/v2/a/x",
                "/t?scope=repository%3Ab%3Apull&account=u", "/v2/b/x", "/v2/a/x",
            ])
    }

    @Test(arguments: [200, 404, 500, 301])
    func whoDoesNotAskGetsNoPassword(_ status: Int) throws {
        let transport = RuleTransport { request, _ in
            let isGreeting = request.address.target == "/v2/"
            return .response(
                HTTPResponse(isGreeting ? status : 200, [("location", "https://evil.corp/v2/")]))
        }
        let settings = FixedSettings(endpoint: place("a"), credentials: Self.somebody)
        let client = client(transport, settings)
        for name in ["a", "b"] { #expect(try get(client, place(name)) == 200) }
        #expect(transport.sent.count == 3)
        #expect(transport.sent.allSatisfy { $0.request.authorization == nil })
    }

    // How a host is spoken to is found out by the same request.
    @Test func insecureHostsAreAskedOnceAsWell() throws {
        let transport = discreet()
        var endpoint = place("a")
        endpoint.trust.verifies = false
        let settings = FixedSettings(endpoint: endpoint, credentials: Self.somebody)
        #expect(try get(client(transport, settings), endpoint) == 200)
        #expect(transport.sent.count == 2)
    }

    private struct BrokenSettings: RegistrySettings {
        func endpoints(
            for name: ImageName, _ access: RegistryAccess
        ) throws(DerootError) -> [RegistryEndpoint] { [] }

        func credentials(
            for endpoint: RegistryEndpoint
        ) throws(DerootError) -> RegistryCredentials { throw DerootError(.io, "the helper failed") }
    }

    @Test func aHelperThatFailsMattersOnlyWhereSomebodyAsks() throws {
        let open = RuleTransport { _, _ in .response(HTTPResponse(200)) }
        #expect(try get(client(open, BrokenSettings()), place("a")) == 200)
        #expect(open.sent.count == 1)
        let closed = RuleTransport { _, _ in .response(Self.basic) }
        let error = failure { () throws(DerootError) in
            let endpoint = place("a")
            let client = client(closed, BrokenSettings())
            _ = try client.send(
                HTTPRequest(.get, try client.root(of: endpoint)), to: endpoint,
                need: Need(usual: []), repeats: true)
        }
        #expect(error?.message == "the helper failed")
    }
}
