/// Decodes a blob chunk by chunk, within the limits.
@safe
struct BlobReader: ~Copyable {
    let compression: Compression
    private let limits: Limits
    private let input = HeapBuffer(count: 1 << 18)
    private let output = HeapBuffer(count: 1 << 18)
    private var gzip: GzipDecoder?
    private var zstd: ZstdDecoder?
    private var unread = 0..<0
    private var hasEnded = false
    /// Compressed bytes fetched.
    private(set) var fetched: UInt64 = 0
    /// Bytes after the last gzip member; known at the end.
    private(set) var trailing: UInt64 = 0
    /// Raw bytes handed out.
    private(set) var rawCount: UInt64 = 0

    /// Looks at the first bytes of the source.
    init(_ source: borrowing FileSlice, limits: Limits) throws(DerootError) {
        self.limits = limits
        let head = HeapBuffer(count: 4)
        var filled = 0
        while filled < 4 {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: head.bytes[filled...])
            let got = try unsafe source.read(into: rest, at: UInt64(filled))
            if got == 0 { break }
            filled += got
        }
        compression = unsafe Compression(magic: head.part(0..<filled))
        gzip = compression == .gzip ? GzipDecoder() : nil
        zstd = compression == .zstd ? ZstdDecoder(windowLog: limits.zstdWindowLog) : nil
    }

    /// The next raw bytes, valid until the next call; none at the end.
    mutating func next(
        from source: borrowing FileSlice, hashing hasher: inout DigestHasher
    ) throws(DerootError) -> UnsafeRawBufferPointer {
        while true {
            if unread.isEmpty && !hasEnded {
                let got = try unsafe source.read(into: input.bytes, at: fetched)
                hasEnded = got == 0
                unread = 0..<got
                fetched += UInt64(got)
                unsafe hasher.update(input.part(unread))
            }
            if hasEnded && unread.isEmpty { try gzip?.finish() }
            let step = try decode()
            unread = (unread.lowerBound + step.consumed)..<unread.upperBound
            if step.produced > 0 {
                try count(step.produced)
                return unsafe output.part(0..<step.produced)
            }
            if hasEnded && unread.isEmpty {
                try zstd?.finish()
                trailing = gzip?.trailing ?? 0
                return unsafe output.part(0..<0)
            }
        }
    }

    private mutating func decode() throws(DerootError) -> CodecStep {
        if let step = try unsafe gzip?.step(input.part(unread), into: output.bytes) { return step }
        if let step = try unsafe zstd?.step(input.part(unread), into: output.bytes) { return step }
        unsafe output.bytes.copyMemory(from: input.part(unread))
        return CodecStep(consumed: unread.count, produced: unread.count)
    }

    /// Enforces the limits on what comes out (hostile input B01).
    private mutating func count(_ produced: Int) throws(DerootError) {
        rawCount += UInt64(produced)
        let place = DerootError.Location(offset: fetched)
        guard rawCount <= limits.layerBytes else {
            throw DerootError(
                .limit, "the layer has more than \(limits.layerBytes) uncompressed bytes",
                at: place, advice: "raise --max-layer-bytes if it is meant to be that large")
        }
        let (allowed, overflow) = fetched.multipliedReportingOverflow(by: limits.ratio)
        guard rawCount <= 64 << 20 || overflow || rawCount <= allowed else {
            throw DerootError(
                .limit, "the layer grows to more than \(limits.ratio) times its size", at: place,
                advice: "raise --max-ratio if it is meant to be that sparse")
        }
    }
}
