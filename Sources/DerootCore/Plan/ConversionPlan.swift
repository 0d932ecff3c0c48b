package import DerootBytes

/// What happens to everything under the chosen reference of a source.
package struct ConversionPlan: Sendable, Hashable {
    /// The source as it was named, for people.
    package let source: String
    /// The digest of the chosen index or manifest; a plan fits no other.
    package let digest: Digest
    package let options: ConversionOptions
    /// The platforms asked for; nil: all.
    package let platform: String?
    /// In the order of the indexes.
    package let images: [ImagePlan]

    package init(
        source: String, digest: Digest, options: ConversionOptions, platform: String?,
        images: [ImagePlan]
    ) {
        self.source = source
        self.digest = digest
        self.options = options
        self.platform = platform
        self.images = images
    }

    /// True where nothing would change.
    package var isEmpty: Bool { images.allSatisfy(\.isEmpty) }
}
