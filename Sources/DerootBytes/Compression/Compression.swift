/// How a blob is compressed, told by its first bytes and never by its media type.
public enum Compression: String, Sendable, Hashable, CaseIterable {
    /// Plain bytes.
    case none
    /// RFC 1952, one or more members.
    case gzip
    /// RFC 8878, one or more frames, skippable ones included.
    case zstd

    /// Looks at a blob's first four bytes (fewer where it is shorter).
    ///
    /// Anything that is neither gzip nor zstd counts as plain; whether it is a tar is not said.
    package init(magic: some Collection<UInt8>) {
        let bytes = Array(magic.prefix(4))
        if bytes.starts(with: [0x1F, 0x8B]) {
            self = .gzip
        } else if bytes == [0x28, 0xB5, 0x2F, 0xFD] {
            self = .zstd
        } else if bytes.count == 4, bytes[0] & 0xF0 == 0x50, bytes[1...] == [0x2A, 0x4D, 0x18] {
            self = .zstd
        } else {
            self = .none
        }
    }

    /// What a blob is that deroot does not read, by its first six bytes; nil where nothing is known.
    package static func foreignFormat(magic: some Collection<UInt8>) -> String? {
        let bytes = Array(magic.prefix(6))
        let known: [([UInt8], String)] = [
            (Array("hsqs".utf8), "a SquashFS image"), (Array("sqsh".utf8), "a SquashFS image"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "compressed with xz"),
            (Array("BZh".utf8), "compressed with bzip2"),
            ([0x04, 0x22, 0x4D, 0x18], "compressed with lz4"),
            (Array("PK\u{3}\u{4}".utf8), "a zip archive"),
        ]
        return known.first { bytes.starts(with: $0.0) }?.1
    }

    /// Looks at the first bytes of a blob.
    ///
    /// - Throws: `.io` or `.truncated` where they cannot be read.
    package init(of source: borrowing FileSlice) throws(DerootError) {
        let head = HeapBuffer(count: 4)
        var filled = 0
        while filled < 4 {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: head.bytes[filled...])
            let got = try unsafe source.read(into: rest, at: UInt64(filled))
            if got == 0 { break }
            filled += got
        }
        unsafe self.init(magic: head.part(0..<filled))
    }
}
