/// A set of bytes: what one place of a pattern accepts.
package struct ByteSet: Sendable, Hashable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// The empty set.
    package init() {}

    /// The set of these bytes.
    package init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { insert(byte) }
    }

    /// Adds a byte.
    package mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    /// True where the byte is in the set.
    package func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 == 1
    }

    /// The bytes of either set.
    package func union(_ other: ByteSet) -> ByteSet {
        var out = self
        out.words.0 |= other.words.0
        out.words.1 |= other.words.1
        out.words.2 |= other.words.2
        out.words.3 |= other.words.3
        return out
    }

    /// The bytes that are not in the set.
    package var inverted: ByteSet {
        var out = self
        out.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return out
    }

    /// The set with each ASCII letter in both cases.
    package var foldingCase: ByteSet {
        var out = self
        for letter in UInt8(ascii: "a")...UInt8(ascii: "z") {
            let capital = letter - 0x20
            if contains(letter) || contains(capital) {
                out.insert(letter)
                out.insert(capital)
            }
        }
        return out
    }

    /// `\d`: the ASCII digits.
    package static let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
    /// `\w`: ASCII letters, digits and the underscore.
    package static let word = ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z"))
        .union(ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z"))).union(digits)
        .union(ByteSet([UInt8(ascii: "_")]))
    /// `\s`: space, tab, line feed, vertical tab, form feed and carriage return.
    package static let blank = ByteSet([0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D])
    /// `.`: every byte; a line never holds its own end.
    package static let any = ByteSet().inverted

    package static func == (a: ByteSet, b: ByteSet) -> Bool { a.words == b.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
