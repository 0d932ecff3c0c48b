/// The end of a gzip member's deflate stream, or of a zstd frame.
struct BlobBoundary {
    /// Where the raw stream stands there.
    let raw: UInt64
    /// The first byte of the blob after it.
    let end: UInt64
    /// A gzip member's CRC32 and ISIZE, as stated.
    var crc: UInt32 = 0
    var size: UInt32 = 0
    /// A zstd frame without content.
    var isSkippable = false
}

/// What is known of a blob's parts and not yet used.
struct BlobMap {
    /// How many parts may follow each other without a decided byte between them.
    private static let mostParts = 1 << 16

    /// Ends of members or frames.
    var boundaries = Queue<BlobBoundary>()
    /// Parts of a gzip blob, where an edit may come.
    var segments = Queue<GzipSegment>()
    /// False in a scan, which needs no segments.
    let hasSegments: Bool

    /// An empty map.
    init(hasSegments: Bool) { self.hasSegments = hasSegments }

    /// True where it is time to use what is known.
    var isLarge: Bool { boundaries.count >= 1024 || segments.count >= 1024 }

    /// Adds a segment where they are wanted.
    mutating func record(_ segment: GzipSegment) {
        if hasSegments { segments.append(segment) }
    }

    /// Refuses a blob that consists of too many empty parts, which would fill the memory.
    func check(at offset: UInt64) throws(DerootError) {
        guard max(boundaries.count, segments.count) <= Self.mostParts else {
            throw DerootError(
                .limit, "the blob has more than \(Self.mostParts) parts without content",
                at: .init(offset: offset))
        }
    }
}
