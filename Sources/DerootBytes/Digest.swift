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

    /// The algorithm.
    public let algorithm: Algorithm
    /// The value in lower-case hex: safe as a file name.
    public let hex: String

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
        let isHex = value.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
        guard value.utf8.count == algorithm.hexLength, isHex else {
            throw DerootError(
                .malformed,
                "digest '\(shown)' does not have \(algorithm.hexLength) lower-case hex digits")
        }
        self.algorithm = algorithm
        self.hex = String(value)
    }

    /// Wraps a computed value; the length must be the algorithm's.
    package init(algorithm: Algorithm, bytes: [UInt8]) {
        precondition(bytes.count * 2 == algorithm.hexLength, "a digest of the wrong length")
        self.algorithm = algorithm
        self.hex = hexadecimal(bytes)
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
