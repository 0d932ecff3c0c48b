/// Decodes padded base64 as Go's StdEncoding does: line ends are skipped, all else is strict.
///
/// Nil where the text is not base64.
package func base64Decoded(_ text: String) -> [UInt8]? {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count / 4 * 3)
    var bits: UInt32 = 0
    var digits = 0
    var padding = 0
    for byte in text.utf8 where byte != 0x0A && byte != 0x0D {
        if byte == UInt8(ascii: "=") {
            padding += 1
            digits += 1
            guard padding <= 2, digits > 2 else { return nil }
            bits <<= 6
        } else {
            guard padding == 0, let value = base64Value(byte) else { return nil }
            digits += 1
            bits = bits << 6 | UInt32(value)
        }
        guard digits == 4 else { continue }
        for index in 0..<(3 - padding) {
            out.append(UInt8(truncatingIfNeeded: bits >> (16 - 8 * UInt32(index))))
        }
        (bits, digits) = (0, padding > 0 ? 5 : 0)  // 5: nothing may follow the padding
    }
    return digits == 0 || digits == 5 ? out : nil
}

private func base64Value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
