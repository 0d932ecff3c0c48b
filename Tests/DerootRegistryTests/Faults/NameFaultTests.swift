import DerootBytes
import DerootFaultServer
import DerootOCI
import DerootRegistry
import DerootTestSupport
import Testing

@Suite("Names of registries")
struct NameFaultTests {
    @Test(arguments: [
        ("nginx", "registry-1.docker.io", "library/nginx"),
        ("docker.io/nginx", "registry-1.docker.io", "library/nginx"),
        ("index.docker.io/library/nginx", "registry-1.docker.io", "library/nginx"),
        (
            "docker.io/a/b@sha256:" + String(repeating: "0", count: 64), "registry-1.docker.io",
            "a/b"
        ),
        ("localhost/a", "localhost", "a"), ("localhost:5000/a", "localhost:5000", "a"),
        ("registry.example:443/a/b/c", "registry.example:443", "a/b/c"),
        ("127.0.0.1:5000/a", "127.0.0.1:5000", "a"), ("[::1]:5000/a", "[::1]:5000", "a"),
        ("xn--mnchen-3ya.example/a", "xn--mnchen-3ya.example", "a"),
        ("a/b", "registry-1.docker.io", "a/b"), ("a.b/c", "a.b", "c"),
    ])
    func F21_hosts(_ text: String, _ host: String, _ repository: String) throws {
        let endpoints = try DefaultSettings().endpoints(for: ImageName(parsing: text), .read)
        #expect(endpoints.map(\.host) == [host])
        #expect(endpoints.map(\.repository) == [repository])
    }

    @Test(arguments: [
        "münchen.example/a", "a b/c", "host:/a", "[::1/a", "::1/a",
        "host:5000/A",
        "user:pw@host/a", "http://host/a", "host.example/a?x=1", "host.example/../a",
        "host.example/a#b", "host.example/%61", "host.example//a", "host.example/a:b:c", "é/a", "",
    ])
    func F21_namesThatAreNone(_ text: String) {
        #expect(throws: DerootError.self) { try ImageName(parsing: text) }
    }

    @Test(arguments: FaultServer.addresses)
    func F21_addresses(_ address: String) throws {
        let stage = try Stage(on: address)
        #expect(try stage.pull() == stage.image.digest)
        #expect(stage.server.requests.allSatisfy { $0.headers["Host"] == stage.server.host })
        try stage.push()
        #expect(stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
    }

    @Test(arguments: ["host:99999999/a", "host:0/a", "registry.invalid:65536/a"])
    func F21_portsThatAreNone(_ text: String) throws {
        let stage = try Stage()
        let name = try ImageName(parsing: text)
        expectFailure(.malformed, .usage, .notFound) { () throws(DerootError) in
            _ = try RegistrySource(name, client: stage.client())
        }
    }

    @Test func connectionsThatAreRefused() throws {
        let stage = try Stage()
        // Port 1 of loopback belongs to nobody here.
        let name = try ImageName(parsing: "127.0.0.1:1/team/app:v1")
        let error = expectFailure(.transient, .io, .notFound) { () throws(DerootError) in
            _ = try RegistrySource(name, client: stage.client())
        }
        #expect(error?.advice != nil)
        #expect(error?.description.contains("127.0.0.1:1") == true)
    }

    @Test func hostsThatAreNot() throws {
        let stage = try Stage()
        let name = try ImageName(parsing: "no-such-host.invalid/team/app:v1")
        let error = expectFailure(.transient, .io, .notFound) { () throws(DerootError) in
            _ = try RegistrySource(name, client: stage.client())
        }
        #expect(error?.advice != nil)
        #expect(error?.description.contains("no-such-host.invalid") == true)
    }
}
