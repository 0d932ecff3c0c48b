import DerootBytes
import DerootOCI
import DerootTestSupport
import Testing

@testable import DerootRegistry

@Suite("Ways from the public network inwards")
struct InwardFaultTests {
    /// A public registry, its name and address from the ranges for documentation's sake, that sends
    /// every blob and every upload elsewhere and wants tokens from there too.
    private func world(
        _ target: String, _ answer: @escaping ScriptedTransport.Host
    ) -> (ScriptedTransport, RegistryClient) {
        var hosts: [String: (peer: String, answer: ScriptedTransport.Host)] = [
            "registry.example": ("93.184.216.34", answer),
            "innocent.example": ("10.0.0.7", { _ in HTTPResponse(200, body: Array("{}".utf8)) }),
            "metadata.example": ("169.254.169.254", { _ in HTTPResponse(200) }),
            "cdn.example": ("93.184.216.35", { _ in HTTPResponse(200) }),
        ]
        if hosts[target] == nil { hosts[target] = (target, { _ in HTTPResponse(200) }) }
        let transport = ScriptedTransport(hosts)
        var options = RegistryOptions()
        options.timekeeper = FakeClock().timekeeper
        let client = RegistryClient(
            settings: DefaultSettings(), options: options, transport: transport)
        return (transport, client)
    }

    static let inside = [
        "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1",
        "64:ff9b::a00:1", "innocent.example", "metadata.example",
    ]

    private func url(_ host: String) -> String {
        host.utf8.contains(UInt8(ascii: ":")) ? "https://[\(host)]/x" : "https://\(host)/x"
    }

    private func repository(_ client: RegistryClient) throws(DerootError) -> Repository {
        let name = try ImageName(parsing: "registry.example/team/app:v1")
        let endpoints = try client.settings.endpoints(for: name, .write)
        guard let first = endpoints.first else { throw DerootError(.notFound, "no endpoint") }
        return try Repository(first, .write, client: client)
    }

    @Test(arguments: inside)
    func F02_publicToPrivateIsRefused(_ target: String) throws {
        let (transport, client) = world(target) { [url = url(target)] _ in
            HTTPResponse(307, [("location", url)])
        }
        expectFailure(.hostile) { () throws(DerootError) in
            _ = try repository(client).manifest("v1", limit: 1000)
        }
        #expect(transport.requests(to: target).isEmpty)
    }

    @Test func F02_publicToPublicIsLegal() throws {
        let (transport, client) = world("cdn.example") { _ in
            HTTPResponse(307, [("location", "https://cdn.example/x")])
        }
        _ = try repository(client).manifest("v1", limit: 1000)
        #expect(transport.requests(to: "cdn.example").count == 1)
    }

    @Test(arguments: ["http://registry.example/x", "http://cdn.example/x", "HTTP://cdn.example/x"])
    func F02_tlsIsNeverGivenUp(_ target: String) throws {
        let (transport, client) = world("cdn.example") { request in
            request.address.origin.scheme == .https
                ? HTTPResponse(302, [("location", target)]) : HTTPResponse(200)
        }
        expectFailure(.hostile) { () throws(DerootError) in
            _ = try repository(client).manifest("v1", limit: 1000)
        }
        #expect(transport.requests.allSatisfy { $0.address.origin.scheme == .https })
    }

    @Test(arguments: inside)
    func F03_realmsInsideAreRefused(_ target: String) throws {
        let (transport, client) = world(target) { [url = url(target)] _ in
            HTTPResponse(401, [("www-authenticate", #"Bearer realm="\#(url)",service="s""#)])
        }
        expectFailure(.hostile) { () throws(DerootError) in
            _ = try repository(client).manifest("v1", limit: 1000)
        }
        #expect(transport.requests(to: target).isEmpty)
    }

    @Test func F03_realmsWithoutTLSAreRefused() throws {
        let (transport, client) = world("cdn.example") { _ in
            HTTPResponse(401, [("www-authenticate", #"Bearer realm="http://cdn.example/t""#)])
        }
        expectFailure(.hostile) { () throws(DerootError) in
            _ = try repository(client).manifest("v1", limit: 1000)
        }
        #expect(transport.requests(to: "cdn.example").isEmpty)
    }

    @Test(arguments: inside)
    func F04_uploadsInsideAreRefused(_ target: String) throws {
        let (transport, client) = world(target) { [url = url(target)] request in
            request.method == .post
                ? HTTPResponse(202, [("location", url)]) : HTTPResponse(404)
        }
        let layout = try LayoutFixture(Stage.image())
        expectFailure(.hostile) { () throws(DerootError) in
            let name = try ImageName(parsing: "registry.example/team/app:v2")
            try copyImage(
                from: layout.source(), into: RegistryDestination(name, client: client))
        }
        #expect(transport.requests(to: target).isEmpty)
    }

    @Test(arguments: inside)
    func F04_mountsInsideAreRefused(_ target: String) throws {
        let (transport, client) = world(target) { [url = url(target)] request in
            request.method == .post
                ? HTTPResponse(202, [("location", url)]) : HTTPResponse(404)
        }
        let layout = try LayoutFixture(Stage.image())
        expectFailure(.hostile) { () throws(DerootError) in
            let name = try ImageName(parsing: "registry.example/team/app:v2")
            let other = try ImageName(parsing: "registry.example/base/image:v1")
            try copyImage(
                from: layout.source(),
                into: RegistryDestination(name, client: client, mounting: other))
        }
        #expect(transport.requests(to: target).isEmpty)
    }

    @Test func F04_uploadsWithoutTLSAreRefused() throws {
        let (transport, client) = world("cdn.example") { request in
            request.method == .post
                ? HTTPResponse(202, [("location", "http://cdn.example/x")]) : HTTPResponse(404)
        }
        let layout = try LayoutFixture(Stage.image())
        expectFailure(.hostile) { () throws(DerootError) in
            let name = try ImageName(parsing: "registry.example/team/app:v2")
            try copyImage(
                from: layout.source(), into: RegistryDestination(name, client: client))
        }
        #expect(transport.requests(to: "cdn.example").isEmpty)
    }
}
