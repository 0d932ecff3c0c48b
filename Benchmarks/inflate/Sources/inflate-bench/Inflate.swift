import CDeflate
import CZlib
import DerootBytes
import Glibc

/// Reads a whole file, with 1,024 zeros behind it.
func bytes(of path: String) throws -> [UInt8] {
    var source = try FileSlice(File.reading(path))
    var out = [UInt8](repeating: 0, count: Int(source.count) + 1024)
    try out.withUnsafeMutableBytes { buffer in
        var filled = 0
        while filled < Int(source.count) {
            filled += try source.read(into: .init(rebasing: buffer[filled...]))
        }
    }
    return out
}

/// Inflates a gzip file of one member into a window; how many bytes came out.
func inflateWithZlib(_ source: [UInt8]) -> UInt64 {
    var source = source
    var window = [UInt8](repeating: 0, count: 1 << 17)
    var stream = z_stream()
    inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { inflateEnd(&stream) }
    source.withUnsafeMutableBufferPointer { input in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count - 1024)
        window.withUnsafeMutableBufferPointer { output in
            repeat {
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
            } while inflate(&stream, Z_NO_FLUSH) == Z_OK
        }
    }
    return UInt64(stream.total_out)
}

/// The same with CDeflate; the header must be a plain one of ten bytes.
func inflateWithCDeflate(_ source: [UInt8]) -> UInt64 {
    let count = source.count - 1024
    let window = HeapBuffer(count: 1 << 19)
    let stream = UnsafeMutablePointer<deflate_inflater>.allocate(capacity: 1)
    defer { stream.deallocate() }
    deflate_start(stream, 80)
    var total: UInt64 = 0
    var crc: UInt32 = 0
    source.withUnsafeBufferPointer { input in
        guard let start = window.bytes.assumingMemoryBound(to: UInt8.self).baseAddress else {
            return
        }
        var next: UnsafeMutablePointer<UInt8>? = start
        var event = DEFLATE_BLOCK_ENDED
        while event == DEFLATE_BLOCK_ENDED || event == DEFLATE_WANTS_OUTPUT {
            guard var place = next else { return }
            if place - start > window.count - (1 << 17) - Int(DEFLATE_OUTPUT_SLACK) {
                memmove(start, place - Int(DEFLATE_WINDOW_BYTES), Int(DEFLATE_WINDOW_BYTES))
                place = start + Int(DEFLATE_WINDOW_BYTES)
                next = place
            }
            event = deflate_inflate(
                stream, input.baseAddress, count, 0, 1, start, &next, place + (1 << 17))
            guard let end = next else { return }
            crc = deflate_crc32(crc, place, end - place)
            total += UInt64(end - place)
        }
    }
    return total
}
