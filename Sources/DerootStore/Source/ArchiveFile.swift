package import DerootBytes
import Glibc

/// An opened plain tar file, of which any number of slices can be read at the same time.
///
/// Opened once: whoever replaces the file while it is read changes nothing for this run.
package final class ArchiveFile: Sendable {
    private let file: File
    /// The path, or `standard input`, for messages.
    package let name: String

    /// Opens an archive; `-` is standard input.
    ///
    /// What cannot be read at any place, standard input and compressed archives, goes into a file
    /// in TMPDIR first (default /var/tmp), which has no name and is gone when it is closed.
    ///
    /// - Throws: `.notFound`, `.io`, `.usage` where standard input is a terminal, `.unsupported` for
    ///   a compression other than gzip and zstd, and what decompression throws.
    package init(_ path: String, limits: Limits) throws(DerootError) {
        name = path == "-" ? "standard input" : path
        do throws(DerootError) {
            let raw = try path == "-" ? Self.standardInput() : File.reading(path)
            file = try Self.plain(raw, limits: limits)
        } catch { throw error.located(in: .init(file: name)) }
    }

    /// A part of the file; all of it where `count` is nil.
    package func slice(
        from start: UInt64 = 0, count: UInt64? = nil
    ) throws(DerootError) -> FileSlice {
        try FileSlice(file.duplicate(), start: start, count: count)
    }

    private static func standardInput() throws(DerootError) -> File {
        let input = File.standardInput
        guard !input.isTerminal else {
            throw DerootError(
                .usage, "an archive is to be read from standard input, which is a terminal")
        }
        let spool = try spoolFile()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var span = buffer.mutableSpan
        try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
            while case let count = try unsafe input.read(into: memory), count > 0 {
                try unsafe spool.write(
                    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count]))
            }
        }
        return spool
    }

    private static func plain(
        _ file: consuming File, limits: Limits
    ) throws(DerootError) -> File {
        let magic = try FileSlice(file.duplicate()).beginning(6)
        if Compression(magic: magic) != .none {
            return try decompressed(FileSlice(file), limits: limits)
        }
        for (start, name) in foreignCompressions where magic.starts(with: start) {
            throw DerootError(
                .unsupported, "the archive is compressed with \(name)",
                advice: "decompress it first; gzip and zstd are read as they are")
        }
        return file
    }

    private static let foreignCompressions: [([UInt8], String)] = [
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz"), ([0x42, 0x5A, 0x68], "bzip2"),
        ([0x04, 0x22, 0x4D, 0x18], "lz4"),
    ]

    private static func decompressed(
        _ source: consuming FileSlice, limits: Limits
    ) throws(DerootError) -> File {
        let spool = try spoolFile()
        let patcher = try unsafe BlobPatcher(source: source, sink: nil, limits: limits)
        while case let raw = unsafe try patcher.next(), raw.count > 0 {
            try unsafe spool.write(raw)
        }
        _ = try patcher.finish()
        return spool
    }

    private static func spoolFile() throws(DerootError) -> File {
        try File.anonymous(in: temporaryDirectory())
    }
}

/// Where files without a name are kept: TMPDIR, else /var/tmp, which unlike /tmp is seldom memory.
package func temporaryDirectory() -> String {
    if let set = unsafe getenv("TMPDIR") {
        let path = unsafe String(cString: set)
        if !path.isEmpty { return path }
    }
    return "/var/tmp"
}
