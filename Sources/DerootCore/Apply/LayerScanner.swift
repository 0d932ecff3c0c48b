package import DerootBytes
package import DerootOCI
package import DerootStore
import DerootTar

/// A layer that was read, and what was already written of its new form.
package struct ScannedLayer: Sendable {
    package let descriptor: Descriptor
    package let pass: LayerPass.Outcome
    /// The rewritten blob with the foretold changes; nil where there were none.
    package let draft: StagedBlob?
}

/// Reads layers, each once, and writes their new forms.
package struct LayerScanner: Sendable {
    package let source: any ImageSource
    /// Where new blobs are staged; nil: nothing is written.
    package let transaction: (any DestinationTransaction)?
    package let limits: Limits
    package let observer: ConversionObserver
    /// Further files whose headers and bodies are kept when a layer is read for the first time.
    package var kept: Set<[UInt8]> = []
    /// True where what is written is what the result will have, unless the plan turns out otherwise.
    package var isForetold = false

    /// Reads a layer for the first time and makes the changes that are foretold.
    ///
    /// `diffIDs` is what the configs that use the layer say of its raw stream; `decide` says what is
    /// likely to change, and without it nothing is written; `files` says which bodies are kept;
    /// `record` takes what another run needs instead of the layer.
    ///
    /// - Throws: `.mismatch` for another size, digest or diffID than stated, and all that is wrong
    ///   with the layer.
    package func scan(
        _ layer: Descriptor, diffIDs: [DiffID], decide: LayerPass.Decide?,
        keeping files: StartFiles? = nil, record: LayerRecorder? = nil
    ) throws(DerootError) -> ScannedLayer {
        let accounts = Set(Accounts.Kind.allCases.map { Array($0.rawValue.utf8) })
        var pass = LayerPass()
        let wanted = accounts.union(kept).union(ImageKind.osReleasePaths.map(\.bytes))
        // Nearly every path is told from the wanted ones by its length or its last byte.
        let lengths = Set(wanted.map(\.count))
        let ends = ByteSet(wanted.compactMap(\.last))
        pass.captures = { listing in
            let last = listing.count - 1
            let path = listing.pathBytes(last)
            guard let end = path.last, ends.contains(end), lengths.contains(path.count) else {
                return false
            }
            return listing.entries[last].type == .file && wanted.contains(Array(path))
        }
        if let decide { pass.decide = decide }
        if let files { pass.beginnings = files.beginnings() }
        let (outcome, staged) = try run(
            pass, layer, diffID: diffIDs.first, writes: decide != nil, again: false,
            record: record)
        let scanned = ScannedLayer(descriptor: layer, pass: outcome, draft: staged)
        try compare(scanned, with: diffIDs)
        return scanned
    }

    /// Compares a layer with what configs say of its raw stream.
    ///
    /// - Throws: `.mismatch`.
    func compare(_ layer: ScannedLayer, with diffIDs: [DiffID]) throws(DerootError) {
        let found = layer.pass.blob.diffID
        for stated in diffIDs where stated != found {
            throw DerootError(
                .mismatch,
                "the layer's raw stream has the diffID \(found), the config says \(stated)",
                at: .init(file: source.name, blob: layer.descriptor.digest),
                advice: "whoever made the image has to make it again"
            ).ofContent
        }
    }

    /// Writes a layer with exactly these changes.
    ///
    /// - Throws: `.planMismatch` where an entry to be changed is not there.
    package func rewrite(
        _ layer: Descriptor, _ plan: LayerPlan
    ) throws(DerootError) -> (pass: LayerPass.Outcome, blob: StagedBlob?) {
        var pass = LayerPass()
        pass.decide = plan.decide
        let (outcome, staged) = try run(
            pass, layer, diffID: plan.diffID, writes: true, again: true)
        guard outcome.changes == plan.changes else {
            throw DerootError(
                .planMismatch, "the layer does not hold what the plan wants to change",
                at: .init(file: source.name, blob: layer.digest))
        }
        return (outcome, staged)
    }

    private func run(
        _ template: LayerPass, _ layer: Descriptor, diffID: DiffID?, writes: Bool, again: Bool,
        record: LayerRecorder? = nil
    ) throws(DerootError) -> (LayerPass.Outcome, StagedBlob?) {
        let place = DerootError.Location(file: source.name, blob: layer.digest)
        observer(.layerStarted(layer.digest, size: layer.size, again: again))
        var pass = template
        pass.limits = limits
        pass.digestAlgorithm = layer.digest.algorithm
        pass.diffIDAlgorithm = diffID?.digest.algorithm ?? .sha256
        let observer = observer
        pass.progress = { observer(.bytesRead($0)) }
        do throws(DerootError) {
            let blob = try source.blob(layer)
            guard blob.count == layer.size else {
                throw DerootError(
                    .mismatch,
                    "the blob has \(blob.count) bytes, its descriptor says \(layer.size)")
            }
            let output = LazyBlob(transaction) { [transaction] staged in
                if isForetold { transaction?.expect(staged, about: layer.size) }
            }
            let sink: ByteSink? =
                writes && transaction != nil
                ? { (bytes) throws(DerootError) in try unsafe output.write(bytes) } : nil
            let outcome = try unsafe pass.run(blob, sink: sink, record: record)
            try outcome.blob.requireDigest(layer.digest)
            if isForetold, let staged = output.staged, let written = outcome.blob.written {
                transaction?.expect(staged, digest: written.digest)
            }
            observer(
                .layerFinished(
                    layer.digest, entries: outcome.listing.count, changes: outcome.changes.count))
            return (outcome, output.staged)
        } catch {
            throw judge(error, of: layer).located(in: place)
        }
    }

    /// Says that a blob is not what its digest says, where that is why it could not be read; and where
    /// it is, that it is wrong in itself.
    private func judge(_ found: DerootError, of layer: Descriptor) -> DerootError {
        guard !found.isOfTransport, found.code != .interrupted, found.code != .io,
            found.code != .transient
        else { return found }
        do throws(DerootError) {
            var blob = try source.blob(layer)
            guard blob.count == layer.size else { return found }
            let buffer = HeapBuffer(count: 1 << 18)
            var hasher = DigestHasher(layer.digest.algorithm)
            while case let count = try unsafe blob.read(into: buffer.bytes), count > 0 {
                unsafe hasher.update(buffer.part(0..<count))
            }
            let digest = hasher.digest()
            guard digest != layer.digest else { return found.ofContent }
            return DerootError(
                .mismatch, "the content has the digest \(digest)", at: found.location,
                advice: "the image is damaged; fetch it again", cause: found)
        } catch {
            // What cannot be compared with its digest is not judged: it may be the way's fault.
            return error
        }
    }

    /// Reads one entry's body, for the few that were not kept when the layer was read.
    package func body(of index: Int, in layer: Descriptor) throws(DerootError) -> [UInt8] {
        try entry(index, in: layer).body
    }

    /// Reads the beginnings of some entries' bodies in one pass, at most `limit` bytes of each.
    package func beginnings(
        of indexes: Set<Int>, in layer: Descriptor, limit: UInt64
    ) throws(DerootError) -> [Int: [UInt8]] {
        var pass = LayerPass()
        pass.beginnings = { listing in indexes.contains(listing.count - 1) ? limit : 0 }
        return try run(pass, layer, diffID: nil, writes: false, again: true).0.beginnings
    }

    /// Reads one entry once more, headers and body.
    package func entry(_ index: Int, in layer: Descriptor) throws(DerootError) -> CapturedEntry {
        var pass = LayerPass()
        pass.captures = { listing in listing.count - 1 == index }
        let (outcome, _) = try run(pass, layer, diffID: nil, writes: false, again: true)
        guard let entry = outcome.captured[index] else {
            throw DerootError(
                .limit, "an entry that has to be read is too large",
                at: .init(file: source.name, blob: layer.digest))
        }
        return entry
    }
}

/// A staged blob that comes into being with its first byte.
private final class LazyBlob {
    private let transaction: (any DestinationTransaction)?
    private let begun: (StagedBlob) -> Void
    private(set) var staged: StagedBlob?

    /// `begun` is told of the blob before its first byte.
    init(
        _ transaction: (any DestinationTransaction)?, begun: @escaping (StagedBlob) -> Void
    ) {
        self.transaction = transaction
        self.begun = begun
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        if staged == nil, let new = try transaction?.stage() {
            staged = new
            begun(new)
        }
        try unsafe staged?.write(bytes)
    }
}
