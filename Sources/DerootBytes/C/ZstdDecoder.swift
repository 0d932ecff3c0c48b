import CZstd

/// Decodes zstd frames one after the other; skippable frames give nothing.
@safe
struct ZstdDecoder: ~Copyable {
    private let context: OpaquePointer
    private let windowLog: Int
    /// True where the last byte taken ended a frame.
    private(set) var isBetweenFrames = true
    /// Compressed bytes taken.
    private(set) var position: UInt64 = 0

    init(windowLog: Int) {
        guard let context = unsafe ZSTD_createDCtx() else { preconditionFailure("out of memory") }
        unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(clamping: windowLog))
        unsafe self.context = context
        self.windowLog = windowLog
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Decodes as much as fits, but not past the end of a frame.
    mutating func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(DerootError) -> CodecStep {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = unsafe ZSTD_decompressStream(context, &target, &source)
        let step = unsafe CodecStep(consumed: source.pos, produced: target.pos)
        position += UInt64(step.consumed)
        guard ZSTD_isError(status) == 0 else { throw refusal(status) }
        if step.consumed > 0 || step.produced > 0 { isBetweenFrames = status == 0 }
        return step
    }

    /// Says whether the input may end here.
    borrowing func finish() throws(DerootError) {
        guard isBetweenFrames else {
            throw DerootError(
                .truncated, "the zstd stream ends early", at: .init(offset: position))
        }
    }

    private borrowing func refusal(_ status: Int) -> DerootError {
        let place = DerootError.Location(offset: position)
        let text = unsafe String(cString: ZSTD_getErrorName(status))
        switch ZSTD_getErrorCode(status) {
        case ZSTD_error_frameParameter_windowTooLarge:
            return DerootError(
                .limit, "a zstd frame needs a window of more than 2^\(windowLog) bytes", at: place,
                advice: "re-compress the layer without --long or --ultra")
        case ZSTD_error_checksum_wrong:
            return DerootError(.mismatch, "a zstd frame's checksum is wrong", at: place)
        default:
            return DerootError(.malformed, "the zstd stream is broken: \(text)", at: place)
        }
    }
}
