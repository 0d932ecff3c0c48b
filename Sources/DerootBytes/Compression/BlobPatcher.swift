/// Reads a compressed blob once and, on the way, writes it anew with edits applied to its raw stream.
///
/// Pull-driven: the caller asks for raw bytes, looks at them, adds the edits that follow from them,
/// and says how far it has decided. As long as no edit was added nothing is written, so that a
/// scan and a rewriting are one pass; the first edit brings the untouched beginning with it.
///
/// ```
/// let patcher = try BlobPatcher(source: source, sink: sink, limits: limits)
/// while case let raw = try patcher.next(), !raw.isEmpty {
///     try patcher.add(edit)               // ascending, not before the last decided position
///     try patcher.decide(upTo: offset)
/// }
/// let result = try patcher.finish()
/// ```
///
/// Errors carry the offset in the blob where the decoder stood.
@safe
package final class BlobPatcher {
    private let sink: ByteSink?
    private let limits: Limits
    private let digestAlgorithm: Digest.Algorithm
    /// A plain blob's two digests are one, unless their algorithms differ.
    private let isRawDigestEnough: Bool
    private let sizes: BufferSizes
    private var input: BlobInput
    private var tape: RawTape
    private var ledger: RawLedger
    private let gzip: GzipReader?
    private let zstd: ZstdReader?
    private let gzipWriter: GzipWriter?
    private let zstdWriter: ZstdWriter?
    private var output: BlobOutput?
    private var map: BlobMap
    private var edits = Queue<Edit>()
    private var decided: UInt64
    private var lastEnd: UInt64 = 0
    private var hasBegun = false
    /// Where the current zstd frame starts in the blob.
    private var frameStart: UInt64 = 0
    /// How the blob is compressed, by its magic bytes; anything unknown is `.none`.
    package let compression: Compression

    /// Opens a blob and looks at its first bytes.
    ///
    /// - Parameters:
    ///   - source: The blob.
    ///   - sink: Takes the new blob; nil: scan only, edits are ignored.
    ///   - limits: Bounds on the raw size, the ratio and zstd's window.
    ///   - digestAlgorithm: For the digests of the compressed bytes, old and new.
    ///   - diffIDAlgorithm: For the digests of the raw stream, old and new.
    ///   - sizes: The result does not depend on them.
    /// - Throws: `.io` where the blob cannot be read.
    package convenience init(
        source: consuming FileSlice, sink: ByteSink?, limits: Limits,
        digestAlgorithm: Digest.Algorithm = .sha256, diffIDAlgorithm: Digest.Algorithm = .sha256,
        sizes: BufferSizes = BufferSizes()
    ) throws(DerootError) {
        let compression = try Compression(of: source)
        let isScan = unsafe sink == nil
        let isRawDigestEnough = compression == .none && digestAlgorithm == diffIDAlgorithm
        let input = BlobInput(
            source: source, algorithm: digestAlgorithm, isHashing: !isRawDigestEnough,
            hasCheckpoints: !isScan && !isRawDigestEnough, bufferBytes: sizes.input)
        let gzip = compression == .gzip ? GzipReader() : nil
        let zstd =
            compression == .zstd ? ZstdReader(windowLog: limits.zstdWindowLog) : nil
        let gzipWriter =
            compression == .gzip && !isScan ? GzipWriter(windowBytes: sizes.window) : nil
        let zstdWriter =
            compression == .zstd && !isScan ? ZstdWriter(windowLog: limits.zstdWindowLog) : nil
        let undecided = max(8 << 20, 4 * limits.extensionHeaderBytes + 4 << 20)
        unsafe self.init(
            compression, sink, limits, digestAlgorithm, isRawDigestEnough, sizes, input,
            RawTape(mostBytes: undecided),
            RawLedger(diffIDAlgorithm, hasMembers: compression == .gzip), gzip, zstd, gzipWriter,
            zstdWriter, BlobMap(hasSegments: !isScan), decided: isScan ? .max : 0)
    }

    /// Straight assignments only, and a class.
    ///
    /// Swift 6.3 with -O destroys noncopyable members before they are initialised where an
    /// initialiser branches, and loses a large noncopyable struct's layout across modules.
    private init(
        _ compression: Compression, _ sink: ByteSink?, _ limits: Limits,
        _ digestAlgorithm: Digest.Algorithm, _ isRawDigestEnough: Bool, _ sizes: BufferSizes,
        _ input: consuming BlobInput, _ tape: consuming RawTape, _ ledger: consuming RawLedger,
        _ gzip: GzipReader?, _ zstd: ZstdReader?, _ gzipWriter: GzipWriter?,
        _ zstdWriter: ZstdWriter?, _ map: BlobMap, decided: UInt64
    ) {
        unsafe self.sink = sink
        self.compression = compression
        self.limits = limits
        self.digestAlgorithm = digestAlgorithm
        self.isRawDigestEnough = isRawDigestEnough
        self.sizes = sizes
        self.input = input
        self.tape = tape
        self.ledger = ledger
        self.gzip = gzip
        self.zstd = zstd
        self.gzipWriter = gzipWriter
        self.zstdWriter = zstdWriter
        self.map = map
        self.decided = decided
    }

    /// How many compressed bytes were read so far.
    package var bytesRead: UInt64 { input.offset }

    /// The next raw bytes of the original stream; none at the end.
    ///
    /// The memory is valid until the next call of `next` or `finish`.
    ///
    /// - Throws: `.truncated`, `.malformed`, `.mismatch` or `.limit`; what the sink throws.
    package func next() throws(DerootError) -> UnsafeRawBufferPointer {
        // Before the first byte nothing is known of the parts that an edit could touch.
        if hasBegun { try settle() }
        hasBegun = true
        let settled = min(ledger.position, gzipWriter?.firstWaiting ?? .max)
        let needed = settled - min(settled, DeflateSplicer.rawBytes)
        try tape.makeRoom(sizes.chunk + Inflater.slack, keeping: needed)
        let start = tape.end
        try read()
        try checkLimits()
        return unsafe tape.part(start..<tape.end)
    }

    /// Adds an edit, not before the last one's end nor before the decided position.
    ///
    /// - Throws: `.malformed` where it is.
    package func add(_ edit: Edit) throws(DerootError) {
        guard unsafe sink != nil else { return }
        guard edit.offset >= max(decided, lastEnd) else {
            throw DerootError(.malformed, "an edit at \(edit.offset) comes too late")
        }
        guard edit.delete > 0 || !edit.insert.isEmpty else { return }
        lastEnd = edit.end
        edits.append(edit)
    }

    /// Promises that no further edit will start before `offset`, which may not be read yet.
    ///
    /// What is undecided is held in memory, up to about 8 MiB; beyond that `next` fails.
    package func decide(upTo offset: UInt64) throws(DerootError) {
        decided = max(decided, offset)
    }

    /// Reads what is left to the very last byte and completes what is written.
    ///
    /// - Throws: As `next`, and `.malformed` for an edit behind the end.
    package func finish() throws(DerootError) -> Result {
        while try unsafe next().count > 0 {}
        decided = .max
        try settle()
        guard edits.count == 0, ledger.deletedUpTo <= ledger.position else {
            throw DerootError(
                .malformed, "an edit lies behind the end of the layer's \(ledger.position) bytes")
        }
        let trailing = gzip?.trailing ?? 0
        let written = summary()
        return Result(
            compression: compression, digest: isRawDigestEnough ? ledger.digest : input.digest,
            size: input.source.count, trailing: trailing, diffID: DiffID(ledger.digest),
            rawSize: ledger.position, written: written)
    }
}

extension BlobPatcher {
    private func read() throws(DerootError) {
        let count = sizes.chunk
        if compression == .gzip {
            try gzip?.decode(&input, into: &tape, count: count, map: &map)
        } else if compression == .zstd {
            try zstd?.decode(&input, into: &tape, count: count, map: &map)
        } else {
            if input.unreadCount == 0 && !input.isComplete { try input.fetch() }
            let taken = min(count, input.unreadCount)
            let part = unsafe UnsafeRawBufferPointer(rebasing: input.unread[..<taken])
            unsafe tape.room.copyMemory(from: part)
            tape.append(taken)
            input.skip(taken)
        }
    }

    /// Enforces the limits on what comes out (hostile input B01).
    private func checkLimits() throws(DerootError) {
        let place = DerootError.Location(offset: input.offset)
        guard tape.end <= limits.layerBytes else {
            throw DerootError(
                .limit, "the layer has more than \(limits.layerBytes) uncompressed bytes",
                at: place, advice: "raise --max-layer-bytes if it is meant to be that large")
        }
        let (allowed, overflow) = input.offset.multipliedReportingOverflow(by: limits.ratio)
        guard tape.end <= 64 << 20 || overflow || tape.end <= allowed else {
            throw DerootError(
                .limit, "the layer grows to more than \(limits.ratio) times its size", at: place,
                advice: "raise --max-ratio if it is meant to be that sparse")
        }
    }

    /// Digests, checks and writes what has been decided.
    private func settle() throws(DerootError) {
        let bound = min(decided, tape.end)
        while true {
            let position = ledger.position
            if let edit = edits.first, edit.offset == position {
                edits.removeFirst()
                try apply(edit)
                continue
            }
            if let boundary = map.boundaries.first, boundary.raw == position, decided > position {
                map.boundaries.removeFirst()
                try pass(boundary)
                continue
            }
            let stop = min(bound, edits.first?.offset ?? .max, map.boundaries.first?.raw ?? .max)
            guard stop > position else { break }
            let kept = unsafe ledger.take(tape.part(position..<stop))
            guard let output else { continue }
            if compression == .none { try unsafe output.write(kept) }
            try unsafe zstdWriter?.encode(kept, into: output)
        }
        let limit = min(decided, edits.first?.offset ?? .max)
        guard let output else { return passUnchanged(before: limit) }
        try gzipWriter?.advance(
            &map.segments, limit: limit, tape: tape, source: input.source, into: output)
    }

    /// Forgets what no edit can change any more, as long as nothing is written.
    private func passUnchanged(before limit: UInt64) {
        gzipWriter?.pass(&map.segments, limit: limit)
        input.passCheckpoints(before: prefixEnd)
    }

    /// Where the part of the blob ends that comes before all edits, in bytes.
    private var prefixEnd: UInt64 {
        switch compression {
        case .none: ledger.position
        case .gzip: (map.segments.first?.start ?? 0) / 8
        case .zstd: frameStart
        }
    }

    /// Begins to write: the first edit comes at the ledger's position.
    private func start() throws(DerootError) -> BlobOutput {
        if let output { return output }
        passUnchanged(before: ledger.position)
        let end = prefixEnd
        let checkpoint = input.checkpoint(before: end)
        guard let sink = unsafe sink else {
            throw DerootError(.malformed, "an edit without a sink")
        }
        let output = try unsafe BlobOutput(
            sink, copying: input.source, upTo: end, from: checkpoint,
            algorithm: digestAlgorithm, isHashing: !isRawDigestEnough)
        try gzipWriter?.start(map.segments, source: input.source)
        self.output = output
        return output
    }

    private func apply(_ edit: Edit) throws(DerootError) {
        let output = try start()
        let place = ledger.position
        ledger.take(edit)
        switch compression {
        case .none: try output.write(edit.insert)
        case .gzip: gzipWriter?.add(edit)
        case .zstd:
            try zstdWriter?.open(at: place, of: input.source, into: output)
            try unsafe edit.insert.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
                try unsafe zstdWriter?.encode(bytes, into: output)
            }
        }
    }

    private func pass(_ boundary: BlobBoundary) throws(DerootError) {
        switch compression {
        case .none: break
        case .gzip:
            let trailer = try ledger.pass(boundary)
            if output != nil { gzipWriter?.trailers.append(trailer) }
        case .zstd:
            frameStart = boundary.end
            if let output {
                let isCut = ledger.deletedUpTo > ledger.position
                try zstdWriter?.pass(boundary, isCut: isCut, of: input.source, into: output)
            } else {
                zstdWriter?.pass(boundary)
            }
        }
    }

    private func summary() -> Written? {
        guard let output, let raw = ledger.changed else { return nil }
        return Written(
            digest: isRawDigestEnough ? raw.digest : output.sum.digest, size: output.sum.size,
            diffID: DiffID(raw.digest), rawSize: raw.size)
    }
}

extension BlobPatcher {
    /// What one pass over a blob has established.
    package struct Result: Sendable, Hashable {
        /// How the blob is compressed (by its magic bytes).
        package var compression: Compression
        /// The digest of the blob as it was read, to the very last byte.
        package var digest: Digest
        /// Its size in bytes.
        package var size: UInt64
        /// How many bytes follow the last gzip member; they are carried (hostile input B05).
        package var trailing: UInt64
        /// The digest of the raw stream as it was read.
        package var diffID: DiffID
        /// Its size in bytes.
        package var rawSize: UInt64
        /// What was written; nil where there was no sink or no edit: nothing went to the sink.
        package var written: Written?
    }

    /// What was written.
    package struct Written: Sendable, Hashable {
        /// The digest of the new blob.
        package var digest: Digest
        /// Its size in bytes.
        package var size: UInt64
        /// The digest of the new raw stream.
        package var diffID: DiffID
        /// Its size in bytes.
        package var rawSize: UInt64
    }
}
