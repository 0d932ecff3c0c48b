/// The latest bytes of a raw stream: those undecided, those being read, and some history.
@safe
struct RawTape: ~Copyable {
    private var buffer: HeapBuffer
    private var filled = 0
    private let mostBytes: Int
    /// Where the first held byte lies in the raw stream.
    private(set) var start: UInt64 = 0

    /// An empty tape that may hold about `mostBytes`.
    init(mostBytes: Int) {
        buffer = HeapBuffer(count: 1 << 19)
        self.mostBytes = mostBytes
    }

    /// Where the next byte will lie.
    var end: UInt64 { start + UInt64(filled) }
    /// All bytes that are held.
    var held: UnsafeRawBufferPointer { unsafe buffer.part(0..<filled) }
    /// Where bytes can be added.
    var room: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[filled...])
    }

    /// Held bytes by their place in the raw stream.
    func part(_ range: Range<UInt64>) -> UnsafeRawBufferPointer {
        let first = Int(range.lowerBound - start)
        return unsafe buffer.part(first..<(first + range.count))
    }

    /// Counts bytes that were put into `room`.
    mutating func append(_ count: Int) { filled += count }

    /// Sees to it that `count` bytes fit, by dropping those before `keeping` and by growing.
    ///
    /// - Throws: `.limit` where more would have to be held than allowed.
    mutating func makeRoom(_ count: Int, keeping: UInt64) throws(DerootError) {
        guard buffer.count - filled < count else { return }
        let dropped = keeping > start ? Int(min(keeping - start, UInt64(filled))) : 0
        let kept = unsafe buffer.part(dropped..<filled)
        if kept.count + count > buffer.count {
            guard kept.count <= mostBytes else {
                throw DerootError(
                    .limit, "more than \(mostBytes) bytes wait for a decision",
                    at: .init(offset: end))
            }
            let other = HeapBuffer(count: max(buffer.count * 2, kept.count + count))
            unsafe other.bytes.copyMemory(from: kept)
            filled = kept.count
            buffer = other
        } else {
            unsafe buffer.bytes.copyMemory(from: kept)
            filled = kept.count
        }
        start += UInt64(dropped)
    }
}
