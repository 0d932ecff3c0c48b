import DerootBytes

/// What a server wants to know of us (RFC 9110, section 11.6.1).
struct Challenge: Sendable, Hashable {
    /// The scheme, in lower case: `bearer`, `basic`.
    let scheme: String
    /// The parameters, names in lower case.
    let parameters: [String: String]

    /// Most challenges that are looked at, and bytes of their headers (hostile input F03).
    static let most = 16
    static let longest = 16_384

    /// Reads the WWW-Authenticate headers of an answer; what cannot be read is passed over.
    ///
    /// - Throws: `.limit` for headers that are too large.
    static func all(in response: HTTPResponse) throws(DerootError) -> [Challenge] {
        let headers = response.all("www-authenticate")
        guard headers.reduce(0, { $0 + $1.utf8.count }) <= longest else {
            throw DerootError(
                .limit, "the registry's WWW-Authenticate header has more than \(longest) bytes")
        }
        return Array(headers.flatMap(parse).prefix(most))
    }

    /// Reads one header, which may hold several challenges.
    static func parse(_ header: String) -> [Challenge] {
        var reader = Reader(bytes: Array(header.utf8))
        var found: [(scheme: String, parameters: [String: String])] = []
        while !reader.isAtEnd {
            reader.skip { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
            let word = reader.token()
            guard !word.isEmpty else { break }
            if reader.take(UInt8(ascii: "=")) {
                guard !found.isEmpty, let value = reader.value() else { break }
                // The first one counts: a second could only be there to mislead.
                let name = word.lowercased()
                let last = found.count - 1
                if found[last].parameters[name] == nil, found[last].parameters.count < 32 {
                    found[last].parameters[name] = value
                }
            } else {
                found.append((word.lowercased(), [:]))
            }
        }
        return found.map { Challenge(scheme: $0.scheme, parameters: $0.parameters) }
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position >= bytes.count }

        mutating func skip(_ isSkipped: (UInt8) -> Bool) {
            while !isAtEnd, isSkipped(bytes[position]) { position += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard !isAtEnd, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        /// tchar, and what token68 has besides (RFC 9110, sections 5.6.2 and 11.2).
        mutating func token() -> String {
            let start = position
            skip { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                    || (0x61...0x7A).contains(byte) || "!#$%&'*+-.^_`|~/:".utf8.contains(byte)
            }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        mutating func value() -> String? {
            guard take(UInt8(ascii: "\"")) else { return token() }
            var out: [UInt8] = []
            while !isAtEnd {
                var byte = bytes[position]
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: out, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), !isAtEnd {
                    byte = bytes[position]
                    position += 1
                }
                out.append(byte)
            }
            return nil
        }
    }
}
