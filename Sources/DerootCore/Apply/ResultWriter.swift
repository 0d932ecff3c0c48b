import DerootBytes
import DerootOCI
import DerootStore
import DerootTar

/// Executes a plan: layers, added layer, documents, indexes, all into one transaction.
struct ResultWriter {
    private let conversion: Conversion
    private let planned: Conversion.Planned
    private let transaction: any DestinationTransaction

    init(
        conversion: Conversion, planned: Conversion.Planned,
        _ transaction: any DestinationTransaction
    ) {
        self.conversion = conversion
        self.planned = planned
        self.transaction = transaction
    }

    func write() throws(DerootError) -> ConversionResult {
        let images = planned.graph.convertible
        let referrers = referrers()
        let written = try writeLayers(images)
        var results: [ConversionResult.Image] = []
        var assembly = IndexAssembly(planned.graph, isNarrowed: conversion.platform != nil)
        var dropped: [String] = []
        for (image, plan) in zip(images, planned.plan.images) {
            let layers = plan.layers.compactMap { written[LayerKey($0, plan, conversion.options)] }
            let (result, notes) = try finish(image, plan, layers)
            if result.manifest.digest != image.descriptor.digest {
                assembly.replace(
                    image.descriptor.digest, digest: result.manifest.digest,
                    size: result.manifest.size)
            }
            dropped += notes
            results.append(
                ConversionResult.Image(
                    plan: plan, manifest: result.manifest.digest,
                    document: result.document, config: result.config,
                    layers: layers,
                    added: result.added,
                    sizeBefore: image.manifest.layers.reduce(0) { $0 + $1.size },
                    sizeAfter: layers.reduce(result.added?.size ?? 0) { $0 + $1.size }))
        }
        let outcome = try assembly.assemble(into: transaction)
        for child in outcome.carried { try carry(child) }
        return ConversionResult(
            root: outcome.root, sourceRoot: planned.graph.root, plan: planned.plan, images: results,
            listings: images.map { image in
                image.manifest.layers.compactMap { planned.layers[$0.digest]?.pass.listing }
            },
            carriedDigests: Set(outcome.carried.map(\.digest)), carried: outcome.carriedNames,
            dropped: dropped + outcome.dropped + (try leftBehind(referrers)))
    }

    /// Documents beside the source's image; what is inside its indexes is dropped or carried there.
    ///
    /// They speak of the source's digests and stay with them: to copy them would lend the result a
    /// trust that nobody has given it.
    private func leftBehind(_ referrers: Referrers) throws(DerootError) -> [String] {
        do throws(DerootError) {
            return try referrers.value().get().map { found in
                "\(found.digest): \(found.what), which speaks of \(found.subject.short) "
                    + "and stays beside the source"
            }
        } catch {
            guard error.code != .interrupted else { throw error }
            return [
                "signatures and other documents beside the source, which cannot be listed: \(error)"
            ]
        }
    }

    private typealias Referrers = Background<Result<[Referrer.Found], DerootError>>

    /// Asks for them while layers are written; a registry may have to be asked often.
    private func referrers() -> Referrers {
        let graph = planned.graph
        var digests = [graph.root.digest]
        for image in graph.images where !digests.contains(image.descriptor.digest) {
            digests.append(image.descriptor.digest)
        }
        return Background { [source = conversion.source, digests] in
            Result { () throws(DerootError) in try source.referrers(of: digests) }
        }
    }

    private struct Finished {
        let manifest: (digest: Digest, size: UInt64)
        let document: Manifest
        let config: ImageConfig
        let added: WrittenLayer?
    }

    private func finish(
        _ image: ImageGraph.Image, _ plan: ImagePlan, _ layers: [WrittenLayer]
    ) throws(DerootError) -> (Finished, [String]) {
        let source = conversion.source
        let isSame = zip(layers, image.manifest.layers).allSatisfy { $0.digest == $1.digest }
        guard !plan.isEmpty || !isSame else {
            try copyDocument(image.manifest.config)
            try copyDocument(image.descriptor)
            let same = (image.descriptor.digest, image.descriptor.size)
            return (
                Finished(
                    manifest: same, document: image.manifest, config: image.config, added: nil), []
            )
        }
        let layerWriter = AddedLayerWriter(
            scanner: conversion.scanner(nil), transaction: transaction,
            options: conversion.options, layers: planned.layers)
        let added = try layerWriter.write(image, plan, layers)
        let result = try ImageAssembly(
            image: image, plan: plan, options: conversion.options, layers: layers, added: added,
            usesLabels: conversion.usesLabels || image.manifest.isDocker
        ).assemble()
        try transaction.put(result.config.document.bytes)
        let bytes = result.manifest.document.bytes
        let digest = try transaction.put(bytes)
        let name = "\(source.name): "
        let manifest = (digest, UInt64(bytes.count))
        let finished = Finished(
            manifest: manifest, document: result.manifest, config: result.config, added: added)
        return (finished, result.dropped.map { name + $0 })
    }

    /// What makes two uses of a layer the same job.
    private struct LayerKey: Hashable {
        let digest: Digest
        let changes: [EntryChange]

        init(_ layer: LayerPlan, _ plan: ImagePlan, _ options: ConversionOptions) {
            digest = layer.digest
            changes = options.layers == .rewrite ? layer.changes : []
        }

        /// There may be a million changes: counting them tells nearly all keys apart.
        func hash(into hasher: inout Hasher) {
            hasher.combine(digest)
            hasher.combine(changes.count)
        }
    }

    private struct LayerJob: Sendable {
        let layer: Descriptor
        let plan: LayerPlan
        let isRewritten: Bool
    }

    /// Writes each layer once, over all images and platforms.
    private func writeLayers(
        _ images: [ImageGraph.Image]
    ) throws(DerootError) -> [LayerKey: WrittenLayer] {
        var keys: [LayerKey] = []
        var jobs: [LayerJob] = []
        var seen: Set<LayerKey> = []
        for (image, plan) in zip(images, planned.plan.images) {
            for (layer, layerPlan) in zip(image.manifest.layers, plan.layers) {
                let key = LayerKey(layerPlan, plan, conversion.options)
                guard seen.insert(key).inserted else { continue }
                keys.append(key)
                jobs.append(
                    LayerJob(layer: layer, plan: layerPlan, isRewritten: !key.changes.isEmpty))
            }
        }
        let writer = LayerWriter(
            scanner: conversion.scanner(transaction), transaction: transaction,
            compression: conversion.options.compression, scanned: planned.layers,
            memory: conversion.memory)
        let written = try conversion.pool.map(jobs) { (job: LayerJob) throws(DerootError) in
            try writer.write(job.layer, job.plan, isRewritten: job.isRewritten)
        }
        return Dictionary(zip(keys, written), uniquingKeysWith: { first, _ in first })
    }

    private func copyDocument(_ descriptor: Descriptor) throws(DerootError) {
        guard !transaction.contains(descriptor.digest) else { return }
        let limit = max(conversion.limits.configBytes, conversion.limits.manifestBytes)
        let bytes = try conversion.source.document(descriptor, limit: limit)
        try transaction.put(bytes, algorithm: descriptor.digest.algorithm)
    }

    /// Copies a child that is not converted, with all that it refers to.
    ///
    /// By content and not by type: what has a config, layers or blobs is nothing without them.
    private func carry(_ child: Descriptor) throws(DerootError) {
        guard child.size <= UInt64(conversion.limits.manifestBytes) else {
            try copyBlob(child)
            return
        }
        let bytes = try conversion.source.document(child, limit: conversion.limits.manifestBytes)
        if let document = try? Document(parsing: bytes) {
            guard try document.root.field("manifests") == nil || child.mediaType.isIndex else {
                throw DerootError(
                    .unsupported, "an index of an unknown type cannot be carried",
                    at: .init(file: conversion.source.name, blob: child.digest))
            }
            var parts = try document.root.descriptor("config").map { [$0] } ?? []
            parts += try document.root.descriptors("layers") ?? []
            parts += try document.root.descriptors("blobs") ?? []
            for part in parts {
                if !part.urls.isEmpty, !conversion.source.contains(part) { continue }
                try copyBlob(part)
            }
        }
        try transaction.put(bytes, algorithm: child.digest.algorithm)
    }

    private func copyBlob(_ descriptor: Descriptor) throws(DerootError) {
        guard !transaction.contains(descriptor.digest) else { return }
        if !conversion.source.contains(descriptor), let data = descriptor.data {
            try transaction.put(data, algorithm: descriptor.digest.algorithm)
            return
        }
        try transaction.copy(try conversion.source.blob(descriptor), descriptor: descriptor)
    }
}
