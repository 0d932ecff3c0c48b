import CZlib

/// Encodes one gzip member with zlib, level 6.
@safe
struct GzipEncoder: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let output = HeapBuffer(count: 1 << 16)

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe deroot_deflate_init(stream, 6, 15 + 16)
        precondition(status == Z_OK, "zlib cannot start")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Encodes bytes; the last call has none and `isLast`.
    mutating func encode(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into blob: BlobOutput
    ) throws(DerootError) {
        let source = unsafe UnsafeMutableRawBufferPointer(mutating: input)
        unsafe stream.pointee.next_in = source.assumingMemoryBound(to: UInt8.self).baseAddress
        unsafe stream.pointee.avail_in = UInt32(input.count)
        var status = Z_OK
        repeat {
            unsafe stream.pointee.next_out =
                output.bytes.assumingMemoryBound(to: UInt8.self).baseAddress
            unsafe stream.pointee.avail_out = UInt32(output.count)
            unsafe status = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            let produced = unsafe output.count - Int(stream.pointee.avail_out)
            if produced > 0 { try unsafe blob.write(output.part(0..<produced)) }
        } while unsafe isLast ? status != Z_STREAM_END : stream.pointee.avail_out == 0
    }
}
