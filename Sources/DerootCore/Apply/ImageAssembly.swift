package import DerootBytes
import DerootOCI
import DerootStore

/// A layer of the result.
package struct WrittenLayer: Sendable, Hashable {
    package let digest: Digest
    package let size: UInt64
    package let diffID: DiffID
    package let compression: Compression

    /// Says what a layer is.
    package init(digest: Digest, size: UInt64, diffID: DiffID, compression: Compression) {
        self.digest = digest
        self.size = size
        self.diffID = diffID
        self.compression = compression
    }
}

/// The names under which deroot notes what it did: manifest annotations, or labels for Docker.
package enum Facts {
    package static let version = "dev.deroot.version"
    package static let sourceDigest = "dev.deroot.source.digest"
    package static let planDigest = "dev.deroot.plan.digest"
    package static let options = "dev.deroot.options"
    /// `ID@DIGEST` of the recipe that was applied.
    package static let recipe = "dev.deroot.recipe"
    /// The base image's names; only true where all of its layers are still there (image-spec,
    /// annotations.md), so only for appended layers.
    package static let baseDigest = "org.opencontainers.image.base.digest"
}

/// Makes an image's new config and manifest out of the old ones; every unknown member stays.
struct ImageAssembly {
    let image: ImageGraph.Image
    let plan: ImagePlan
    let options: ConversionOptions
    /// In the manifest's order.
    let layers: [WrittenLayer]
    let added: WrittenLayer?
    /// Docker's manifests have no annotations, and a docker-archive has no manifest.
    let usesLabels: Bool

    /// The documents, and the annotations that went since they speak of the old layers.
    struct Result {
        let config: ImageConfig
        let manifest: Manifest
        let dropped: [String]
    }

    func assemble() throws(DerootError) -> Result {
        var facts: [(String, String)] = [
            (Facts.version, Version.text),
            (Facts.sourceDigest, image.descriptor.digest.description),
            (Facts.planDigest, plan.digest.description),
            (Facts.options, options.description),
        ]
        if let recipe = plan.recipe { facts.append((Facts.recipe, recipe.fact)) }
        if options.layers == .append {
            facts.append((Facts.baseDigest, image.descriptor.digest.description))
        }
        var config = image.config
        update(&config, facts: facts)
        let bytes = config.document.bytes
        var manifest = image.manifest
        var dropped: [String] = []
        for (index, layer) in layers.enumerated() {
            dropped += try update(&manifest, index, layer)
        }
        if let added { manifest.appendLayer(try descriptor(of: added, in: manifest)) }
        var descriptor = manifest.config
        descriptor.setContent(digest: Digest.of(bytes), size: UInt64(bytes.count))
        manifest.setConfig(descriptor)
        if !usesLabels {
            for (name, value) in facts { manifest.setAnnotation(name, value) }
        }
        return Result(config: config, manifest: manifest, dropped: dropped)
    }

    private func update(_ config: inout ImageConfig, facts: [(String, String)]) {
        plan.edit(&config)
        for (index, layer) in layers.enumerated() where config.diffIDs[index] != layer.diffID {
            config.replaceDiffID(at: index, layer.diffID)
        }
        if let added { config.appendDiffID(added.diffID) }
        let isSame = zip(layers, image.manifest.layers).allSatisfy { $0.digest == $1.digest }
        if added != nil || !isSame { config.removeStaleImageIDs() }
        // An image without any history stays so: one entry would not fit its layers.
        if !config.history.isEmpty || layers.isEmpty {
            config.appendHistory(
                createdBy: options.commandLine, comment: "made non-root by deroot",
                created: options.sourceDateEpoch.map { Timestamp(seconds: $0).description }
                    ?? config.created,
                emptyLayer: added == nil)
        }
        if usesLabels {
            for (name, value) in facts { config.setLabel(name, value) }
        }
    }

    /// Puts a layer's new form into the manifest, and takes away what was said of the old one.
    private func update(
        _ manifest: inout Manifest, _ index: Int, _ layer: WrittenLayer
    ) throws(DerootError) -> [String] {
        var descriptor = manifest.layers[index]
        guard descriptor.digest != layer.digest else { return [] }
        var dropped: [String] = []
        for annotation in descriptor.annotations where Self.isStale(annotation.name) {
            descriptor.setAnnotation(annotation.name, nil)
            dropped.append("layer \(descriptor.digest.short): annotation \(annotation.name)")
        }
        descriptor.setContent(digest: layer.digest, size: layer.size)
        if descriptor.mediaType.layerCompression != layer.compression,
            let type = descriptor.mediaType.withCompression(layer.compression)
        {
            descriptor.setMediaType(type)
        }
        manifest.setLayer(at: index, descriptor)
        return dropped
    }

    /// Annotations that describe a layer's bytes: tables of contents, checksums, sizes, diffIDs.
    private static func isStale(_ name: String) -> Bool {
        let prefixes = [
            "containerd.io/snapshot/stargz/", "io.containers.estargz.",
            "io.github.containers.zstd-chunked.", "containerd.io/uncompressed",
            "com.amazon.soci.", "containerd.io/snapshot/nydus-",
        ]
        return prefixes.contains { name.hasPrefix($0) }
    }

    private func descriptor(
        of layer: WrittenLayer, in manifest: Manifest
    ) throws(DerootError) -> Descriptor {
        let family: MediaType = manifest.isDocker ? .dockerLayer : .layer
        return Descriptor(
            mediaType: family.withCompression(layer.compression) ?? family, digest: layer.digest,
            size: layer.size)
    }
}
