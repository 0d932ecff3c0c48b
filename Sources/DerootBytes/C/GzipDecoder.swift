import CZlib

/// Decodes gzip members one after the other; what follows the last one is counted, not decoded.
@safe
struct GzipDecoder: ~Copyable {
    private enum State { case start, member, between, trailing }

    private let stream: UnsafeMutablePointer<z_stream>
    private var state = State.start
    private var held: [UInt8] = []
    private(set) var trailing: UInt64 = 0
    private(set) var position: UInt64 = 0

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe deroot_inflate_init(stream, 15 + 16)
        precondition(status == Z_OK, "zlib cannot start")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Decodes as much as fits.
    mutating func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(DerootError) -> CodecStep {
        switch state {
        case .trailing:
            trailing += UInt64(input.count)
            position += UInt64(input.count)
            return CodecStep(consumed: input.count, produced: 0)
        case .between:
            return try unsafe between(input)
        case .start, .member:
            state = .member
            return try unsafe inflate(input, into: output)
        }
    }

    /// Says whether the input may end here.
    mutating func finish() throws(DerootError) {
        switch state {
        case .trailing: return
        case .between:
            trailing += UInt64(held.count)
            state = .trailing
        case .start, .member:
            throw DerootError(
                .truncated, "the gzip stream ends early", at: .init(offset: position))
        }
    }

    /// Collects two bytes, which tell another member from trailing bytes.
    private mutating func between(_ input: UnsafeRawBufferPointer) throws(DerootError) -> CodecStep
    {
        guard let byte = unsafe input.first else { return CodecStep(consumed: 0, produced: 0) }
        held.append(byte)
        position += 1
        if held.count == 1 && byte != 0x1F || held.count == 2 && byte != 0x8B {
            trailing += UInt64(held.count)
            state = .trailing
        } else if held.count == 2 {
            unsafe inflateReset(stream)
            let magic = held
            held = []
            try unsafe magic.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
                var none: UInt8 = 0
                _ = try unsafe withUnsafeMutableBytes(of: &none) { (out) throws(DerootError) in
                    try unsafe inflate(bytes, into: .init(rebasing: out[..<0]))
                }
            }
            position -= 2
            state = .member
        }
        return CodecStep(consumed: 1, produced: 0)
    }

    private mutating func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(DerootError) -> CodecStep {
        let source = unsafe UnsafeMutableRawBufferPointer(mutating: input)
        unsafe stream.pointee.next_in = source.assumingMemoryBound(to: UInt8.self).baseAddress
        unsafe stream.pointee.avail_in = UInt32(input.count)
        unsafe stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        unsafe stream.pointee.avail_out = UInt32(output.count)
        let status = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
        let step = unsafe CodecStep(
            consumed: input.count - Int(stream.pointee.avail_in),
            produced: output.count - Int(stream.pointee.avail_out))
        position += UInt64(step.consumed)
        switch status {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: state = .between
        default:
            let text = unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "bad data"
            let isCheck = text.contains("data check") || text.contains("length check")
            throw DerootError(
                isCheck ? .mismatch : .malformed, "the gzip stream is broken: \(text)",
                at: .init(offset: position))
        }
        return step
    }
}
