import Glibc

/// An IP address, and how far from the public network it is.
package struct PeerAddress: Sendable, Hashable {
    /// Where an address leads to; a redirect may lead outwards or stay, never inwards
    /// (hostile input F02: a public server must not make us talk to somebody's router).
    package enum Reach: Int, Sendable, Hashable, Comparable {
        /// This machine, or this link only (cloud metadata services are at 169.254.169.254).
        case local
        /// A network of somebody's own (RFC 1918, RFC 4193, RFC 6598).
        case inner
        /// Everybody.
        case open

        /// Whether one is further inside than the other.
        package static func < (a: Reach, b: Reach) -> Bool { a.rawValue < b.rawValue }
    }

    private let bytes: [UInt8]

    /// Parses an address in its usual form; nil for names and for unusual forms.
    package init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        let plain = text.prefix { $0 != "%" }
        let isFour = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe inet_pton(AF_INET, String(plain), buffer.baseAddress) == 1
        }
        if isFour {
            self.bytes = Array(bytes.prefix(4))
            return
        }
        let isSix = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe inet_pton(AF_INET6, String(plain), buffer.baseAddress) == 1
        }
        guard isSix else { return nil }
        // ::ffff:0:0/96 and 64:ff9b::/96 stand for an IPv4 address (RFC 4291, RFC 6052).
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        let translated: [UInt8] = [0, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8)
        let stands = bytes.starts(with: mapped) || bytes.starts(with: translated)
        self.bytes = stands ? Array(bytes.suffix(4)) : bytes
    }

    /// Where the address leads to.
    package var reach: Reach {
        if bytes.count == 4 {
            switch (bytes[0], bytes[1]) {
            case (127, _), (0, _), (169, 254), (224..., _): return .local
            case (10, _), (172, 16...31), (192, 168), (100, 64...127): return .inner
            default: return .open
            }
        }
        if bytes.dropLast().allSatisfy({ $0 == 0 }) { return .local }
        if bytes[0] == 0xFE, bytes[1] & 0xC0 == 0x80 { return .local }
        if bytes[0] == 0xFF { return .local }
        return bytes[0] & 0xFE == 0xFC ? .inner : .open
    }

    /// Where a host's name says that it leads to, without asking anybody; nil where it does not say.
    package static func reach(ofHost host: String) -> Reach? {
        if host == "localhost" || host.hasSuffix(".localhost") { return .local }
        return PeerAddress(host)?.reach
    }
}
