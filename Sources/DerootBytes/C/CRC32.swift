import CDeflate

/// The CRC-32 of RFC 1952 over a stream, with the stream's length.
struct CRC32: Sendable, Hashable {
    /// The checksum so far.
    private(set) var value: UInt32 = 0
    /// How many bytes went in.
    private(set) var count: UInt64 = 0

    /// Adds bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe value = deflate_crc32(value, bytes.baseAddress, bytes.count)
        count += UInt64(bytes.count)
    }

    /// The eight bytes that end a gzip member: CRC32 and ISIZE, little-endian.
    var trailer: [UInt8] {
        var bytes: [UInt8] = []
        for word in [value, UInt32(truncatingIfNeeded: count)] {
            for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return bytes
    }
}
