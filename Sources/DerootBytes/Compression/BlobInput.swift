/// A blob's bytes, read once and in order, hashed on the way.
@safe
struct BlobInput: ~Copyable {
    /// The blob; its bytes can be read again by offset.
    let source: FileSlice
    private let buffer: HeapBuffer
    private var range = 0..<0
    private let lane: DigestLane
    private let hashed: DigestLane.Slot
    private let isHashing: Bool
    /// Where the bytes in the buffer end, in the blob.
    private var fetched: UInt64 = 0
    /// Earlier states of the digest, from which that of a changed blob can go on.
    private var checkpoints: [Checkpoint] = []
    private var hasCheckpoints: Bool

    /// A digest's state at an offset.
    final class Checkpoint {
        /// How many bytes went in.
        let offset: UInt64
        /// Their digest, to be forked.
        let hashed: DigestLane.Slot
        private let lane: DigestLane

        init(_ offset: UInt64, _ hashed: DigestLane.Slot, on lane: DigestLane) {
            self.offset = offset
            self.lane = lane
            self.hashed = lane.fork(hashed)
        }

        deinit { lane.close(hashed) }
    }

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - source: The blob.
    ///   - algorithm: The digest's.
    ///   - lane: Computes it.
    ///   - isHashing: False where the caller computes the digest.
    ///   - hasCheckpoints: True where `checkpoint` may be called.
    ///   - bufferBytes: How much is fetched at a time.
    init(
        source: consuming FileSlice, algorithm: Digest.Algorithm, on lane: DigestLane,
        isHashing: Bool, hasCheckpoints: Bool, bufferBytes: Int
    ) {
        self.source = source
        buffer = HeapBuffer(count: bufferBytes + Inflater.padding)
        self.isHashing = isHashing
        self.hasCheckpoints = hasCheckpoints
        self.lane = lane
        hashed = lane.open(algorithm)
    }

    /// The bytes that were fetched but not taken; `Inflater.padding` more are readable.
    var unread: UnsafeRawBufferPointer { unsafe buffer.part(range) }
    /// How many they are.
    var unreadCount: Int { range.count }
    /// Where they lie in the blob.
    var offset: UInt64 { fetched - UInt64(range.count) }
    /// True where the blob ends with them.
    var isComplete: Bool { fetched == source.count }
    /// The digest of all fetched bytes.
    var digest: Digest { lane.digest(hashed) }

    /// Takes bytes.
    mutating func skip(_ count: Int) { range = (range.lowerBound + count)..<range.upperBound }

    /// Fetches more bytes behind the unread ones.
    mutating func fetch() throws(DerootError) {
        unsafe buffer.bytes.copyMemory(from: unread)
        range = 0..<range.count
        let room = unsafe UnsafeMutableRawBufferPointer(
            rebasing: buffer.bytes[range.count..<(buffer.count - Inflater.padding)])
        let got = try unsafe source.read(into: room, at: fetched)
        if hasCheckpoints && checkpoints.count < 2 {
            checkpoints.append(Checkpoint(fetched, hashed, on: lane))
        }
        let fresh = range.count..<(range.count + got)
        if isHashing { unsafe lane.update(hashed, with: buffer.part(fresh)) }
        range = 0..<fresh.upperBound
        fetched += UInt64(got)
        if isComplete {
            unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer.bytes[range.upperBound..<(range.upperBound + Inflater.padding)]
            ).initializeMemory(as: UInt8.self, repeating: 0)
        }
    }

    /// Promises that `checkpoint` will not be asked for an offset before this one.
    mutating func passCheckpoints(before offset: UInt64) {
        if checkpoints.count == 2, checkpoints[1].offset <= offset { checkpoints.removeFirst() }
    }

    /// The state of the digest at or before an offset; nil: the beginning.
    ///
    /// No more states are kept from then on.
    mutating func checkpoint(before offset: UInt64) -> Checkpoint? {
        let found = checkpoints.last { $0.offset <= offset }
        checkpoints = []
        hasCheckpoints = false
        return found
    }
}
