/// Writes a zstd blob anew: frames without an edit as they are, the others encoded again.
@safe
final class ZstdWriter {
    private var encoder = ZstdEncoder()
    private var isEncoding = false
    private let windowLog: Int
    /// The first byte of the current frame, and its first raw byte.
    private var frameStart: UInt64 = 0
    private var frameRaw: UInt64 = 0

    /// Starts at the beginning of a blob.
    init(windowLog: Int) { self.windowLog = windowLog }

    /// Begins to encode the current frame, of which the raw bytes up to `raw` are as they were.
    func open(
        at raw: UInt64, of source: borrowing FileSlice, into output: BlobOutput
    ) throws(DerootError) {
        guard !isEncoding else { return }
        isEncoding = true
        var left = raw - frameRaw
        var place = frameStart
        var decoder = ZstdDecoder(windowLog: windowLog)
        let input = HeapBuffer(count: 1 << 17)
        let room = HeapBuffer(count: 1 << 17)
        while left > 0 {
            let got = try unsafe source.read(into: input.bytes, at: place)
            var used = 0
            repeat {
                let step = try unsafe decoder.step(
                    input.part(used..<got), into: room.bytes, at: place + UInt64(used))
                used += step.consumed
                guard step.consumed + step.produced > 0 else {
                    throw DerootError(.mismatch, "the blob changed while it was read")
                }
                let count = Int(min(UInt64(step.produced), left))
                try unsafe encode(room.part(0..<count), into: output)
                left -= UInt64(count)
            } while left > 0 && used < got
            place += UInt64(got)
        }
    }

    /// Takes raw bytes of the new stream; nothing happens while the frame is as it was.
    func encode(
        _ bytes: UnsafeRawBufferPointer, into output: BlobOutput
    ) throws(DerootError) {
        guard isEncoding, bytes.count > 0 else { return }
        try unsafe encoder.encode(bytes, isLast: false, into: output)
    }

    /// Ends a frame that was opened.
    func close(into output: BlobOutput) throws(DerootError) {
        guard isEncoding else { return }
        isEncoding = false
        try unsafe encoder.encode(
            UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, into: output)
    }

    /// Passes the end of a frame before anything is written.
    func pass(_ boundary: BlobBoundary) {
        frameStart = boundary.end
        frameRaw = boundary.raw
    }

    /// Passes the end of a frame; `isCut`: a deletion reaches over it.
    func pass(
        _ boundary: BlobBoundary, isCut: Bool, of source: borrowing FileSlice,
        into output: BlobOutput
    ) throws(DerootError) {
        let isKept = !isEncoding || boundary.isSkippable
        try close(into: output)
        if isKept { try output.copy(frameStart..<boundary.end, of: source) }
        pass(boundary)
        if isCut { isEncoding = true }
    }
}
