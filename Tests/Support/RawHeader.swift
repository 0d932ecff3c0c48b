import DerootTar

/// One 512-byte tar header, written field by field, right or wrong.
///
/// Numbers are octal, as wide as the field, with a NUL at the end, unless a test writes them
/// otherwise; the checksum is put in last.
package struct RawHeader: Sendable {
    /// Which of the tar formats the header claims to be.
    package enum Magic: Sendable {
        /// No magic at all, Unix version 7.
        case v7
        /// POSIX.1-1988 ustar; pax too.
        case ustar
        /// GNU tar's own.
        case gnu
        /// Eight bytes of the test's choice.
        case raw([UInt8])

        /// Magic and version together.
        package var bytes: [UInt8] {
            switch self {
            case .v7: [UInt8](repeating: 0, count: 8)
            case .ustar: Array("ustar\u{0}00".utf8)
            case .gnu: Array("ustar  \u{0}".utf8)
            case .raw(let bytes): bytes
            }
        }
    }

    /// The header, its checksum not yet right.
    package var bytes = [UInt8](repeating: 0, count: 512)

    /// A header for a name of at most a hundred bytes.
    package init(
        _ name: some Collection<UInt8>, type: Character = "0", mode: UInt64 = 0o644,
        uid: UInt64 = 0, gid: UInt64 = 0, size: UInt64 = 0, modified: UInt64 = 0,
        magic: Magic = .ustar
    ) {
        put(name.prefix(100), at: TarField.name)
        octal(mode, at: TarField.mode)
        octal(uid, at: TarField.uid)
        octal(gid, at: TarField.gid)
        octal(size, at: TarField.size)
        octal(modified, at: TarField.modified)
        bytes[TarField.typeflag] = type.asciiValue ?? 0
        put(magic.bytes, at: TarField.magicAndVersion)
    }

    /// A header for a text name.
    package init(
        _ name: String, type: Character = "0", mode: UInt64 = 0o644, uid: UInt64 = 0,
        gid: UInt64 = 0, size: UInt64 = 0, modified: UInt64 = 0, magic: Magic = .ustar
    ) {
        self.init(
            Array(name.utf8), type: type, mode: mode, uid: uid, gid: gid, size: size,
            modified: modified, magic: magic)
    }

    /// Puts bytes at the start of a field, and zeros after them.
    package mutating func put(_ value: some Collection<UInt8>, at field: Range<Int>) {
        let filler = [UInt8](repeating: 0, count: max(0, field.count - value.count))
        bytes.replaceSubrange(field, with: value.prefix(field.count) + filler)
    }

    /// Puts text at the start of a field.
    package mutating func put(_ text: String, at field: Range<Int>) {
        put(Array(text.utf8), at: field)
    }

    /// Octal digits and a NUL; digits that have no room are lost at the front.
    package mutating func octal(_ value: UInt64, at field: Range<Int>) {
        let digits = String(value, radix: 8).utf8.suffix(field.count - 1)
        let zeros = [UInt8](repeating: 0x30, count: field.count - 1 - digits.count)
        put(zeros + digits, at: field)
    }

    /// GNU's base-256, two's complement.
    package mutating func base256(_ value: Int64, at field: Range<Int>) {
        var out = [UInt8](repeating: value < 0 ? 0xFF : 0, count: field.count)
        for index in 0..<min(8, out.count) {
            out[out.count - 1 - index] = UInt8(truncatingIfNeeded: value >> Int64(8 * index))
        }
        out[0] = value < 0 ? out[0] | 0x80 : out[0] & 0x7F | 0x80
        bytes.replaceSubrange(field, with: out)
    }

    /// The header with its checksum: six octal digits, a NUL and a space.
    package func sealed(signed: Bool = false) -> [UInt8] {
        var out = bytes
        let sums = TarNumber.checksums(out[...])
        let sum = signed ? sums.signed : sums.unsigned
        let digits = Array(String(max(0, sum), radix: 8).utf8)
        let zeros = [UInt8](repeating: 0x30, count: 6 - digits.count)
        out.replaceSubrange(TarField.checksum, with: zeros + digits + [0, 0x20])
        return out
    }
}
