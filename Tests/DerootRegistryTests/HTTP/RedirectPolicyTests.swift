import DerootBytes
import Testing

@testable import DerootRegistry

@Suite("Redirects")
struct RedirectPolicyTests {
    private func follow(
        _ status: Int, from: String, to: String?, peer: String? = nil,
        method: HTTPRequest.Method = .get, body: HTTPRequest.Body = .none
    ) throws -> HTTPRequest? {
        var request = HTTPRequest(method, try WebAddress(parsing: from))
        request.authorization = "Bearer hush"
        request.body = body
        request.fields = [("Content-Range", "0-3"), ("Accept", "x")]
        let fields = to.map { [("location", $0)] } ?? []
        let response = HTTPResponse(status, fields, peer: peer.flatMap { PeerAddress($0) })
        return try RedirectPolicy.follow(response, of: request)
    }

    // F01: another scheme, host or port is somebody else.
    @Test(arguments: [
        "https://other/x", "https://h:444/x", "https://h.evil/x", "https://sub.h/x",
    ])
    func dropsCredentials(_ target: String) throws {
        #expect(try follow(307, from: "https://h/a", to: target)?.authorization == nil)
    }

    @Test(arguments: ["/x", "https://h/x", "https://h:443/x", "//h/x"])
    func keepsCredentialsAtHome(_ target: String) throws {
        #expect(try follow(307, from: "https://h/a", to: target)?.authorization == "Bearer hush")
    }

    // F02.
    @Test(
        arguments: [
            ("https://h/a", "http://h/a", nil), ("https://h/a", "http://other/", nil),
            ("https://h/a", "https://127.0.0.1/", "8.8.8.8"),
            ("https://h/a", "https://localhost/", "8.8.8.8"),
            ("https://h/a", "https://169.254.169.254/latest", "8.8.8.8"),
            ("https://h/a", "https://192.168.1.1/", "8.8.8.8"),
            ("https://h/a", "https://[fd00::1]/", "2001:db8::1"),
            ("https://h/a", "https://127.0.0.1/", "10.0.0.1"),
            ("https://h/a", "file:///etc/passwd", nil),
            ("https://h/a", "unix:/run/docker.sock", nil),
            ("https://h/a", "https://u:p@h/", nil), ("https://h/a", "", nil),
        ] as [(String, String, String?)])
    func refuses(_ from: String, _ to: String, _ peer: String?) {
        #expect(throws: DerootError.self) { try follow(302, from: from, to: to, peer: peer) }
    }

    @Test(
        arguments: [
            ("https://h/a", "https://10.0.0.2/", "10.0.0.1"),
            ("http://h/a", "http://10.0.0.2/", "192.168.0.1"),
            ("http://h/a", "https://storage/", nil),
            ("http://127.0.0.1/a", "http://127.0.0.1:81/", "127.0.0.1"),
            ("http://127.0.0.1/a", "http://10.0.0.1/", "127.0.0.1"),
        ] as [(String, String, String?)])
    func allowsWithinANetwork(_ from: String, _ to: String, _ peer: String?) throws {
        #expect(try follow(302, from: from, to: to, peer: peer) != nil)
    }

    // What a name leads to is judged when it is connected to.
    @Test func remembersHowFarInsideItMayGo() throws {
        let next = try #require(
            try follow(307, from: "https://h/", to: "https://other/", peer: "8.8.8.8"))
        #expect(next.leastReach == .open)
        let inside = try #require(
            try follow(307, from: "https://h/", to: "https://other/", peer: "10.0.0.1"))
        #expect(inside.leastReach == .inner)
    }

    @Test func seeOtherIsRead() throws {
        let next = try #require(
            try follow(
                303, from: "https://h/", to: "/x", method: .put, body: .bytes([1, 2, 3, 4])))
        #expect(next.method == .get)
        #expect(next.body.count == 0)
        #expect(next.fields.map(\.name) == ["Accept"])
    }

    @Test(arguments: [301, 302, 307, 308])
    func uploadsStayUploads(_ status: Int) throws {
        let next = try #require(
            try follow(
                status, from: "https://h/", to: "https://o/", method: .patch, body: .bytes([1])))
        #expect(next.method == .patch)
        #expect(next.body.count == 1)
    }

    // A refresh token is in the body of a request for a token.
    @Test(arguments: [301, 302, 307, 308])
    func secretBodiesStayAtHome(_ status: Int) throws {
        var request = HTTPRequest(.post, try WebAddress(parsing: "https://h/token"))
        request.body = .bytes(Array("hush".utf8))
        request.isBodySecret = true
        func next(_ target: String, _ status: Int) throws(DerootError) -> HTTPRequest? {
            try RedirectPolicy.follow(HTTPResponse(status, [("location", target)]), of: request)
        }
        let error = #expect(throws: DerootError.self) { try next("https://o/token", status) }
        #expect(error?.code == .hostile)
        #expect(error?.message == "h sends a secret on to o")
        #expect(try next("/other", status)?.body.count == 4)
        // What is read instead carries nothing.
        #expect(try next("https://o/token", 303)?.body.count == 0)
    }

    @Test(arguments: [200, 304, 300, 404])
    func isNoRedirect(_ status: Int) throws {
        #expect(try follow(status, from: "https://h/", to: "https://o/") == nil)
    }

    @Test func needsALocation() {
        #expect(throws: DerootError.self) { try follow(307, from: "https://h/", to: nil) }
    }
}
