package import DerootBytes
package import DerootOCI

/// All that hangs under the chosen index or manifest of a source, its documents read and verified.
///
/// Layers are not touched. Every child is either among the images or, with a reason, among the
/// others: nothing is dropped in silence.
package struct ImageGraph: Sendable {
    /// An image that a runtime could run.
    package struct Image: Sendable {
        /// The entry by which it was found.
        package let descriptor: Descriptor
        /// Its manifest.
        package let manifest: Manifest
        /// Its config.
        package let config: ImageConfig
        /// What its index says that it runs on; without an index, what its config says.
        package let platform: Platform
        /// The digests of the indexes that lead to it, outermost first; empty for the root itself.
        package let path: [Digest]
        /// Why nobody can look into it (encrypted layers); nil for all others.
        package let refusal: DerootError?
    }

    /// A child that is not converted.
    package struct Other: Sendable {
        /// Why it is not converted.
        package enum Reason: Sendable, Hashable {
            /// An attestation about another child; it speaks of the old digest.
            case attestation
            /// Not an image: what it is, for people.
            case artifact(String)
            /// An image for a platform that was not asked for; it may be missing in the source.
            case platform(Platform)
        }

        /// The entry by which it was found.
        package let descriptor: Descriptor
        /// Why it is not converted.
        package let reason: Reason
        /// The digests of the indexes that lead to it, outermost first.
        package let path: [Digest]
        /// The manifest that it speaks of (image-spec, manifest.md, "subject"); nil for most.
        package var subject: Digest?
    }

    /// An index on the way to the images.
    package struct Index: Sendable {
        /// The entry by which it was found; for the outermost one, the source's root.
        package let descriptor: Descriptor
        /// Its content.
        package let index: ImageIndex
        /// The digests of the indexes that lead to it, outermost first; empty for the root itself.
        package let path: [Digest]
    }

    /// The chosen index or manifest.
    package private(set) var root: Descriptor
    /// The indexes, each once, outer ones before inner ones.
    package internal(set) var indexes: [Index] = []
    /// The images, each once, in the order of the indexes.
    package internal(set) var images: [Image] = []
    /// The children that are not converted, each once, in the order of the indexes.
    package internal(set) var others: [Other] = []

    /// Reads a source's documents from its root down.
    ///
    /// With `platform`, images for other platforms are listed among the others and may be missing;
    /// all else has to be there (a sparse index, hostile input A13).
    ///
    /// - Throws: `.notFound` for a missing child, or where no image is left; `.limit` for too many
    ///   or too deep indexes; `.unsupported` where the root is no image; `.hostile` for documents
    ///   that are two things at once; and whatever is wrong with a document, located.
    package init(
        reading source: any ImageSource, platform: Platform? = nil, limits: Limits = Limits()
    ) throws(DerootError) {
        root = try source.root()
        var walk = GraphWalk(source: source, platform: platform, limits: limits, graph: self)
        try walk.visit(root, path: [])
        self = walk.graph
        guard images.isEmpty else { return }
        throw noImage(in: source, platform)
    }

    /// True where a blob is among the images or the indexes.
    func holds(_ digest: Digest) -> Bool {
        images.contains { $0.descriptor.digest == digest }
            || indexes.contains { $0.descriptor.digest == digest }
    }

    private func noImage(in source: any ImageSource, _ platform: Platform?) -> DerootError {
        let place = DerootError.Location(file: source.name)
        var others: [String] = []
        for other in self.others {
            let text =
                switch other.reason {
                case .attestation: "an attestation"
                case .artifact(let what): what
                case .platform(let found): "an image for \(found)"
                }
            if !others.contains(text) { others.append(text) }
        }
        let found = others.isEmpty ? "nothing" : others.prefix(20).joined(separator: ", ")
        guard let platform else {
            return DerootError(
                .unsupported, "there is no image that could be converted, only \(found)", at: place)
        }
        return DerootError(
            .notFound, "there is no image for \(platform), only \(found)", at: place,
            advice: "choose another --platform"
        ).ofContent
    }
}
