/// A part of a gzip blob, in the order in which it lies there.
struct GzipSegment {
    /// What it is.
    enum Kind {
        /// The header of a member.
        case header
        /// Whole deflate blocks; a final block is a unit of its own.
        case unit
        /// CRC32 and ISIZE.
        case trailer
        /// Bytes after the last member.
        case trailing
    }

    /// What it is.
    let kind: Kind
    /// The first bit, counted from the start of the blob.
    let start: UInt64
    /// The first bit after it; .max: not known yet.
    var end: UInt64 = .max
    /// The first byte of the raw stream.
    let rawStart: UInt64
    /// The first byte after it, or the last one known.
    var rawEnd: UInt64
    /// True where there is a stored block, whose bytes must stay aligned.
    var hasStored = false

    /// True where the end is known.
    var isClosed: Bool { end != .max }
    /// All of a segment that lies on byte borders.
    var bytes: Range<UInt64> { (start / 8)..<(end / 8) }
}
