import DerootBytes
import DerootOCI
import Testing

@Suite("image names")
struct ImageNameTests {
    private static let hex = String(repeating: "0123456789abcdef", count: 4)
    private static let tag128 = String(repeating: "t", count: 128)
    private static let path255 = String(repeating: "a", count: 255)
    private static let sha = "@sha256:\(hex)"

    @Test(
        "names are parsed and normalised (F21)",
        arguments: [
            ("ubuntu", "docker.io/library/ubuntu:latest"),
            ("ubuntu:24.04", "docker.io/library/ubuntu:24.04"),
            ("docker.io/ubuntu", "docker.io/library/ubuntu:latest"),
            ("index.docker.io/ubuntu", "docker.io/library/ubuntu:latest"),
            ("index.docker.io/a/b:c", "docker.io/a/b:c"),
            ("docker.io/library/ubuntu", "docker.io/library/ubuntu:latest"),
            ("index.docker.io/ubuntu:1\(sha)", "docker.io/library/ubuntu:1\(sha)"),
            ("docker.io:443/ubuntu", "docker.io:443/ubuntu:latest"),
            ("DOCKER.IO/ubuntu", "DOCKER.IO/ubuntu:latest"),
            ("registry-1.docker.io/a", "registry-1.docker.io/a:latest"),
            ("docker.io/library/a/b", "docker.io/library/a/b:latest"),
            ("bitnami/redis", "docker.io/bitnami/redis:latest"),
            ("localhost/x", "localhost/x:latest"),
            ("localhost:5000/x/y:z", "localhost:5000/x/y:z"),
            ("registry/x", "docker.io/registry/x:latest"),
            ("registry.example/x", "registry.example/x:latest"),
            ("registry:80/x", "registry:80/x:latest"),
            ("Registry/x", "Registry/x:latest"), ("EXAMPLE.com/x", "EXAMPLE.com/x:latest"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"),
            ("[::1]:5000/x", "[::1]:5000/x:latest"),
            ("[2001:DB8::1]/x", "[2001:DB8::1]/x:latest"),
            ("[::1]/x:t\(sha)", "[::1]/x:t\(sha)"), ("10.0.0.1/x", "10.0.0.1/x:latest"),
            ("docker.io", "docker.io/library/docker.io:latest"),
            ("localhost", "docker.io/library/localhost:latest"),
            ("test.com", "docker.io/library/test.com:latest"),
            ("test.com:8080", "docker.io/library/test.com:8080"),
            ("a/b/c/d", "docker.io/a/b/c/d:latest"),
            ("x--y__z_w.v", "docker.io/library/x--y__z_w.v:latest"),
            ("xn--n3h.com/x", "xn--n3h.com/x:latest"), ("a:_T.a-g", "docker.io/library/a:_T.a-g"),
            ("a\(sha)", "docker.io/library/a\(sha)"), ("a:t\(sha)", "docker.io/library/a:t\(sha)"),
            ("ghcr.io/o/r:1\(sha)", "ghcr.io/o/r:1\(sha)"),
            ("\(hex)0", "docker.io/library/\(hex)0:latest"),
            ("x/\(hex)", "docker.io/x/\(hex):latest"), ("\(hex):t", "docker.io/library/\(hex):t"),
            (
                "a:\(tag128)",
                "docker.io/library/a:\(tag128)"
            ),
            (
                "h.io/\(path255)",
                "h.io/\(path255):latest"
            ),
        ])
    func parse(_ spelled: String, _ normalized: String) throws {
        let name = try ImageName(parsing: spelled)
        #expect(name.description == normalized)
        #expect(try ImageName(parsing: normalized) == name)
    }

    @Test("the parts")
    func parts() throws {
        let name = try ImageName(parsing: "h.io:443/a/b:t" + Self.sha)
        #expect(name.registry == "h.io:443" && name.repository == "a/b" && name.tag == "t")
        #expect(name.digest?.hex == Self.hex)
        #expect(name.name == "h.io:443/a/b")
        #expect(try ImageName(parsing: "a" + Self.sha).tag == nil)
        #expect(try ImageName(parsing: "a").digest == nil)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", ":t", "@", "a:", "a@", "/a", "a/", "a//b", "A", "a/B", "h.io/A", "h.io/",
            "h.io:80/",
            hex, "a b", "a\n", "-a", "a-", "a_", "_a", "a___b", "a..b", "a._b", "a-_b", ".a", "a.",
            "a:b:c",
            "a:-t", "a:.t", "a:t/x", "a:t@x", "h:x/a", "h:/a", "-h.io/a", "h-.io/a", "h..io/a",
            ".io/a",
            "[::1/a", "[]/a", "[::g]/a", "[::1]x/a", "[::1]:/a", "[fe80::1%eth0]/a", "[::1]80/a",
            "h_x.io/a",
            "https://h.io/a", "h.io/../a", "h.io/a/../b", "user@h.io/a", "a@sha256:abc",
            "a@sha256:\(hex.uppercased())", "a\(sha):t", "a\(sha)\(sha)", "é", "h.io/é", "a:é",
            "a\u{0}",
            "docker.io/", "::1/a", "[::1]:/a:b", "[::1]:5000:1/a", "h.io:80:80/a",
            "bücher.example/a",
            hex.uppercased(), "docker.io/\(hex)@", "h.io./x", "\u{212A}.io/a", "h.io/\u{17F}",
            "a:\(tag128)t", "h.io/\(path255)a",
        ])
    func refuse(_ spelled: String) {
        let error = failure { _ = try ImageName(parsing: spelled) }
        #expect(error?.code == .malformed, "\(spelled)")
    }

    @Test("a digest of another algorithm is not supported")
    func algorithm() {
        let error = failure { _ = try ImageName(parsing: "a@md5:" + String(Self.hex.prefix(32))) }
        #expect(error?.code == .unsupported)
    }

    @Test("tags")
    func tags() {
        #expect(["a", "_", "1", "A.b-c_D", "v1.0"].allSatisfy { isTag($0) })
        #expect(!["", ".", "-", ".a", "a+b", "a b", "a/b", "a:b", "é"].contains { isTag($0) })
    }
}
