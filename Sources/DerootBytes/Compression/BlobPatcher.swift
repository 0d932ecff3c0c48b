/// Takes bytes as they come; they are valid for the time of the call only.
package typealias ByteSink = (UnsafeRawBufferPointer) throws(DerootError) -> Void

/// Reads a compressed blob once and, on the way, writes it anew with edits applied to its raw stream.
///
/// Pull-driven: the caller asks for raw bytes, looks at them, adds the edits that follow from them,
/// and says how far it has decided. As long as no edit was added nothing is written, so that a
/// scan and a rewriting are one pass; the first edit brings the untouched beginning with it.
///
/// ```
/// var patcher = try BlobPatcher(source: source, sink: sink, limits: limits)
/// while case let raw = try patcher.next(), !raw.isEmpty {
///     try patcher.add(edit)               // ascending, not before the last decided position
///     try patcher.decide(upTo: offset)
/// }
/// let result = try patcher.finish()
/// ```
///
/// Errors carry the offset in the blob where the decoder stood.
@safe
package struct BlobPatcher: ~Copyable {
    private let source: FileSlice
    private let sink: ByteSink?
    private let limits: Limits
    private var reader: BlobReader
    private var rewriter: BlobRewriter?
    private var hasher: DigestHasher
    private var rawHasher: DigestHasher
    private var decided: UInt64 = 0
    private var lastEnd: UInt64 = 0

    /// Opens a blob and looks at its first bytes.
    ///
    /// - Parameters:
    ///   - source: The blob.
    ///   - sink: Takes the new blob; nil: scan only, edits are ignored.
    ///   - limits: Bounds on the raw size, the ratio and zstd's window.
    ///   - digestAlgorithm: For the digests of the compressed bytes, old and new.
    ///   - diffIDAlgorithm: For the digests of the raw stream, old and new.
    package init(
        source: consuming FileSlice, sink: ByteSink?, limits: Limits,
        digestAlgorithm: Digest.Algorithm = .sha256, diffIDAlgorithm: Digest.Algorithm = .sha256
    ) throws(DerootError) {
        reader = try BlobReader(source, limits: limits)
        self.source = source
        unsafe self.sink = sink
        self.limits = limits
        hasher = DigestHasher(digestAlgorithm)
        rawHasher = DigestHasher(diffIDAlgorithm)
    }

    /// How the blob is compressed, by its magic bytes; anything unknown is `.none`.
    package var compression: Compression { reader.compression }

    /// How many compressed bytes were read so far.
    package var bytesRead: UInt64 { hasher.count }

    /// The next raw bytes of the original stream; none at the end.
    ///
    /// The memory is valid until the next call of a mutating method.
    ///
    /// - Throws: `.truncated`, `.malformed`, `.mismatch` or `.limit`.
    package mutating func next() throws(DerootError) -> UnsafeRawBufferPointer {
        let raw = try unsafe reader.next(from: source, hashing: &hasher)
        unsafe rawHasher.update(raw)
        return unsafe raw
    }

    /// Adds an edit, not before the last one's end nor before the decided position.
    package mutating func add(_ edit: Edit) throws(DerootError) {
        guard edit.offset >= max(decided, lastEnd) else {
            throw DerootError(.malformed, "an edit at \(edit.offset) comes too late")
        }
        guard let sink = unsafe sink, edit.delete > 0 || !edit.insert.isEmpty else { return }
        lastEnd = edit.end
        if rewriter == nil {
            rewriter = try unsafe BlobRewriter(
                source, sink: sink, limits: limits, digest: hasher.algorithm,
                diffID: rawHasher.algorithm)
        }
        rewriter?.add(edit)
    }

    /// Promises that no further edit will start before `offset`.
    package mutating func decide(upTo offset: UInt64) throws(DerootError) {
        guard offset > decided else { return }
        decided = offset
        try rewriter?.advance(upTo: min(decided, reader.rawCount), in: source)
    }

    /// Reads what is left to the very last byte and completes what is written.
    ///
    /// - Throws: As `next`, and `.malformed` for an edit behind the end.
    package consuming func finish() throws(DerootError) -> Result {
        while try unsafe next().count > 0 {}
        let written = try rewriter?.finish(source)
        return Result(
            compression: compression, digest: hasher.digest(), size: hasher.count,
            trailing: reader.trailing, diffID: DiffID(rawHasher.digest()),
            rawSize: rawHasher.count, written: written)
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
