import DerootBytes

/// Parses RFC 8259 strictly into a tree of lexemes.
///
/// Recursion is one frame a level and bounded by `depth`, so a worker's stack suffices.
struct JSONParser {
    private let bytes: [UInt8]
    private let maximumDepth: Int
    private var position = 0

    init(_ bytes: [UInt8], depth: Int) {
        self.bytes = bytes
        maximumDepth = depth
    }

    mutating func parse() throws(DerootError) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw failure("JSON must not begin with a byte order mark")
        }
        skipSpace()
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw failure("there is more after the JSON value") }
        return value
    }

    private mutating func value(depth: Int) throws(DerootError) -> JSON {
        guard let first = peek() else { throw failure("the JSON text ends too early") }
        switch first {
        case UInt8(ascii: "\""): return JSON(.string(try string()))
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return JSON(.number(try number()))
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw failure("expected a JSON value")
        }
    }

    private mutating func array(depth: Int) throws(DerootError) -> JSON {
        try enter(depth)
        var elements: [JSON] = []
        if skip(UInt8(ascii: "]")) { return JSON(.array(elements)) }
        while true {
            elements.append(try value(depth: depth))
            skipSpace()
            if skip(UInt8(ascii: ",")) {
                skipSpace()
                continue
            }
            guard skip(UInt8(ascii: "]")) else { throw failure("expected ',' or ']'") }
            return JSON(.array(elements))
        }
    }

    private mutating func object(depth: Int) throws(DerootError) -> JSON {
        try enter(depth)
        var members: [JSONObject.Member] = []
        if skip(UInt8(ascii: "}")) { return JSON(.object(JSONObject())) }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw failure("expected a member's name") }
            let name = try string()
            skipSpace()
            guard skip(UInt8(ascii: ":")) else { throw failure("expected ':'") }
            skipSpace()
            members.append(.init(name: name, value: try value(depth: depth)))
            skipSpace()
            if skip(UInt8(ascii: ",")) {
                skipSpace()
                continue
            }
            guard skip(UInt8(ascii: "}")) else { throw failure("expected ',' or '}'") }
            return JSON(.object(JSONObject(members: members)))
        }
    }

    private mutating func enter(_ depth: Int) throws(DerootError) {
        guard depth <= maximumDepth else {
            throw failure("JSON is nested deeper than \(maximumDepth) levels", .limit)
        }
        position += 1
        skipSpace()
    }

    private mutating func word(_ word: StaticString, _ kind: JSON.Kind) throws(DerootError) -> JSON
    {
        guard bytes[position...].starts(with: word.description.utf8) else {
            throw failure("expected a JSON value")
        }
        position += word.utf8CodeUnitCount
        return JSON(kind)
    }

    private mutating func string() throws(DerootError) -> JSONString {
        position += 1
        let start = position
        var isEscaped = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw failure("a control character in a JSON string") }
            position += 1
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                try escape()
            }
        }
        guard position < bytes.count else { throw failure("a JSON string does not end") }
        guard let lexeme = String(validating: bytes[start..<position], as: UTF8.self) else {
            throw invalidUTF8(start..<position)
        }
        position += 1
        return JSONString(checked: lexeme, isEscaped: isEscaped)
    }

    private mutating func escape() throws(DerootError) {
        switch peek() {
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard let digit = peek(), hexValue(digit) != nil else {
                    throw failure("expected four hex digits after '\\u'")
                }
                position += 1
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        default: throw failure("an unknown escape in a JSON string")
        }
    }

    private mutating func number() throws(DerootError) -> JSONNumber {
        let start = position
        _ = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { try digits() }
        if skip(UInt8(ascii: ".")) { try digits() }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            try digits()
        }
        return JSONNumber(checked: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() throws(DerootError) {
        let start = position
        while let byte = peek(), byte &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position > start else { throw failure("expected a digit") }
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private func failure(_ message: String, _ code: DerootError.Code = .malformed) -> DerootError {
        DerootError(code, message, at: .init(offset: UInt64(position)))
    }

    private func invalidUTF8(_ range: Range<Int>) -> DerootError {
        // The error path may be slow: the first byte where a lossy decoding differs.
        let lossy = String(decoding: bytes[range], as: UTF8.self).utf8
        let same = zip(lossy, bytes[range]).prefix { $0 == $1 }.count
        return DerootError(
            .malformed, "a JSON string is not valid UTF-8",
            at: .init(offset: UInt64(range.lowerBound + same)))
    }
}
