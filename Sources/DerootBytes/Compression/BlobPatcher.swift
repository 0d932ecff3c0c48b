/// Reads a compressed blob once and, on the way, writes it anew with edits applied to its raw stream.
///
/// Pull-driven: the caller asks for raw bytes, looks at them, adds the edits that follow from them,
/// and says how far it has decided. What lies before that position is written out as soon as the
/// compression allows: untouched blocks as the bits they were, touched ones re-encoded.
///
/// ```
/// var patcher = try BlobPatcher(source: source, sink: sink, limits: limits)
/// while try patcher.next({ raw in … }) {
///     patcher.add(edit)               // ascending, not before the last decided position
///     try patcher.decide(upTo: offset)
/// }
/// let result = try patcher.finish()
/// ```
package struct BlobPatcher: ~Copyable {
    /// What one pass over a blob has established.
    package struct Result: Sendable, Hashable {
        /// How the blob is compressed (by its magic bytes).
        package var compression: Compression
        /// Digest and size of the blob as it was read, to the very last byte.
        package var digest: Digest
        package var size: UInt64
        /// Digest and size of the raw stream as it was read.
        package var diffID: DiffID
        package var rawSize: UInt64
        /// The same four for what was written; nil where there was no sink or no edit:
        /// then nothing was written to the sink, and the blob is its own result.
        package var written: Written?
    }

    /// What was written.
    package struct Written: Sendable, Hashable {
        package var digest: Digest
        package var size: UInt64
        package var diffID: DiffID
        package var rawSize: UInt64
    }
}
