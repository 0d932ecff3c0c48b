import CZlib

/// How zlib is asked to make a test stream.
struct DeflateSettings: Sendable {
    var level: Int32 = 6
    var strategy: Int32 = Z_DEFAULT_STRATEGY
    var memLevel: Int32 = 8
    var windowLog: Int32 = 15
    /// Flushes after so many input bytes.
    var flushes: [(at: Int, mode: Int32)] = []

    static let strategies = [
        Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED,
    ]
    static let flushModes = [Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK]
}

/// Deflates with zlib: a raw stream, or a gzip member with a plain header.
func deflated(
    _ bytes: [UInt8], _ settings: DeflateSettings = DeflateSettings(), gzip: Bool = false
) -> [UInt8] {
    var stream = unsafe z_stream()
    let bits = gzip ? 16 + settings.windowLog : -settings.windowLog
    var status = unsafe deflateInit2_(
        &stream, settings.level, Z_DEFLATED, bits, settings.memLevel, settings.strategy,
        ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK)
    defer { unsafe deflateEnd(&stream) }
    var out: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 1 << 16)
    var start = 0
    for (end, mode) in settings.flushes + [(bytes.count, Z_FINISH)] {
        var part = Array(bytes[start..<end])
        start = end
        let count = part.count
        unsafe part.withUnsafeMutableBufferPointer { input in
            unsafe room.withUnsafeMutableBufferPointer { output in
                unsafe stream.next_in = input.baseAddress
                unsafe stream.avail_in = UInt32(count)
                repeat {
                    unsafe stream.next_out = output.baseAddress
                    unsafe stream.avail_out = UInt32(output.count)
                    status = unsafe deflate(&stream, mode)
                    unsafe out += output[..<(output.count - Int(stream.avail_out))]
                } while unsafe stream.avail_out == 0
            }
        }
    }
    precondition(status == Z_STREAM_END)
    return out
}

/// What zlib makes of bytes.
struct Inflation: Equatable {
    var bytes: [UInt8]
    /// True where the stream ended as it should; then what was left.
    var isComplete: Bool
    var unread: Int
}

/// Inflates one raw stream, or one gzip member, with zlib.
func inflation(_ bytes: [UInt8], gzip: Bool = false, limit: Int = 1 << 26) -> Inflation {
    var stream = unsafe z_stream()
    var status = unsafe inflateInit2_(
        &stream, gzip ? 31 : -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK)
    defer { unsafe inflateEnd(&stream) }
    var out: [UInt8] = []
    var source = bytes
    var room = [UInt8](repeating: 0, count: 1 << 16)
    unsafe source.withUnsafeMutableBufferPointer { input in
        unsafe room.withUnsafeMutableBufferPointer { output in
            unsafe stream.next_in = input.baseAddress
            unsafe stream.avail_in = UInt32(input.count)
            repeat {
                unsafe stream.next_out = output.baseAddress
                unsafe stream.avail_out = UInt32(output.count)
                status = unsafe inflate(&stream, Z_NO_FLUSH)
                unsafe out += output[..<(output.count - Int(stream.avail_out))]
            } while status == Z_OK && out.count < limit
        }
    }
    return unsafe Inflation(
        bytes: out, isComplete: status == Z_STREAM_END, unread: Int(stream.avail_in))
}

/// Inflates a chain of gzip members with zlib; nil where one is not valid to the last byte.
func gunzipped(_ bytes: [UInt8]) -> [UInt8]? {
    var rest = bytes
    var out: [UInt8] = []
    while !rest.isEmpty {
        let member = inflation(rest, gzip: true)
        guard member.isComplete else { return nil }
        out += member.bytes
        rest = Array(rest[(rest.count - member.unread)...])
    }
    return out
}

/// zlib's CRC-32.
func zlibCRC32(_ bytes: [UInt8]) -> UInt32 {
    unsafe UInt32(truncatingIfNeeded: crc32(0, bytes, UInt32(bytes.count)))
}
