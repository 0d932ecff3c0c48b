/// Reads the header of a gzip member byte by byte (RFC 1952, 2.3); its fields are not kept.
struct GzipHeader {
    private enum Field { case fixed, extraLength, extra, name, comment, checksum, done }

    private var field = Field.fixed
    private var flags: UInt8 = 0
    /// Bytes seen of a field of fixed length; or bytes left of the extra field.
    private var seen = 0
    private var left = 0
    private var crc = CRC32()
    private var stated: UInt16 = 0

    private static let hasChecksum: UInt8 = 2
    private static let hasExtra: UInt8 = 4
    private static let hasName: UInt8 = 8
    private static let hasComment: UInt8 = 16
    private static let reserved: UInt8 = 0xE0

    /// True behind the last byte.
    var isDone: Bool { field == .done }

    /// Takes bytes up to the header's end; how many.
    ///
    /// - Throws: `.malformed`, or `.mismatch` for the header's checksum, without an offset.
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws(DerootError) -> Int {
        var count = 0
        while count < bytes.count && !isDone {
            let byte = unsafe bytes[count]
            count += 1
            if field != .checksum {
                // One byte at a time is fast enough for a few dozen.
                unsafe withUnsafeBytes(of: byte) { unsafe crc.update($0) }
            }
            try take(byte)
        }
        return count
    }

    private mutating func take(_ byte: UInt8) throws(DerootError) {
        switch field {
        case .fixed:
            try takeFixed(byte)
            guard seen == 10 else { return }
            enter(.extraLength)
        case .extraLength:
            left |= Int(byte) << (8 * seen)
            seen += 1
            if seen == 2 { enter(left > 0 ? .extra : .name) }
        case .extra:
            left -= 1
            if left == 0 { enter(.name) }
        case .name: if byte == 0 { enter(.comment) }
        case .comment: if byte == 0 { enter(.checksum) }
        case .checksum:
            stated |= UInt16(byte) << (8 * seen)
            seen += 1
            guard seen == 2 else { return }
            guard stated == UInt16(truncatingIfNeeded: crc.value) else {
                throw DerootError(.mismatch, "a gzip header's checksum is wrong")
            }
            field = .done
        case .done: break
        }
    }

    private mutating func takeFixed(_ byte: UInt8) throws(DerootError) {
        switch seen {
        case 2:
            guard byte == 8 else {
                throw DerootError(.malformed, "a gzip member is not deflated: method \(byte)")
            }
        case 3:
            guard byte & Self.reserved == 0 else {
                throw DerootError(.malformed, "a gzip header has unknown flags: \(byte)")
            }
            flags = byte
        default: break
        }
        seen += 1
    }

    /// Goes to a field, or the next one that the flags name.
    private mutating func enter(_ next: Field) {
        seen = 0
        field = next
        if field == .extraLength && flags & Self.hasExtra == 0 { field = .name }
        if field == .name && flags & Self.hasName == 0 { field = .comment }
        if field == .comment && flags & Self.hasComment == 0 { field = .checksum }
        if field == .checksum && flags & Self.hasChecksum == 0 { field = .done }
    }
}
