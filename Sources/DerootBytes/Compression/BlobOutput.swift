/// Takes bytes as they come; they are valid for the time of the call only.
package typealias ByteSink = (UnsafeRawBufferPointer) throws(DerootError) -> Void

/// A sink, with the digest and the count of what goes into it.
///
/// A class, because the readers and writers of a pass share it.
@safe
final class BlobOutput {
    private let sink: ByteSink
    private let lane: DigestLane
    private let hashed: DigestLane.Slot
    private let isHashing: Bool
    private var count: UInt64

    /// Begins with nothing.
    init(
        _ sink: @escaping ByteSink, on lane: DigestLane, algorithm: Digest.Algorithm = .sha256
    ) {
        unsafe self.sink = sink
        isHashing = true
        self.lane = lane
        hashed = lane.open(algorithm)
        count = 0
    }

    /// Begins with the first bytes of a source.
    ///
    /// - Parameters:
    ///   - sink: Takes them.
    ///   - source: Where they are.
    ///   - end: How many.
    ///   - checkpoint: The digest of the beginning of them, where it is known.
    ///   - algorithm: The digest's.
    ///   - lane: Computes it.
    ///   - isHashing: False where the caller computes it.
    /// - Throws: What the sink throws; `.io`.
    init(
        _ sink: @escaping ByteSink, copying source: borrowing FileSlice, upTo end: UInt64,
        from checkpoint: BlobInput.Checkpoint?, algorithm: Digest.Algorithm, on lane: DigestLane,
        isHashing: Bool
    ) throws(DerootError) {
        unsafe self.sink = sink
        self.isHashing = isHashing
        self.lane = lane
        hashed = checkpoint.map { lane.fork($0.hashed) } ?? lane.open(algorithm)
        let known = checkpoint?.offset ?? 0
        count = 0
        try unsafe Self.read(0..<known, of: source) { (bytes) throws(DerootError) in
            try unsafe sink(bytes)
        }
        count = known
        try copy(known..<end, of: source)
    }

    /// Writes bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        if isHashing { unsafe lane.update(hashed, with: bytes) }
        count += UInt64(bytes.count)
        try unsafe sink(bytes)
    }

    /// Writes bytes.
    func write(_ bytes: [UInt8]) throws(DerootError) {
        try unsafe bytes.span.bytes.withUnsafeBytes { (buffer) throws(DerootError) in
            try unsafe write(buffer)
        }
    }

    /// Writes bytes of the source as they are.
    func copy(
        _ range: Range<UInt64>, of source: borrowing FileSlice
    ) throws(DerootError) {
        try unsafe Self.read(range, of: source) { (bytes) throws(DerootError) in
            try unsafe write(bytes)
        }
    }

    /// How many bytes were written, and their digest.
    var sum: (size: UInt64, digest: Digest) { (count, lane.digest(hashed)) }

    private static func read(
        _ range: Range<UInt64>, of source: borrowing FileSlice,
        _ take: (UnsafeRawBufferPointer) throws(DerootError) -> Void
    ) throws(DerootError) {
        guard !range.isEmpty else { return }
        let buffer = HeapBuffer(count: Int(min(UInt64(range.count), 1 << 18)))
        var place = range.lowerBound
        while place < range.upperBound {
            let wanted = Int(min(UInt64(buffer.count), range.upperBound - place))
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<wanted])
            let got = try unsafe source.read(into: part, at: place)
            guard got > 0 else {
                throw DerootError(.truncated, "the blob ends early", at: .init(offset: place))
            }
            try unsafe take(buffer.part(0..<got))
            place += UInt64(got)
        }
    }
}
