package import DerootBytes
package import DerootOCI
package import DerootTar

/// What came out of a conversion, for reports.
package struct ConversionResult: Sendable {
    /// One image of the result.
    package struct Image: Sendable {
        /// The plan that was applied.
        package let plan: ImagePlan
        /// The new manifest; the source's where nothing changed.
        package let manifest: Digest
        /// Its content.
        package let document: Manifest
        /// The config that goes with it.
        package let config: ImageConfig
        /// The layers in the manifest's order, as they are now.
        package let layers: [WrittenLayer]
        /// The added layer; nil where there is none.
        package let added: WrittenLayer?
        /// Bytes of all layers, before and after.
        package let sizeBefore: UInt64
        package let sizeAfter: UInt64
    }

    /// The result's index or manifest, as its entry names it.
    package let root: Descriptor
    /// The source's.
    package let sourceRoot: Descriptor
    package let plan: ConversionPlan
    package let images: [Image]
    /// What was read of each image's layers; shorter where a plan was applied unread.
    package let listings: [[LayerListing]]
    /// The children that were not converted, by digest.
    package let carriedDigests: Set<Digest>
    /// Children that are the source's, byte for byte.
    package let carried: [String]
    /// What is not in the result any more, and why.
    package let dropped: [String]

    /// True where the result is the source itself.
    package var isUnchanged: Bool { root.digest == sourceRoot.digest }
}
