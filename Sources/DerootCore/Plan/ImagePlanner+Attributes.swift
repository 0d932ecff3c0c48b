import DerootBytes
import DerootTar

// What is carried, and may not mean what it meant.
extension ImagePlanner {
    static func attributeNotes(_ planned: [[EntryChange]], _ tree: FileTree) -> [String] {
        var overlays: [TarPath] = []
        var signatures: [TarPath] = []
        for (listing, changes) in zip(tree.layers, planned) {
            overlays += (listing.oddAttributes[.overlay] ?? []).map(listing.path)
            let signed = Set(listing.oddAttributes[.signature] ?? [])
            if signed.isEmpty { continue }
            signatures += changes.map(\.index).filter(signed.contains).map(listing.path)
        }
        return note(
            overlays, "carries an attribute of overlay file systems, which may show another content"
        )
            + note(signatures, "carries an IMA or EVM signature, which does not fit its new header")
    }

    /// One line, however many there are.
    private static func note(_ paths: [TarPath], _ what: String) -> [String] {
        guard let first = paths.first else { return [] }
        let others = paths.count == 1 ? "" : " (and \(paths.count - 1) more)"
        return ["\(first)\(others) \(what)"]
    }
}
