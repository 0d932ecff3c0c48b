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
        #expect(transport.sent.count == (status == 500 ? 5 : 3))
        #expect(transport.sent.allSatisfy { $0.request.authorization == nil })
    }

    @Test(arguments: [429, 500, 503]) func aHiccupHidesNothing(_ status: Int) throws {
        let transport = RuleTransport { request, number in
            if number == 0 { return .response(HTTPResponse(status)) }
            if number == 1 { return .failure(TransportFailure(.broken)) }
            if request.authorization == "Basic dTpodXNo" { return .response(HTTPResponse(200)) }
            return .response(request.address.target == "/v2/" ? Self.basic : HTTPResponse(404))
        }
        let settings = FixedSettings(endpoint: place("a"), credentials: Self.somebody)
        #expect(try get(client(transport, settings), place("a")) == 200)
    }

    // A mirror that is down is passed over soon.
    @Test(arguments: [TransportFailure.Kind.refused, .noSuchHost, .stalled, .certificate])
    func whoDoesNotAnswerIsGreetedOnce(_ kind: TransportFailure.Kind) throws {
        let transport = RuleTransport { _, _ in .failure(TransportFailure(kind)) }
        let settings = FixedSettings(endpoint: place("a"), credentials: Self.somebody)
        _ = try get(client(transport, settings), place("a"))
        #expect(transport.sent.count { $0.request.address.target == "/v2/" } == 1)
    }

    // F06: registries.conf may have a table with `insecure` for a part of a host.
    @Test func whoIsNotVerifiedDoesNotSpeakForTheHost() throws {
        let transport = RuleTransport { request, _ in
            if request.address.origin.host == "evil.corp" {
                return .response(HTTPResponse(200, body: Array(#"{"token":"t"}"#.utf8)))
            }
            return .response(
                request.authorization == nil
                    ? HTTPResponse(
                        401, [("www-authenticate", #"Bearer realm="https://evil.corp/t""#)])
                    : HTTPResponse(200))
        }
        let settings = FixedSettings(endpoint: place("a"), credentials: Self.somebody)
        let client = client(transport, settings)
        var test = place("test/a")
        test.trust.verifies = false
        #expect(try get(client, test) == 200)
        let before = transport.sent.count
        #expect(try get(client, place("a")) == 200)
        #expect(transport.sent[before].line == "GET https://r.corp/v2/")
        #expect(transport.sent[before].trust.verifies)
    }

    /// A registry that asks at `/v2/` and whose token server knows nobody; what is public it gives to all.
    private func halfOpen() -> RuleTransport {
        RuleTransport { request, _ in
            if request.address.origin.host == "auth.corp" { return .response(HTTPResponse(401)) }
            if request.address.target.hasPrefix("/v2/open/"), request.method == .get {
                return .response(HTTPResponse(200))
            }
            return .response(
                HTTPResponse(401, [("www-authenticate", #"Bearer realm="https://auth.corp/t""#)]))
        }
    }

    @Test func whatIsPublicIsReadWithAnOldPassword() throws {
        let transport = halfOpen()
        let settings = FixedSettings(endpoint: place("open"), credentials: Self.somebody)
        let client = client(transport, settings)
        for _ in 0..<3 { #expect(try get(client, place("open")) == 200) }
        #expect(transport.sent.count { $0.request.address.origin.host == "auth.corp" } == 1)
        #expect(transport.sent.count == 5)
    }

    @Test func anOldPasswordIsSaidToBeOneWhereItIsNeeded() throws {
        let transport = halfOpen()
        let settings = FixedSettings(endpoint: place("closed"), credentials: Self.somebody)
        let client = client(transport, settings)
        for _ in 0..<3 {
            let error = #expect(throws: DerootError.self) { try get(client, place("closed")) }
            #expect(error?.code == .denied)
            #expect(error?.message.contains("does not accept our credentials") == true)
        }
        #expect(transport.sent.count { $0.request.address.origin.host == "auth.corp" } == 1)
    }

    // A list for strangers is shorter, and a push may be long.
    @Test(arguments: [
        Need(usual: [.catalog]), Need(usual: [Scope(repository: "open", isPush: true)]),
    ])
    func lessThanThatIsNotDoneWithout(_ need: Need) throws {
        let settings = FixedSettings(endpoint: place("open"), credentials: Self.somebody)
        let client = client(halfOpen(), settings)
        let endpoint = place("open")
        let request = HTTPRequest(.get, try client.root(of: endpoint).at("/v2/open/x"))
        let error = #expect(throws: DerootError.self) {
            try client.send(request, to: endpoint, need: need, repeats: true)
        }
        #expect(error?.code == .denied)
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
