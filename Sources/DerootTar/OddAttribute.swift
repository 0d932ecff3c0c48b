/// Extended attributes that are carried, but that a reader of the report should know of.
package enum OddAttribute: Sendable, Hashable, CaseIterable {
    /// `trusted.overlay.*`, `user.overlay.*`: an overlay file system may show another file's content
    /// for this one (redirects, metadata-only copies).
    case overlay
    /// `security.ima`, `security.evm`: a signature that covers owner and mode.
    case signature

    private static let prefixes = ["schily.xattr.", "libarchive.xattr."].map { Array($0.utf8) }
    private static let overlays = ["trusted.overlay.", "user.overlay."].map { Array($0.utf8) }
    private static let signatures = ["security.ima", "security.evm"].map { Array($0.utf8) }

    /// What a pax record sets; nil for everything else.
    package init?(_ record: PaxRecord) {
        // Most records are names and times.
        guard record.key.count > 20, [0x53, 0x73, 0x4C, 0x6C].contains(record.key[0]) else {
            return nil
        }
        let key = record.key.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        guard let start = Self.prefixes.first(where: { key.starts(with: $0) })?.count else {
            return nil
        }
        let name = key[start...]
        if Self.overlays.contains(where: { name.starts(with: $0) }) {
            self = .overlay
        } else if Self.signatures.contains(where: { name.elementsEqual($0) }) {
            self = .signature
        } else {
            return nil
        }
    }
}
