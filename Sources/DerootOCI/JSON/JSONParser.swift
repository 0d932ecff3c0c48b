import DerootBytes

/// Parses RFC 8259 strictly into a tree of lexemes.
///
/// Open containers are on a stack of its own: the depth of the text costs no stack of the thread.
struct JSONParser {
    /// An array or object whose end has not been seen.
    private struct Container {
        let isObject: Bool
        /// Whether its elements are given away; decided once, since a name may take long to resolve.
        let isGiven: Bool
        private var elements: [JSON] = []
        private var members: [JSONObject.Member] = []
        /// The name of the member whose value comes next.
        var name: JSONString

        init(isObject: Bool, name: JSONString, isGiven: Bool = false) {
            self.isObject = isObject
            self.isGiven = isGiven
            self.name = name
        }

        mutating func append(_ value: JSON) {
            if isObject {
                members.append(.init(name: name, value: value))
            } else {
                elements.append(value)
            }
        }

        var value: JSON {
            isObject ? JSON(.object(JSONObject(members: members))) : JSON(.array(elements))
        }
    }

    private let bytes: [UInt8]
    private let maximumDepth: Int
    /// The root's member whose elements are given away; nil: none.
    private let list: String?
    private var position = 0
    private var open: [Container] = []
    private let noName = JSONString(checked: "", isEscaped: false)

    init(_ bytes: [UInt8], depth: Int, list: String? = nil) {
        self.bytes = bytes
        maximumDepth = depth
        self.list = list
    }

    /// Parses the text; elements of the root's member `list`, where that is an array, go to `take` and
    /// leave no trace in the tree.
    mutating func parse(
        _ take: (JSON) throws(DerootError) -> Void = { _ in }
    ) throws(DerootError) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw failure("JSON must not begin with a byte order mark")
        }
        // All at once, so that each string need not be checked by itself.
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            position = error.byteOffsets.lowerBound
            throw failure("JSON must be UTF-8")
        }
        skipSpace()
        while true {
            guard var value = try scalarOrOpen() else { continue }
            while !open.isEmpty {
                if open[open.count - 1].isGiven {
                    try take(value)
                } else {
                    open[open.count - 1].append(value)
                }
                guard let closed = try closeOrContinue() else { break }
                value = closed
            }
            guard open.isEmpty else { continue }
            skipSpace()
            guard position == bytes.count else {
                throw failure("there is more after the JSON value")
            }
            return value
        }
    }

    /// Reads a whole value; nil where it was the beginning of a container that is not empty.
    private mutating func scalarOrOpen() throws(DerootError) -> JSON? {
        guard let first = peek() else { throw failure("the JSON text ends too early") }
        switch first {
        case UInt8(ascii: "\""): return JSON(.string(try string()))
        case UInt8(ascii: "{"):
            try enter()
            if skip(UInt8(ascii: "}")) { return JSON(.object(JSONObject())) }
            open.append(.init(isObject: true, name: try name()))
            return nil
        case UInt8(ascii: "["):
            try enter()
            if skip(UInt8(ascii: "]")) { return JSON(.array([])) }
            let isGiven =
                open.count == 1 && open[0].isObject
                && list.map { sameBytes(open[0].name.value, $0) } ?? false
            open.append(.init(isObject: false, name: noName, isGiven: isGiven))
            return nil
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return JSON(.number(try number()))
        case UInt8(ascii: "t"): return try word(trueWord, .bool(true))
        case UInt8(ascii: "f"): return try word(falseWord, .bool(false))
        case UInt8(ascii: "n"): return try word(nullWord, .null)
        default: throw failure("expected a JSON value")
        }
    }

    /// Reads what follows an element: the end of the container, which is given, or a comma.
    private mutating func closeOrContinue() throws(DerootError) -> JSON? {
        skipSpace()
        let isObject = open[open.count - 1].isObject
        if skip(UInt8(ascii: ",")) {
            skipSpace()
            if isObject { open[open.count - 1].name = try name() }
            return nil
        }
        guard skip(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
            throw failure(isObject ? "expected ',' or '}'" : "expected ',' or ']'")
        }
        return open.removeLast().value
    }

    private mutating func enter() throws(DerootError) {
        guard open.count < maximumDepth else {
            throw failure("JSON is nested deeper than \(maximumDepth) levels", .limit)
        }
        position += 1
        skipSpace()
    }

    private mutating func name() throws(DerootError) -> JSONString {
        guard peek() == UInt8(ascii: "\"") else { throw failure("expected a member's name") }
        let name = try string()
        skipSpace()
        guard skip(UInt8(ascii: ":")) else { throw failure("expected ':'") }
        skipSpace()
        return name
    }

    private mutating func word(
        _ word: [UInt8], _ kind: JSON.Kind
    ) throws(DerootError) -> JSON {
        for byte in word {
            guard skip(byte) else { throw failure("expected a JSON value") }
        }
        return JSON(kind)
    }

    private mutating func string() throws(DerootError) -> JSONString {
        position += 1
        let start = position
        var isEscaped = false
        while true {
            position = endOfPlain(position)
            guard let byte = peek() else { throw failure("a JSON string does not end") }
            if byte == UInt8(ascii: "\"") { break }
            guard byte == UInt8(ascii: "\\") else {
                throw failure("a control character in a JSON string")
            }
            position += 1
            isEscaped = true
            try escape()
        }
        let lexeme = String(decoding: bytes[start..<position], as: UTF8.self)
        position += 1
        return JSONString(checked: lexeme, isEscaped: isEscaped)
    }

    /// The first position from `start` on that is not plain text of a string: quote, backslash, control.
    private func endOfPlain(_ start: Int) -> Int {
        let span = bytes.span
        var index = start
        // Eight bytes at a time: the lowest set bit of `stops` is exact, which is all that counts.
        while index + 8 <= span.count {
            let word = UInt64(
                littleEndian: unsafe span.bytes.unsafeLoadUnaligned(
                    fromByteOffset: index, as: UInt64.self))
            let quotes = word ^ (0x22 * everyByte)
            let backslashes = word ^ (0x5C * everyByte)
            let stops =
                ((word &- 0x20 * everyByte) & ~word) | ((quotes &- everyByte) & ~quotes)
                | ((backslashes &- everyByte) & ~backslashes)
            let found = stops & (0x80 * everyByte)
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < span.count {
            let byte = span[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            index += 1
        }
        return index
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
}

/// One in every byte.
private let everyByte: UInt64 = 0x0101_0101_0101_0101
private let trueWord = Array("true".utf8)
private let falseWord = Array("false".utf8)
private let nullWord = Array("null".utf8)
