// The grammar of image names, piece by piece (distribution/reference, regexp.go).

/// `[\w][\w.-]{0,127}`.
package func isTag(_ text: some StringProtocol) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
    let isWord = { (byte: UInt8) in isAlphanumeric(byte) || byte == UInt8(ascii: "_") }
    return isWord(first)
        && text.utf8.allSatisfy {
            isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
}

/// Lower-case letters and digits, between which one dot, one or two underscores, or any number of
/// dashes may stand.
func isPathComponent(_ text: Substring) -> Bool {
    var separator: [UInt8] = []
    var isAtStart = true
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            guard isSeparator(separator) else { return false }
            separator = []
            isAtStart = false
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            guard !isAtStart else { return false }
            separator.append(byte)
        default: return false
        }
    }
    return !isAtStart && separator.isEmpty
}

private func isSeparator(_ bytes: [UInt8]) -> Bool {
    bytes.count <= 1 || bytes == Array("__".utf8) || bytes.allSatisfy { $0 == UInt8(ascii: "-") }
}

/// A domain name, an IPv4 address or an IPv6 address in brackets, with a port or without.
func isHost(_ text: Substring) -> Bool {
    var host = text
    if text.utf8.first == UInt8(ascii: "[") {
        guard let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) else { return false }
        let address = text.utf8[..<end].dropFirst()
        guard !address.isEmpty,
            address.allSatisfy({ hexValue($0) != nil || $0 == UInt8(ascii: ":") })
        else { return false }
        let rest = text[text.utf8.index(after: end)...]
        return rest.isEmpty || (rest.utf8.first == UInt8(ascii: ":") && isPort(rest.dropFirst()))
    }
    if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
        guard isPort(text[text.utf8.index(after: colon)...]) else { return false }
        host = text[..<colon]
    }
    return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
        guard let first = label.utf8.first, let last = label.utf8.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
}

/// Lower-case hex.
func isLowerHex(_ byte: UInt8) -> Bool { hexValue(byte) != nil && !(0x41...0x46).contains(byte) }

private func isPort(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}
