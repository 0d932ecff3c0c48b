/// A content digest, `algorithm:hex`, validated once (OCI image-spec, descriptor.md, "Digests").
///
/// Two algorithms are registered and supported: sha256 (64 lower-case hex digits) and sha512 (128).
public struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// A registered digest algorithm.
    public enum Algorithm: String, Sendable, Hashable, CaseIterable {
        /// SHA-256: 32 bytes, 64 hex digits.
        case sha256
        /// SHA-512: 64 bytes, 128 hex digits.
        case sha512

        /// How many lower-case hex digits an encoded value has.
        public var hexLength: Int { self == .sha256 ? 64 : 128 }
    }

    /// The first 32 bytes, highest first; not a String, since plans of mirrors hold a million of them.
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64
    /// The other 32 bytes of a SHA-512.
    private let rest: [UInt64]?

    /// The algorithm.
    public var algorithm: Algorithm { rest == nil ? .sha256 : .sha512 }

    /// The value in lower-case hex: safe as a file name.
    public var hex: String { hexadecimal(words: words) }

    private var words: [UInt64] { [first, second, third, fourth] + (rest ?? []) }

    /// Parses `sha256:…` or `sha512:…`; anything else is refused here, once (hostile input A07).
    ///
    /// - Throws: `.malformed`, or `.unsupported` for an algorithm that is not registered.
    public init(parsing text: some StringProtocol) throws(DerootError) {
        var shown: String { printable(text.utf8.prefix(200)) }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw DerootError(.malformed, "'\(shown)' is not a digest: no ':'")
        }
        let name = String(text[..<colon])
        guard let algorithm = Algorithm(rawValue: name) else {
            throw DerootError(
                .unsupported, "digest '\(shown)' uses an algorithm other than sha256 and sha512")
        }
        let value = text[text.utf8.index(after: colon)...]
        guard let words = hexWords(value.utf8, count: algorithm.hexLength / 16) else {
            throw DerootError(
                .malformed,
                "digest '\(shown)' does not have \(algorithm.hexLength) lower-case hex digits")
        }
        self.init(words: words)
    }

    /// Wraps a computed value; the length must be the algorithm's.
    package init(algorithm: Algorithm, bytes: [UInt8]) {
        precondition(bytes.count * 2 == algorithm.hexLength, "a digest of the wrong length")
        self.init(
            words: stride(from: 0, to: bytes.count, by: 8).map { start in
                bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
            })
    }

    /// Four words are a SHA-256, eight a SHA-512.
    private init(words: [UInt64]) {
        (first, second, third, fourth) = (words[0], words[1], words[2], words[3])
        rest = words.count == 4 ? nil : Array(words[4...])
    }

    /// Whether this one's hex digits come first in a sorted list.
    package func precedes(_ other: Digest) -> Bool {
        words.lexicographicallyPrecedes(other.words)
    }

    /// `algorithm:hex`, as documents spell it.
    public var description: String { "\(algorithm.rawValue):\(hex)" }

    /// The first twelve hex digits, for people.
    public var short: String { String(hex.prefix(12)) }
}

/// The digest of a layer's uncompressed tar stream (OCI image-spec, config.md, "Layer DiffID").
///
/// A type of its own, because a diffID and the digest of a compressed blob look alike.
package struct DiffID: Sendable, Hashable, CustomStringConvertible {
    /// The digest of the raw stream.
    package let digest: Digest

    /// Says that a digest is one of an uncompressed stream.
    package init(_ digest: Digest) { self.digest = digest }

    /// `algorithm:hex`, as documents spell it.
    package var description: String { digest.description }
}

/// Reads so many words of 16 lower-case hex digits; nil for anything else.
package func hexWords(_ text: some Sequence<UInt8>, count: Int) -> [UInt64]? {
    var words: [UInt64] = []
    var (word, digits): (UInt64, Int) = (0, 0)
    for byte in text {
        let digit: UInt8
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
        default: return nil
        }
        word = word << 4 | UInt64(digit)
        digits += 1
        guard digits % 16 == 0 else { continue }
        guard words.count < count else { return nil }
        words.append(word)
    }
    return digits == count * 16 ? words : nil
}

/// Lower-case hex, two digits a byte.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    for byte in bytes {
        out.append(digits[Int(byte >> 4)])
        out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
}

/// Lower-case hex, 16 digits a word.
package func hexadecimal(words: [UInt64]) -> String {
    unsafe String(unsafeUninitializedCapacity: words.count * 16) { buffer in
        var index = 0
        for word in words {
            for shift in stride(from: 60, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: word >> shift) & 15
                unsafe buffer[index] =
                    digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
                index += 1
            }
        }
        return index
    }
}
