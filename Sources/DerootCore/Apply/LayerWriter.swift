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
        if let scanned = scanned[layer.digest], scanned.pass.changes == plan.changes,
            let draft = scanned.draft, let written = scanned.pass.blob.written
        {
            return try keep(draft, written, scanned.pass.blob.compression)
        }
        if let form = memory?.form(layer.digest, plan.changes),
            compression.target(for: form.layer.compression) == form.layer.compression
        {
            if !transaction.contains(form.layer.digest) {
                try transaction.copy(
                    try form.blob.contents(),
                    descriptor: Descriptor(
                        mediaType: layer.mediaType, digest: form.layer.digest,
                        size: form.layer.size))
            }
            return form.layer
        }
        let (pass, blob) = try scanner.rewrite(layer, plan)
        guard let blob, let written = pass.blob.written else {
            throw DerootError(
                .planMismatch, "the plan's changes are none", at: .init(blob: layer.digest))
        }
        let kept = try keep(blob, written, pass.blob.compression)
        if kept.digest == written.digest {
            memory?.note(layer.digest, plan.changes, .init(layer: kept, blob: blob))
        }
        return kept
    }

    private func keep(
        _ blob: StagedBlob, _ written: BlobPatcher.Written, _ current: Compression
    ) throws(DerootError) -> WrittenLayer {
        let target = compression.target(for: current)
        guard target == current else { return try transcode(try blob.contents(), to: target) }
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
            return try transcode(try scanner.source.blob(layer), to: target)
        }
        if !transaction.contains(layer.digest) {
            try transaction.copy(try scanner.source.blob(layer), descriptor: layer)
        }
        return WrittenLayer(
            digest: layer.digest, size: layer.size, diffID: plan.diffID, compression: current)
    }

    /// Compresses a raw stream anew; the stream stays what it is.
    private func transcode(
        _ blob: consuming FileSlice, to target: Compression
    ) throws(DerootError) -> WrittenLayer {
        let staged = try transaction.stage()
        let reader = try unsafe BlobPatcher(source: blob, sink: nil, limits: scanner.limits)
        var writer = unsafe BlobWriter(target) { (bytes) throws(DerootError) in
            try unsafe staged.write(bytes)
        }
        while case let piece = try unsafe reader.next(), piece.count > 0 {
            try Interruption.check()
            try unsafe writer.write(piece)
        }
        let written = try writer.finish()
        try transaction.keep(staged, digest: written.digest, size: written.size)
        return WrittenLayer(
            digest: written.digest, size: written.size, diffID: written.diffID, compression: target)
    }
}
