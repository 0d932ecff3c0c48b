import DerootBytes
import DerootOCI

extension Descriptor {
    /// This root as the entry of a layout's index, named as asked.
    ///
    /// The name of the destination comes first, then the one that the image had in its source. With
    /// another name than before, the full name that containerd goes by would be a lie, and goes.
    func entry(asked: String?, carried: String?) -> Descriptor {
        var entry = self
        let old = annotations[OCILayout.referenceName]
        guard let name = asked ?? carried ?? old else { return entry }
        if let old, sameBytes(old, name) { return entry }
        entry.setAnnotation(OCILayout.referenceName, name)
        entry.setAnnotation(containerdName, nil)
        return entry
    }
}

extension ImageIndex {
    /// Puts an entry in: in the place of the one with its name, else at the end.
    ///
    /// A nameless entry takes the place of the only nameless one, so that converting twice gives
    /// the same layout.
    ///
    /// - Throws: `.ambiguous` where several entries have no name and the new one has none either.
    mutating func place(_ entry: Descriptor) throws(DerootError) {
        let name = entry.annotations[OCILayout.referenceName]
        let same = manifests.indices.filter { position in
            switch (manifests[position].annotations[OCILayout.referenceName], name) {
            // An attachment has no name either, and is nobody's place.
            case (nil, nil): manifests[position].artifactType == nil
            case (let one?, let other?): sameBytes(one, other)
            default: false
            }
        }
        guard let first = same.first else {
            appendManifest(entry)
            return
        }
        guard name != nil || same.count == 1 else {
            if same.contains(where: { manifests[$0] == entry }) { return }
            throw DerootError(
                .ambiguous, "the layout holds \(same.count) images without a name",
                advice: "name the result: oci:PATH:NAME")
        }
        if manifests[first] != entry { setManifest(at: first, entry) }
        for position in same.dropFirst().reversed() { removeManifest(at: position) }
    }
}
