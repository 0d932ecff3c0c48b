/// A request as it came over the wire.
package struct Request: Sendable {
    /// GET, HEAD, POST, PATCH, PUT, DELETE.
    package var method: String
    /// The request target, query included, as it was sent.
    package var target: String
    /// The fields.
    package var headers: Headers
    /// The body; what had arrived, where the upload was cut.
    package var body: [UInt8] = []
    /// The bytes before the body, for questions such as who saw a password.
    package let head: [UInt8]
    /// The number of its connection, from 1: requests with the same number shared a socket.
    package let connection: Int

    /// The target without its query.
    package var path: String { String(target.prefix { $0 != "?" }) }

    /// The first value of a name in the query, decoded.
    package func query(_ name: String) -> String? { parsedQuery[name] }

    /// All values of a name in the query, decoded.
    package func queries(_ name: String) -> [String] { parsedQuery.all(name) }

    private var parsedQuery: Query {
        Query(target.drop { $0 != "?" }.dropFirst())
    }

    /// The first value of a name in a form body (`application/x-www-form-urlencoded`), decoded.
    package func form(_ name: String) -> String? {
        Query(String(decoding: body, as: UTF8.self))[name]
    }

    /// `METHOD target`, for messages of tests.
    package var line: String { "\(method) \(target)" }

    /// Head and body as text, for searching.
    package var text: String {
        String(decoding: head, as: UTF8.self) + String(decoding: body, as: UTF8.self)
    }
}

extension Request {
    /// Parses the bytes up to and including the empty line; nil where they are no HTTP/1.1.
    init?(head: [UInt8], connection: Int) {
        let text = String(decoding: head, as: UTF8.self)
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        let parts = (lines.popFirst() ?? "").split(separator: " ")
        guard parts.count == 3, parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0" else { return nil }
        var headers: Headers = [:]
        for line in lines where !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            headers.add(String(line[..<colon]), trimmed(line[line.index(after: colon)...]))
        }
        self.init(
            method: String(parts[0]), target: String(parts[1]), headers: headers, head: head,
            connection: connection)
    }
}

/// Text without spaces around it.
func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
}
