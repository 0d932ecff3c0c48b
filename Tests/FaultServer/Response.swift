/// An answer, true or false.
package struct Response: Sendable {
    /// How the client learns where the body ends.
    package enum Framing: Sendable {
        /// A true Content-Length.
        case length
        /// A Content-Length that need not be true; nil sends none, and the connection stays open.
        case claimed(String?)
        /// Chunks (RFC 9112, 7.1).
        case chunked
        /// Chunks that never end: the body again and again.
        case endless
        /// The end of the connection.
        case close
    }

    package var status: Int
    package var headers: Headers
    package var body: [UInt8]
    package var framing: Framing

    package init(
        _ status: Int, _ headers: Headers = [:], body: [UInt8] = [], framing: Framing = .length
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.framing = framing
    }

    /// A JSON document.
    package static func json(_ text: String, status: Int = 200) -> Response {
        Response(status, ["Content-Type": "application/json"], body: Array(text.utf8))
    }

    /// An error as registries write it (distribution-spec, "Error Codes").
    package static func error(
        _ status: Int, _ code: String, _ message: String = "", headers: Headers = [:]
    ) -> Response {
        var response = json(
            #"{"errors":[{"code":"\#(code)","message":"\#(message)"}]}"#, status: status)
        for field in headers.fields { response.headers.add(field.name, field.value) }
        return response
    }

    /// A redirect, 307 unless told otherwise.
    package static func redirect(_ location: String, status: Int = 307) -> Response {
        Response(status, ["Location": location])
    }

    /// The same answer with changes.
    package func with(_ change: (inout Response) -> Void) -> Response {
        var copy = self
        change(&copy)
        return copy
    }
}

extension Response {
    /// Status line and fields, with what the framing adds.
    var head: [UInt8] {
        var headers = headers
        switch framing {
        case .length: headers["Content-Length"] = "\(body.count)"
        case .claimed(let text): headers["Content-Length"] = text
        case .chunked, .endless: headers["Transfer-Encoding"] = "chunked"
        case .close: headers["Connection"] = "close"
        }
        // 204 and 1xx have neither body nor length (RFC 9110, 8.6).
        if status == 204 { headers["Content-Length"] = nil }
        return Array("HTTP/1.1 \(status) Said\r\n\(headers.text)\r\n".utf8)
    }

    /// The body's bytes on the wire, once round for an endless one.
    var framedBody: [UInt8] {
        switch framing {
        case .length, .claimed, .close: body
        case .chunked:
            body.isEmpty ? Array("0\r\n\r\n".utf8) : chunk + Array("0\r\n\r\n".utf8)
        case .endless: chunk
        }
    }

    private var chunk: [UInt8] {
        Array("\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n".utf8)
    }
}
