import DerootBytes
import DerootOCI
import DerootStore
import DerootTar

/// Writes the layer on top: new files, and in append mode whole files whose headers change.
struct AddedLayerWriter {
    let scanner: LayerScanner
    let transaction: any DestinationTransaction
    let options: ConversionOptions
    let layers: [Digest: ScannedLayer]

    /// nil where nothing is to be added.
    func write(
        _ image: ImageGraph.Image, _ plan: ImagePlan, _ written: [WrittenLayer]
    ) throws(DerootError) -> WrittenLayer? {
        let isAppending = options.layers == .append && plan.layers.contains { !$0.changes.isEmpty }
        guard !plan.added.isEmpty || isAppending else { return nil }
        let staged = try transaction.stage()
        let compression = written.last?.compression ?? .gzip
        let output = LayerOutput(compression, staged)
        if isAppending {
            for (layer, layerPlan) in zip(image.manifest.layers, plan.layers)
            where !layerPlan.changes.isEmpty {
                let changes = Dictionary(
                    layerPlan.changes.map { ($0.index, $0.change) }, uniquingKeysWith: { a, _ in a }
                )
                let files = AppendedFiles(limits: scanner.limits, changes: changes)
                do throws(DerootError) {
                    try unsafe files.copy(
                        from: try scanner.source.blob(layer), digest: layer.digest
                    ) { (bytes) throws(DerootError) in try unsafe output.write(bytes) }
                } catch {
                    throw error.located(in: .init(file: scanner.source.name, blob: layer.digest))
                }
            }
        }
        let entries = AddedLayer(
            modified: options.sourceDateEpoch
                ?? image.config.created.flatMap { Timestamp(parsing: $0) }?.seconds ?? 0,
            originals: try originals(image, plan))
        try entries.write(plan.added) { (bytes) throws(DerootError) in try output.write(bytes) }
        try output.write(AddedLayer.end)
        let result = try output.finish()
        try transaction.keep(staged, digest: result.digest, size: result.size)
        return WrittenLayer(
            digest: result.digest, size: result.size, diffID: result.diffID,
            compression: compression)
    }

    /// The headers of files that are written anew, from the topmost layer that has them.
    ///
    /// Their times and attributes stay. Those not kept when the layers were read are read once more.
    private func originals(
        _ image: ImageGraph.Image, _ plan: ImagePlan
    ) throws(DerootError) -> [TarPath: HeaderGroup] {
        var out: [TarPath: HeaderGroup] = [:]
        for layer in image.manifest.layers {
            guard let scanned = layers[layer.digest] else { continue }
            for entry in scanned.pass.captured.values.sorted(by: {
                $0.group.offset < $1.group.offset
            }) {
                out[TarPath(entry.group.meaning.name)] = entry.group
            }
        }
        for entry in plan.added where out[entry.path] == nil {
            guard case .file = entry.kind else { continue }
            for layer in image.manifest.layers.reversed() {
                guard let listing = layers[layer.digest]?.pass.listing,
                    let index = (0..<listing.count).last(where: {
                        listing.pathBytes($0).elementsEqual(entry.path.bytes)
                    })
                else { continue }
                if listing.entries[index].type == .file, !listing.entries[index].isSparse,
                    listing.entries[index].bodySize <= Accounts.sizeLimit
                {
                    out[entry.path] = try scanner.entry(index, in: layer).group
                }
                break
            }
        }
        return out
    }
}

/// A blob writer that closures can share.
private final class LayerOutput {
    private var writer: BlobWriter?

    init(_ compression: Compression, _ staged: StagedBlob) {
        writer = unsafe BlobWriter(compression) { (bytes) throws(DerootError) in
            try unsafe staged.write(bytes)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        try unsafe writer?.write(bytes)
    }

    func write(_ bytes: [UInt8]) throws(DerootError) { try writer?.write(bytes) }

    func finish() throws(DerootError) -> BlobPatcher.Written {
        guard let result = try writer.take()?.finish() else {
            throw DerootError(.io, "the layer was ended twice")
        }
        return result
    }
}
