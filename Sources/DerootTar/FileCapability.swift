/// `security.capability` in pax records: the two encodings that exist, and what is in them.
///
/// `SCHILY.xattr.security.capability` holds the raw value (star, Go, containers/storage);
/// `LIBARCHIVE.xattr.…` holds it in base64 under a percent-encoded name. The value is the kernel's
/// vfs_cap_data: v1 12 bytes, v2 20, v3 24 (with a root id); bit 0 of the first, little-endian, word
/// is the effective flag (linux/capability.h).
package enum FileCapability {
    /// What to do with the capabilities of an entry.
    package enum Treatment: String, Sendable, Hashable {
        /// Remove them.
        case strip
        /// Keep the permitted set and clear the effective flag: `+ep` becomes `+p`.
        case permit
    }

    private static let schily = Array("schily.xattr.".utf8)
    private static let libarchive = Array("libarchive.xattr.".utf8)
    private static let attribute = Array("security.capability".utf8)

    /// True for a record that sets file capabilities, in either encoding, whatever its letters' case.
    package static func isCapability(_ record: PaxRecord) -> Bool {
        let count = record.key.count
        guard count >= schily.count + attribute.count, record.key.last != UInt8(ascii: "=") else {
            return false
        }
        let key = record.key.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        if key.starts(with: schily) { return key[schily.count...].elementsEqual(attribute) }
        guard key.starts(with: libarchive) else { return false }
        return percentDecoded(key[libarchive.count...]) == attribute
    }

    /// True where the record's value has the effective flag, or cannot be understood.
    package static func isEffective(_ record: PaxRecord) -> Bool {
        guard let value = value(of: record), let first = value.first else { return true }
        return first & 1 != 0
    }

    /// The record without the effective flag; nil where the value is none that the kernel takes.
    package static func permitted(_ record: PaxRecord) -> PaxRecord? {
        guard var value = value(of: record), [12, 20, 24].contains(value.count) else { return nil }
        value[0] &= 0xFE
        var copy = record
        if isBase64(record) {
            let hadPadding = record.value.last == UInt8(ascii: "=")
            copy.value = base64(value, padding: hadPadding)
        } else {
            copy.value = value
        }
        return copy
    }

    private static func isBase64(_ record: PaxRecord) -> Bool {
        (record.key.first ?? 0) | 0x20 == UInt8(ascii: "l")
    }

    /// The kernel's bytes that the record holds; nil for one in base64 that is none.
    package static func value(of record: PaxRecord) -> [UInt8]? {
        isBase64(record) ? base64Decoded(record.value) : record.value
    }

    private static func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.endIndex,
                let byte = UInt8(
                    String(decoding: text[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                out.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
                index += 3
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return out
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func base64Decoded(_ text: [UInt8]) -> [UInt8]? {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var held = 0
        for byte in text where byte != UInt8(ascii: "=") {
            guard let digit = alphabet.firstIndex(of: byte) else { return nil }
            bits = bits << 6 | UInt32(digit)
            held += 6
            if held >= 8 {
                held -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        return out
    }

    private static func base64(_ bytes: [UInt8], padding: Bool) -> [UInt8] {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var held = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 6 {
                held -= 6
                out.append(alphabet[Int(bits >> UInt32(held) & 63)])
            }
        }
        if held > 0 { out.append(alphabet[Int(bits << UInt32(6 - held) & 63)]) }
        while padding, out.count % 4 != 0 { out.append(UInt8(ascii: "=")) }
        return out
    }
}
