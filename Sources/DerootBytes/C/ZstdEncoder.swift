import CZstd

/// Encodes zstd frames, level 3, with a content checksum.
///
/// The result does not depend on how the input is cut.
@safe
struct ZstdEncoder: ~Copyable {
    private let context: OpaquePointer
    private let output = HeapBuffer(count: 1 << 17)

    init() {
        guard let context = unsafe ZSTD_createCCtx() else { preconditionFailure("out of memory") }
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 3)
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// Encodes bytes; `isLast` ends the frame.
    mutating func encode(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into blob: BlobOutput
    ) throws(DerootError) {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while true {
            var target = unsafe ZSTD_outBuffer(
                dst: output.bytes.baseAddress, size: output.count, pos: 0)
            let left = unsafe ZSTD_compressStream2(
                context, &target, &source, isLast ? ZSTD_e_end : ZSTD_e_continue)
            guard ZSTD_isError(left) == 0 else {
                let text = unsafe String(cString: ZSTD_getErrorName(left))
                throw DerootError(.io, "zstd cannot encode: \(text)")
            }
            if unsafe target.pos > 0 { try unsafe blob.write(output.part(0..<target.pos)) }
            if unsafe isLast ? left == 0 : source.pos == source.size { return }
        }
    }
}
