import DerootBytes

/// Where the fields of a 512-byte tar header lie (POSIX.1-1988 ustar; GNU tar's manual, "Basic Tar").
package enum TarField {
    package static let name = 0..<100
    package static let mode = 100..<108
    package static let uid = 108..<116
    package static let gid = 116..<124
    package static let size = 124..<136
    package static let modified = 136..<148
    package static let checksum = 148..<156
    package static let typeflag = 156
    package static let linkName = 157..<257
    package static let magic = 257..<263
    package static let magicAndVersion = 257..<265
    package static let userName = 265..<297
    package static let groupName = 297..<329
    package static let prefix = 345..<500
    /// GNU: atime and ctime lie where ustar has its prefix.
    package static let gnuTimes = 345..<369
    /// GNU old sparse: one byte that says that more 512-byte blocks of the map follow.
    package static let sparseExtended = 482
    /// GNU old sparse: the size of the file when expanded.
    package static let sparseRealSize = 483..<495
    /// The same byte in a continuation block of the map.
    package static let sparseMore = 504
    /// star: `tar\0` at the very end of the header.
    package static let starTrailer = 508..<512
}

/// Reading and writing the number fields of a tar header.
package enum TarNumber {
    /// Reads a number as every careful reader does; nil where readers would disagree.
    ///
    /// Octal digits between optional leading spaces and a NUL, space or the field's end; or, with the
    /// top bit of the first byte set, big-endian base-256 in two's complement (GNU, star). A NUL
    /// before digits is nil: Go skips it, Python stops there.
    package static func parse(_ field: ArraySlice<UInt8>) -> Int64? {
        let bytes = field.span
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 { return parseBase256(field) }
        var at = 0
        while at < bytes.count, bytes[at] == UInt8(ascii: " ") { at += 1 }
        let start = at
        var value: Int64 = 0
        while at < bytes.count, bytes[at] & 0xF8 == UInt8(ascii: "0") {
            guard value < 1 << 59 else { return nil }
            value = value << 3 | Int64(bytes[at] & 7)
            at += 1
        }
        while at < bytes.count, bytes[at] == UInt8(ascii: " ") { at += 1 }
        guard at < bytes.count else { return value }
        guard bytes[at] == 0 else { return nil }
        // What follows the NUL is ignored by everybody, unless nothing came before it.
        guard at == start else { return value }
        while at < bytes.count, bytes[at] == 0 || bytes[at] == UInt8(ascii: " ") { at += 1 }
        return at == bytes.count ? value : nil
    }

    private static func parseBase256(_ field: ArraySlice<UInt8>) -> Int64? {
        guard let first = field.first else { return nil }
        let negative = first & 0x40 != 0
        var value: Int64 = negative ? -1 : 0
        for (index, byte) in field.enumerated() {
            let bits = index == 0 ? (negative ? byte | 0x80 : byte & 0x7F) : byte
            guard value >> 55 == (negative ? -1 : 0) else { return nil }
            value = value << 8 | Int64(bits)
        }
        return value
    }

    /// Writes `value` in the way the field is written now: as many digits, the same padding and end.
    ///
    /// A value that needs more digits fills the field up to a NUL at its end. One that has no room in
    /// octal becomes base-256, which every reader in the field knows.
    package static func format(_ value: UInt64, like field: ArraySlice<UInt8>) -> [UInt8] {
        var out = Array(field)
        let isOctal = (out.first ?? 0) & 0x80 == 0
        if isOctal {
            let start = out.firstIndex { $0 != UInt8(ascii: " ") } ?? 0
            let digits = out[start...].prefix {
                (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0)
            }
            let text = Array(String(value, radix: 8).utf8)
            let hasDigits = !digits.isEmpty
            let end = hasDigits ? digits.endIndex : out.count - 1
            if text.count <= end {
                let isSpaced = hasDigits && start > 0
                let lead = isSpaced ? UInt8(ascii: " ") : UInt8(ascii: "0")
                for index in 0..<end { out[index] = lead }
                out.replaceSubrange((end - text.count)..<end, with: text)
                if !hasDigits { out[out.count - 1] = 0 }
                return out
            }
            if text.count < out.count {
                let lead = start > 0 ? UInt8(ascii: " ") : UInt8(ascii: "0")
                let filler = [UInt8](repeating: lead, count: out.count - 1 - text.count)
                return filler + text + [0]
            }
        }
        for index in out.indices {
            let shift = (out.count - 1 - index) * 8
            out[index] = shift < 64 ? UInt8(truncatingIfNeeded: value >> UInt64(shift)) : 0
        }
        out[0] |= 0x80
        return out
    }

    /// The unsigned and the signed sum of a header whose checksum field counts as spaces.
    package static func checksums(_ header: ArraySlice<UInt8>) -> (unsigned: Int64, signed: Int64) {
        var unsigned: UInt32 = 0
        var high: UInt32 = 0
        let bytes = header.span
        // Eight bytes at a time, added up in four lanes of 16 bits: 64 words of at most 2 × 255.
        let words = min(bytes.count / 8, 64)
        let lanes: UInt64 = 0x00FF_00FF_00FF_00FF
        var sums: UInt64 = 0
        for index in 0..<words {
            let word = unsafe bytes.bytes.unsafeLoadUnaligned(
                fromByteOffset: index * 8, as: UInt64.self)
            sums &+= (word & lanes) &+ (word >> 8 & lanes)
            high &+= UInt32((word & 0x8080_8080_8080_8080).nonzeroBitCount)
        }
        for lane in 0..<4 { unsigned &+= UInt32(truncatingIfNeeded: sums >> (16 * lane)) & 0xFFFF }
        for index in (words * 8)..<bytes.count {
            unsigned &+= UInt32(bytes[index])
            high &+= UInt32(bytes[index] >> 7)
        }
        // The field itself is left out again, and eight spaces come in its place.
        for index in TarField.checksum where index < bytes.count {
            unsigned &-= UInt32(bytes[index])
            high &-= UInt32(bytes[index] >> 7)
            unsigned &+= 32
        }
        return (Int64(unsigned), Int64(unsigned) - 256 * Int64(high))
    }
}
