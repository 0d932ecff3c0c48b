import DerootBytes
import Testing

@testable import DerootRegistry

@Suite("URLs")
struct WebAddressTests {
    @Test(arguments: [
        ("https://Registry.Example/v2/", "https://registry.example", "/v2/"),
        ("HTTP://localhost:5000/a?b=c#d", "http://localhost:5000", "/a?b=c"),
        ("https://[::1]:443/x", "https://[::1]", "/x"),
        ("https://h:8443?q", "https://h:8443", "/?q"),
        ("http://10.0.0.1", "http://10.0.0.1", "/"),
    ])
    func parses(_ text: String, _ origin: String, _ target: String) throws {
        let address = try WebAddress(parsing: text)
        #expect(address.origin.description == origin)
        #expect(address.target == target)
    }

    // Everything that two readers could take for two hosts.
    @Test(arguments: [
        "", "registry", "ftp://h/", "https:/h", "https://", "https:///x", "https://u@h/",
        "https://u:p@h/", "https://h\\@evil/", "https://h /", "https://h\u{0}/", "https://h%2e/",
        "https://hé/", "https://h:0/", "https://h:65536/", "https://h:/", "https://h:8a/",
        "https://[::1/", "https://[::%]/", "https://[fe80::1%25eth0]/", "https://[h]/",
        "https://[127.0.0.1]/", "https://.h/", "https://h:1:2/",
        "file:///etc/passwd", "https://" + String(repeating: "h", count: 300) + "/",
    ])
    func refuses(_ text: String) {
        #expect(throws: DerootError.self) { try WebAddress(parsing: text) }
    }

    @Test(arguments: [
        ("/v2/b", "https://h/v2/b"), ("b?c", "https://h/v2/b?c"),
        ("?state=1", "https://h/v2/a?state=1"), ("//other/x", "https://other/x"),
        ("http://other:81/x?y", "http://other:81/x?y"), (" /x ", "https://h/x"),
    ])
    func resolves(_ reference: String, _ expected: String) throws {
        let base = try WebAddress(parsing: "https://h/v2/a?old")
        #expect(try base.resolving(reference).full == expected)
    }

    @Test(arguments: ["javascript:alert(1)", "/a b", "https://u@h/", "//u:p@h/"])
    func refusesReference(_ reference: String) throws {
        let base = try WebAddress(parsing: "https://h/v2/a")
        #expect(throws: DerootError.self) { try base.resolving(reference) }
    }

    @Test(arguments: [
        ("https://h/u", "https://h/u?digest=sha256%3Aab"),
        ("https://h/u?state=x%3D", "https://h/u?state=x%3D&digest=sha256%3Aab"),
        ("https://h/u?", "https://h/u?digest=sha256%3Aab"),
    ])
    func keepsTheQuery(_ text: String, _ expected: String) throws {
        #expect(try WebAddress(parsing: text).adding("digest", "sha256:ab").full == expected)
    }

    @Test func descriptionsHideTheQuery() throws {
        let address = try WebAddress(parsing: "https://h/blob?signature=hush")
        #expect(!address.description.contains("hush"))
    }
}

@Suite("Where addresses lead to")
struct PeerAddressTests {
    @Test(arguments: [
        ("127.0.0.1", PeerAddress.Reach.local), ("127.9.9.9", .local), ("0.0.0.0", .local),
        ("169.254.169.254", .local), ("224.0.0.1", .local), ("::1", .local), ("::", .local),
        ("fe80::1", .local), ("fe80::1%eth0", .local), ("ff02::1", .local),
        ("::ffff:127.0.0.1", .local), ("64:ff9b::7f00:1", .local),
        ("10.1.2.3", .inner), ("172.16.0.1", .inner), ("172.31.255.255", .inner),
        ("192.168.0.1", .inner), ("100.64.0.1", .inner), ("fd00::1", .inner),
        ("::ffff:10.0.0.1", .inner),
        ("172.32.0.1", .open), ("100.128.0.1", .open), ("8.8.8.8", .open), ("11.0.0.1", .open),
        ("2001:db8::1", .open),
    ])
    func reach(_ text: String, _ reach: PeerAddress.Reach) {
        #expect(PeerAddress(text)?.reach == reach)
    }

    @Test(arguments: ["", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "10.0.0.1.", "h"])
    func isNone(_ text: String) { #expect(PeerAddress(text) == nil) }

    @Test(arguments: [
        ("localhost", PeerAddress.Reach.local), ("x.localhost", .local), ("10.0.0.1", .inner),
    ])
    func ofHost(_ host: String, _ reach: PeerAddress.Reach) {
        #expect(PeerAddress.reach(ofHost: host) == reach)
    }

    @Test func namesSayNothing() { #expect(PeerAddress.reach(ofHost: "registry.corp") == nil) }
}
