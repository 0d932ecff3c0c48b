import CZstd

/// Decodes zstd frames one after the other (RFC 8878); skippable frames give nothing.
@safe
struct ZstdDecoder: ~Copyable {
    /// What one call did.
    struct Step {
        /// Bytes taken from the input.
        var consumed: Int
        /// Bytes put into the output.
        var produced: Int
        /// True where a frame has ended.
        var hasEnded: Bool
    }

    private let context: OpaquePointer
    private let windowLog: Int

    /// Starts; a frame with a window of more than 2^`windowLog` bytes is refused.
    init(windowLog: Int) {
        guard let context = unsafe ZSTD_createDCtx() else { preconditionFailure("out of memory") }
        unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(clamping: windowLog))
        unsafe self.context = context
        self.windowLog = windowLog
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Decodes as much as fits, but not past the end of a frame.
    ///
    /// `offset` is where the input lies in the blob, for messages.
    mutating func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(DerootError) -> Step {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = unsafe ZSTD_decompressStream(context, &target, &source)
        guard ZSTD_isError(status) == 0 else {
            throw unsafe refusal(status, at: offset + UInt64(source.pos))
        }
        return unsafe Step(
            consumed: source.pos, produced: target.pos,
            hasEnded: status == 0 && source.pos + target.pos > 0)
    }

    private borrowing func refusal(_ status: Int, at offset: UInt64) -> DerootError {
        let place = DerootError.Location(offset: offset)
        let text = unsafe String(cString: ZSTD_getErrorName(status))
        switch ZSTD_getErrorCode(status) {
        case ZSTD_error_frameParameter_windowTooLarge:
            return DerootError(
                .limit, "a zstd frame needs a window of more than 2^\(windowLog) bytes", at: place,
                advice: "compress the layer anew without --long or --ultra")
        case ZSTD_error_checksum_wrong:
            return DerootError(.mismatch, "a zstd frame's checksum is wrong", at: place)
        default:
            return DerootError(.malformed, "the zstd stream is broken: \(text)", at: place)
        }
    }
}
