import DerootTar
import Testing

/// Number fields: what careful readers agree on, and how a changed value is written.
struct TarNumberTests {
    @Test(arguments: [
        ("0000644\0", 0o644), ("0000644 ", 0o644), ("00000644", 0o644), ("   644 \0", 0o644),
        ("644\0\0\0\0\0", 0o644), ("     644", 0o644), (" 644\0xyz", 0o644),
        ("\0\0\0\0\0\0\0\0", 0),
        ("        ", 0), ("\0       ", 0), ("77777777", 0o7777_7777),
    ])
    func readsOctal(_ text: String, _ value: Int64) {
        #expect(TarNumber.parse(Array(text.utf8)[...]) == value)
    }

    @Test(arguments: [
        "0000648\0", "6 4\0\0\0\0\0", "-000644\0", "0x1a\0\0\0\0", "\0000644\0", "\u{0}644\0\0\0\0",
        "6_44\0\0\0\0", "644,\0\0\0\0", "+0000644",
    ])
    func refusesWhatReadersDispute(_ text: String) {
        #expect(TarNumber.parse(Array(text.utf8)[...]) == nil)
    }

    /// Twelve-byte fields, by their last nine bytes; the first three are the leading pattern.
    @Test(
        arguments: [
            ([0x80, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1, 0], 256 as Int64?),
            ([0x80, 0, 0], [0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .max),
            ([0x80, 0, 0], [0, 0x80, 0, 0, 0, 0, 0, 0, 0], nil),
            ([0x80, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0], nil),
            ([0x80, 1, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0], nil),
            ([0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], -1),
            ([0xFF, 0xFF, 0xFF], [0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], .min),
            ([0xFF, 0xFF, 0xFF], [0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0], nil),
            ([0xC0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0], nil),
        ] as [([UInt8], [UInt8], Int64?)])
    func readsBase256(_ head: [UInt8], _ tail: [UInt8], _ value: Int64?) {
        #expect(TarNumber.parse((head + tail)[...]) == value)
    }

    @Test(arguments: [-1, -2, 0, 1, 65532, 2_097_152, 4_294_967_294] as [Int64])
    func readsWhatItsFixtureWrites(_ value: Int64) {
        var field = [UInt8](repeating: value < 0 ? 0xFF : 0, count: 8)
        for index in 0..<8 { field[7 - index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
        field[0] = value < 0 ? field[0] | 0x80 : field[0] | 0x80
        #expect(TarNumber.parse(field[...]) == value)
    }

    @Test(arguments: [
        // Width, padding and end stay as they were.
        ("0000000\0", 0o177774, "0177774\0"), ("00000000", 0o177774, "00177774"),
        ("     0 \0", 0o177774, "177774 \0"), ("000000 \0", 0o755, "000755 \0"),
        ("0004755\0", 0o755, "0000755\0"), ("   4755\0", 0o755, "    755\0"),
        ("0\0\0\0\0\0\0\0", 0, "0\0\0\0\0\0\0\0"), ("\0\0\0\0\0\0\0\0", 0o755, "0000755\0"),
        // No room in front: the field is used to its end.
        ("0\0\0\0\0\0\0\0", 0o177774, "0177774\0"), ("755\0\0\0\0\0", 0o4755, "0004755\0"),
        ("  0\0\0\0\0\0", 0o177774, " 177774\0"), ("0 \0\0\0\0\0\0", 0o177774, "0177774\0"),
    ])
    func writesInTheFieldsOwnStyle(_ old: String, _ value: UInt64, _ new: String) {
        let written = TarNumber.format(value, like: Array(old.utf8)[...])
        #expect(String(decoding: written, as: UTF8.self) == new)
        #expect(TarNumber.parse(written[...]) == Int64(value))
    }

    @Test(arguments: ["0000000\0", "      0\0", "0\0\0\0\0\0\0\0"])
    func writesBase256WhereOctalHasNoRoom(_ old: String) {
        let written = TarNumber.format(4_294_967_294, like: Array(old.utf8)[...])
        #expect(written.count == 8)
        #expect(written.first == 0x80)
        #expect(TarNumber.parse(written[...]) == 4_294_967_294)
    }

    @Test(arguments: [0, 65532, 4_294_967_294] as [UInt64])
    func keepsBase256(_ value: UInt64) {
        let old: [UInt8] = [0x80, 0, 0, 0, 0, 0x20, 0, 0]
        let written = TarNumber.format(value, like: old[...])
        #expect(written.first == 0x80)
        #expect(TarNumber.parse(written[...]) == Int64(value))
    }

    @Test func countsTheChecksumFieldAsSpaces() {
        var header = [UInt8](repeating: 0, count: 512)
        header[0] = 0xE4
        header.replaceSubrange(TarField.checksum, with: [UInt8](repeating: 0x31, count: 8))
        let sums = TarNumber.checksums(header[...])
        #expect(sums.unsigned == 8 * 0x20 + 0xE4)
        #expect(sums.signed == 8 * 0x20 + 0xE4 - 256)
    }
}
