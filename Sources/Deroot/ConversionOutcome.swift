import DerootCore
import DerootOCI

/// What came out of a conversion.
public struct ConversionOutcome: Sendable, Hashable {
    /// One image of the result.
    public struct Image: Sendable, Hashable {
        /// `os/architecture[/variant]`.
        public let platform: String
        /// The manifest; the source's where nothing changed.
        public let digest: Digest
        /// The config's User: two decimal numbers.
        public let user: String
        /// Compressed bytes of all layers, before.
        public let bytesBefore: UInt64
        /// Compressed bytes of all layers, after.
        public let bytesAfter: UInt64
    }

    /// Where the result is, as it is written on a command line.
    public let reference: String
    /// The result's index or manifest.
    public let digest: Digest
    /// The source's.
    public let sourceDigest: Digest
    /// In the order of the index; images that are carried as they are are not in it.
    public let images: [Image]
    /// What is not in the result any more, and why, a sentence each.
    public let dropped: [String]

    /// True where the result is the source itself.
    public var isUnchanged: Bool { digest == sourceDigest }

    init(_ result: ConversionResult, reference: String) {
        self.reference = reference
        digest = result.root.digest
        sourceDigest = result.sourceRoot.digest
        dropped = result.dropped
        images = result.images.map { image in
            Image(
                platform: image.plan.platform, digest: image.manifest, user: image.plan.userAfter,
                bytesBefore: image.sizeBefore, bytesAfter: image.sizeAfter)
        }
    }
}
