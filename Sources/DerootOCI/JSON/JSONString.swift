/// A JSON string as it was spelled between its quotes: `<` stays `\u003c` where it was that.
///
/// Equal means the same text, however escaped, compared byte for byte in UTF-8: Swift's own
/// String equality takes canonically equivalent texts for one, which file names and keys are not.
package struct JSONString: Sendable {
    /// What stands between the quotes: valid UTF-8, escapes unresolved.
    package let lexeme: String
    /// Whether the lexeme has escapes.
    package let isEscaped: Bool

    /// Wraps a spelling that the parser has checked.
    init(checked lexeme: String, isEscaped: Bool) {
        self.lexeme = lexeme
        self.isEscaped = isEscaped
    }

    /// Spells a text with no more escapes than RFC 8259 asks for.
    package init(_ value: String) {
        let mustEscape = value.utf8.contains { byte in
            byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
        }
        isEscaped = mustEscape
        lexeme = mustEscape ? Self.escaping(value) : value
    }

    /// The text, escapes resolved; a lone surrogate becomes U+FFFD, as in Go.
    package var value: String { isEscaped ? resolved().text : lexeme }

    /// Whether an escape stands for half a surrogate pair, which no text can hold.
    package var hasLoneSurrogate: Bool { isEscaped && resolved().hasLoneSurrogate }

    private static func escaping(_ value: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(value.utf8.count + 8)
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(UInt8(ascii: "\\"))
                out.append(byte)
            case 0x08: out.append(contentsOf: "\\b".utf8)
            case 0x09: out.append(contentsOf: "\\t".utf8)
            case 0x0A: out.append(contentsOf: "\\n".utf8)
            case 0x0C: out.append(contentsOf: "\\f".utf8)
            case 0x0D: out.append(contentsOf: "\\r".utf8)
            case 0..<0x20:
                out.append(contentsOf: (byte < 0x10 ? "\\u000" : "\\u00").utf8)
                out.append(contentsOf: String(byte, radix: 16).utf8)
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private func resolved() -> (text: String, hasLoneSurrogate: Bool) {
        var out: [UInt8] = []
        out.reserveCapacity(lexeme.utf8.count)
        var isLone = false
        var rest = Substring(lexeme).utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                out.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "u"):
                let scalar = Self.scalar(&rest)
                isLone = isLone || scalar == nil
                out.append(contentsOf: String(scalar ?? "\u{FFFD}").utf8)
            default: out.append(escape)
            }
        }
        return (String(decoding: out, as: UTF8.self), isLone)
    }

    /// Reads the four digits after `\u`, and a second escape where the two are a surrogate pair.
    private static func scalar(_ rest: inout Substring.UTF8View) -> Unicode.Scalar? {
        let first = unit(&rest)
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        var ahead = rest
        guard ahead.popFirst() == UInt8(ascii: "\\"), ahead.popFirst() == UInt8(ascii: "u") else {
            return nil
        }
        let second = unit(&ahead)
        guard UTF16.isTrailSurrogate(second) else { return nil }
        rest = ahead
        return Unicode.Scalar(0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF)))
    }

    private static func unit(_ rest: inout Substring.UTF8View) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 { value = value << 4 | UInt16(rest.popFirst().flatMap(hexValue) ?? 0) }
        return value
    }
}

extension JSONString: Equatable {
    /// Whether both are the same text; lone surrogates are equal only to their own spelling.
    package static func == (a: JSONString, b: JSONString) -> Bool {
        if sameBytes(a.lexeme, b.lexeme) { return true }
        guard a.isEscaped || b.isEscaped else { return false }
        let (left, right) = (
            a.isEscaped ? a.resolved() : (a.lexeme, false),
            b.isEscaped ? b.resolved() : (b.lexeme, false)
        )
        return !left.1 && !right.1 && sameBytes(left.0, right.0)
    }
}

/// Whether two texts have the same UTF-8 bytes (String's own `==` is canonical equivalence).
package func sameBytes(_ a: some StringProtocol, _ b: some StringProtocol) -> Bool {
    a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8)
}

/// The value of an ASCII hex digit, either case.
func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
