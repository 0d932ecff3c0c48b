import DerootBytes
import DerootOCI
import DerootStore

/// Brings one layer into the transaction: as it is, as its draft, rewritten, or compressed anew.
struct LayerWriter: Sendable {
    let scanner: LayerScanner
    let transaction: any DestinationTransaction
    let compression: ConversionOptions.LayerCompression
    /// What the first pass left, by digest.
    let scanned: [Digest: ScannedLayer]
    /// What other conversions of this process wrote.
    var memory: LayerMemory?

    func write(
        _ layer: Descriptor, _ plan: LayerPlan, isRewritten: Bool
    ) throws(DerootError) -> WrittenLayer {
        guard isRewritten else { return try carry(layer, plan) }
        guard let memory else { return try form(of: layer, plan).layer }
        return try memory.writing(layer.digest) { () throws(DerootError) in
            try remembered(layer, plan, memory)
        }
    }

    /// A form that is known, or a new one, which is known from then on.
    private func remembered(
        _ layer: Descriptor, _ plan: LayerPlan, _ memory: LayerMemory
    ) throws(DerootError) -> WrittenLayer {
        if draft(of: layer, plan) == nil, let known = memory.form(layer.digest, plan.changes),
            compression.target(for: known.layer.compression) == known.layer.compression,
            try known.bring(into: transaction, as: layer.mediaType)
        {
            // What was drafted for another image counts as written, what a store had does not.
            let isDraft = if case .staged = known.place { true } else { false }
            memory.settle(layer.digest, plan.changes, known, isNew: isDraft)
            return known.layer
        }
        let (kept, blob) = try form(of: layer, plan)
        if let blob {
            memory.settle(
                layer.digest, plan.changes, LayerForm(layer: kept, place: .staged(blob)),
                isNew: true)
        }
        return kept
    }

    private func draft(of layer: Descriptor, _ plan: LayerPlan) -> StagedBlob? {
        guard let scanned = scanned[layer.digest], scanned.pass.changes == plan.changes else {
            return nil
        }
        return scanned.pass.blob.written == nil ? nil : scanned.draft
    }

    /// The draft, or the layer read once more and written; without the blob where it was compressed
    /// anew.
    private func form(
        of layer: Descriptor, _ plan: LayerPlan
    ) throws(DerootError) -> (layer: WrittenLayer, blob: StagedBlob?) {
        if let draft = draft(of: layer, plan), let pass = scanned[layer.digest]?.pass,
            let written = pass.blob.written
        {
            let kept = try keep(draft, written, pass.blob.compression)
            return (kept, kept.digest == written.digest ? draft : nil)
        }
        let (pass, blob) = try scanner.rewrite(layer, plan)
        guard let blob, let written = pass.blob.written else {
            throw DerootError(
                .planMismatch, "the plan's changes are none", at: .init(blob: layer.digest))
        }
        let kept = try keep(blob, written, pass.blob.compression)
        return (kept, kept.digest == written.digest ? blob : nil)
    }

    private func keep(
        _ blob: StagedBlob, _ written: BlobPatcher.Written, _ current: Compression
    ) throws(DerootError) -> WrittenLayer {
        let target = compression.target(for: current)
        guard target == current else {
            return try transcode(try blob.contents(), written.digest, to: target)
        }
        try transaction.keep(blob, digest: written.digest, size: written.size)
        return WrittenLayer(
            digest: written.digest, size: written.size, diffID: written.diffID,
            compression: current)
    }

    private func carry(
        _ layer: Descriptor, _ plan: LayerPlan
    ) throws(DerootError) -> WrittenLayer {
        let current: Compression
        if let known = scanned[layer.digest]?.pass.blob.compression {
            current = known
        } else {
            let blob = try scanner.source.blob(layer)
            current = try unsafe BlobPatcher(source: blob, sink: nil, limits: scanner.limits)
                .compression
        }
        let target = compression.target(for: current)
        guard target == current else {
            do throws(DerootError) {
                return try transcode(try scanner.source.blob(layer), layer.digest, to: target)
            } catch {
                throw error.located(in: .init(file: scanner.source.name, blob: layer.digest))
            }
        }
        if !transaction.contains(layer.digest) {
            try transaction.copy(try scanner.source.blob(layer), descriptor: layer)
        }
        return WrittenLayer(
            digest: layer.digest, size: layer.size, diffID: plan.diffID, compression: current)
    }

    /// Compresses the raw stream of a blob with this digest anew; the stream stays what it is.
    private func transcode(
        _ blob: consuming FileSlice, _ digest: Digest, to target: Compression
    ) throws(DerootError) -> WrittenLayer {
        let staged = try transaction.stage()
        let reader = try unsafe BlobPatcher(
            source: blob, sink: nil, limits: scanner.limits, digestAlgorithm: digest.algorithm)
        var writer = unsafe BlobWriter(target) { (bytes) throws(DerootError) in
            try unsafe staged.write(bytes)
        }
        while case let piece = try unsafe reader.next(), piece.count > 0 {
            try Interruption.check()
            try unsafe writer.write(piece)
        }
        try reader.finish().requireDigest(digest)
        let written = try writer.finish()
        try transaction.keep(staged, digest: written.digest, size: written.size)
        return WrittenLayer(
            digest: written.digest, size: written.size, diffID: written.diffID, compression: target)
    }
}
