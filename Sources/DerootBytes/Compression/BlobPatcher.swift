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
    /// Changes whenever the same blob and edits would give other bytes than before.
    ///
    /// Gzip and plain blobs depend on nothing else; zstd frames on libzstd's version as well.
    package static let generation = 1

    let sink: ByteSink?
    let limits: Limits
    let digestAlgorithm: Digest.Algorithm
    /// A plain blob's two digests are one, unless their algorithms differ.
    let isRawDigestEnough: Bool
    let sizes: BufferSizes
    let stamp: FileSlice.Stamp
    var input: BlobInput
    var tape: RawTape
    var ledger: RawLedger
    let gzip: GzipReader?
    let zstd: ZstdReader?
    let gzipWriter: GzipWriter?
    let zstdWriter: ZstdWriter?
    let lane: DigestLane
    var output: BlobOutput?
    var map: BlobMap
    var edits = Queue<Edit>()
    var decided: UInt64
    var lastEnd: UInt64 = 0
    var hasBegun = false
    /// Where the current zstd frame starts in the blob.
    var frameStart: UInt64 = 0
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
        let stamp = try source.stamp()
        let isScan = unsafe sink == nil
        let isRawDigestEnough = compression == .none && digestAlgorithm == diffIDAlgorithm
        let lane = DigestLane()
        let input = BlobInput(
            source: source, algorithm: digestAlgorithm, on: lane, isHashing: !isRawDigestEnough,
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
            compression, sink, limits, digestAlgorithm, isRawDigestEnough, sizes, stamp, input,
            RawTape(mostBytes: undecided),
            RawLedger(diffIDAlgorithm, on: lane, hasMembers: compression == .gzip), gzip, zstd,
            gzipWriter, zstdWriter, lane, BlobMap(hasSegments: !isScan), decided: isScan ? .max : 0)
    }

    /// Straight assignments only.
    ///
    /// Swift 6.3 with -O destroys noncopyable members before they are initialised where an
    /// initialiser branches; and as a noncopyable struct of this size the whole thing loses its
    /// layout when it crosses modules, which is why it is a class.
    private init(
        _ compression: Compression, _ sink: ByteSink?, _ limits: Limits,
        _ digestAlgorithm: Digest.Algorithm, _ isRawDigestEnough: Bool, _ sizes: BufferSizes,
        _ stamp: FileSlice.Stamp,
        _ input: consuming BlobInput, _ tape: consuming RawTape, _ ledger: consuming RawLedger,
        _ gzip: GzipReader?, _ zstd: ZstdReader?, _ gzipWriter: GzipWriter?,
        _ zstdWriter: ZstdWriter?, _ lane: DigestLane, _ map: BlobMap, decided: UInt64
    ) {
        unsafe self.sink = sink
        self.compression = compression
        self.limits = limits
        self.digestAlgorithm = digestAlgorithm
        self.isRawDigestEnough = isRawDigestEnough
        self.sizes = sizes
        self.stamp = stamp
        self.input = input
        self.tape = tape
        self.ledger = ledger
        self.gzip = gzip
        self.zstd = zstd
        self.gzipWriter = gzipWriter
        self.zstdWriter = zstdWriter
        self.lane = lane
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
        while true {
            // Before the first byte nothing is known of the parts that an edit could touch.
            if hasBegun { try settle() }
            hasBegun = true
            let settled = min(ledger.position, gzipWriter?.firstWaiting ?? .max)
            let needed = settled - min(settled, DeflateSplicer.rawBytes)
            try tape.makeRoom(sizes.chunk + Inflater.slack, keeping: needed)
            let start = tape.end
            let hasMore = try read()
            try checkLimits()
            if tape.end > start || !hasMore { return unsafe tape.part(start..<tape.end) }
        }
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
    /// - Throws: As `next`; `.malformed` for an edit behind the end; `.mismatch` where the blob was
    ///   written to in the meantime.
    package func finish() throws(DerootError) -> Result {
        while try unsafe next().count > 0 {}
        decided = .max
        try settle()
        guard edits.count == 0, ledger.deletedUpTo <= ledger.position else {
            throw DerootError(
                .malformed, "an edit lies behind the end of the layer's \(ledger.position) bytes")
        }
        // What was written was read a second time, by offset.
        let isSame = try input.source.stamp() == stamp
        guard output == nil || isSame else {
            throw DerootError(.mismatch, "the blob changed while it was read")
        }
        let trailing = gzip?.trailing ?? 0
        let written = summary()
        return Result(
            compression: compression, digest: isRawDigestEnough ? ledger.digest : input.digest,
            size: input.source.count, trailing: trailing, diffID: DiffID(ledger.digest),
            rawSize: ledger.position, written: written)
    }
}
