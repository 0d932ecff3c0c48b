import CZstd

/// One zstd frame.
func zstdFrame(
    _ bytes: [UInt8], level: Int32 = 3, checksum: Bool = true, windowLog: Int32 = 0
) -> [UInt8] {
    let context = unsafe ZSTD_createCCtx()
    defer { unsafe ZSTD_freeCCtx(context) }
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, windowLog > 0 ? 0 : 1)
    if windowLog > 0 {
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)
    }
    var out = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    // Streaming, because a one-shot call shrinks the window to the content.
    let size = unsafe bytes.withUnsafeBytes { source in
        unsafe out.withUnsafeMutableBytes { target in
            var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: 0, pos: 0)
            var output = unsafe ZSTD_outBuffer(
                dst: target.baseAddress, size: target.count, pos: 0)
            if windowLog > 0 {
                unsafe ZSTD_compressStream2(context, &output, &input, ZSTD_e_flush)
            }
            unsafe input.size = source.count
            let left = unsafe ZSTD_compressStream2(context, &output, &input, ZSTD_e_end)
            precondition(left == 0)
            return unsafe output.pos
        }
    }
    return Array(out[..<size])
}

/// Decodes a chain of frames; nil where it is not valid.
func unzstd(_ bytes: [UInt8], capacity: Int) -> [UInt8]? {
    var out = [UInt8](repeating: 0, count: capacity)
    let size = unsafe bytes.withUnsafeBytes { source in
        unsafe out.withUnsafeMutableBytes { target in
            unsafe ZSTD_decompress(
                target.baseAddress, target.count, source.baseAddress, source.count)
        }
    }
    guard ZSTD_isError(size) == 0 else { return nil }
    return Array(out[..<size])
}
