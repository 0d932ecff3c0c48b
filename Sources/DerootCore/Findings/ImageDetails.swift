package import DerootBytes
package import DerootOCI
package import DerootStore
package import DerootTar

/// What reports show of a checked image beside its findings: its layers and its config.
package struct ImageDetails: Sendable {
    /// One layer, lowest first.
    package struct Layer: Sendable {
        /// The blob, as the source has it.
        package let digest: Digest
        /// Bytes of the blob.
        package let size: UInt64
        /// The command that made it, as the history has it; nil where that is not known.
        package let createdBy: String?
        /// Its entries; nil where it was not read.
        package let listing: LayerListing?

        package init(
            digest: Digest, size: UInt64, createdBy: String? = nil, listing: LayerListing? = nil
        ) {
            self.digest = digest
            self.size = size
            self.createdBy = createdBy
            self.listing = listing
        }
    }

    /// In the manifest's order.
    package let layers: [Layer]
    /// As the source has it.
    package let config: ImageConfig

    package init(layers: [Layer], config: ImageConfig) {
        self.layers = layers
        self.config = config
    }

    /// Puts together what is known of an image; `listings` has nil for layers that were not read.
    package init(_ image: ImageGraph.Image, listings: [LayerListing?]) {
        let steps = image.config.history.filter { !$0.isEmptyLayer }
        // Where the history does not fit the layers, nobody knows which step made which.
        let isFitting = steps.count == image.manifest.layers.count
        layers = image.manifest.layers.enumerated().map { index, layer in
            Layer(
                digest: layer.digest, size: layer.size,
                createdBy: isFitting ? steps[index].createdBy : nil,
                listing: index < listings.count ? listings[index] : nil)
        }
        config = image.config
    }
}
