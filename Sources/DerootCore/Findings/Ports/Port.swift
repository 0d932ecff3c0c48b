/// Ports as configs and configuration files spell them.
enum Port {
    /// The number of `80`, `80/tcp`, `80-90/udp`, `*:80`, `[::]:80`, `0.0.0.0:80`; nil for all else.
    static func number(_ text: some StringProtocol) -> Int? {
        let parts = String(text).split(separator: ":")
        let tail = parts.last.map { String($0) } ?? ""
        let digits = tail.utf8.prefix { (0x30...0x39).contains($0) }
        let rest = tail.utf8.dropFirst(digits.count).first
        guard !digits.isEmpty, digits.count <= 5, rest == nil || "/-,;".utf8.contains(rest ?? 0),
            let number = Int(String(decoding: Array(digits), as: UTF8.self)), (1...65535) ~= number
        else { return nil }
        return number
    }
}
