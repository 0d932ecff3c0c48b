import Glibc

/// A run of bytes in a file: a blob of a layout, or a member of an archive.
///
/// Read once, in order; a second reader may follow by offset.
package struct FileSlice: ~Copyable {
    private let file: File
    /// Where the slice starts in the file, in bytes.
    package let start: UInt64
    /// How long it is, in bytes.
    package let count: UInt64
    private var position: UInt64 = 0
    /// Set where the file is still being written; readers wait for what has not come yet.
    private var growth: Growth?

    /// `count` bytes of a file from `start`; the whole rest where `count` is nil.
    package init(
        _ file: consuming File, start: UInt64 = 0, count: UInt64? = nil
    ) throws(DerootError) {
        let size = try file.size()
        let (end, overflow) = start.addingReportingOverflow(count ?? 0)
        guard !overflow, start <= size, end <= size else {
            throw DerootError(
                .truncated, "the file has \(size) bytes, \(end) are needed",
                at: .init(file: file.path))
        }
        self.file = file
        self.start = start
        self.count = count ?? (size - start)
    }

    /// A file that another thread writes from its start, and that will have `count` bytes; .max where
    /// nobody knows yet.
    ///
    /// Whoever reads waits for the bytes, and is told why they do not come.
    package init(_ file: consuming File, growingTo count: UInt64, _ growth: Growth) {
        self.file = file
        start = 0
        self.count = count
        self.growth = growth
    }

    /// The file's path, for messages.
    package var path: String { file.path }

    /// A second handle of the same run of bytes, to be read from its start.
    package borrowing func duplicate() throws(DerootError) -> FileSlice {
        if let growth { return FileSlice(try file.duplicate(), growingTo: count, growth) }
        return try FileSlice(file.duplicate(), start: start, count: count)
    }

    /// What tells whether the file was written to: its size and when it was modified.
    package struct Stamp: Sendable, Hashable {
        private let size: Int
        private let seconds: Int
        private let nanoseconds: Int

        /// Of a file that only grows: what was read of it stays.
        fileprivate init(growing: Void) {
            size = 0
            seconds = 0
            nanoseconds = 0
        }

        fileprivate init(_ status: stat) {
            size = Int(status.st_size)
            seconds = Int(status.st_mtim.tv_sec)
            nanoseconds = Int(status.st_mtim.tv_nsec)
        }
    }

    /// The file's stamp as it is now.
    ///
    /// - Throws: `.io`.
    package borrowing func stamp() throws(DerootError) -> Stamp {
        growth == nil ? Stamp(try file.status()) : Stamp(growing: ())
    }

    /// Waits for the first byte, where the file is still being written.
    ///
    /// - Throws: Why none came.
    package borrowing func waitForBeginning() throws(DerootError) {
        _ = try growth?.wait(for: min(1, count))
    }

    /// The next bytes, as many as fit; 0 only at the end of the slice.
    ///
    /// - Throws: `.truncated` where the file has become shorter than the slice.
    package mutating func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(DerootError) -> Int {
        let wanted = Int(clamping: min(UInt64(buffer.count), count - position))
        guard wanted > 0 else { return 0 }
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        let got = try unsafe fill(part, at: position)
        position += UInt64(got)
        return got
    }

    /// Passes over bytes without reading them, at most to the end.
    package mutating func skip(_ count: UInt64) {
        position += min(count, self.count - position)
    }

    /// Bytes of the slice from `offset` on, as many as fit; 0 only at or after the end of the slice,
    /// which for a file of unknown size is where its writer ended.
    ///
    /// Leaves the position of `read(into:)` alone, so that a second reader can follow the first.
    ///
    /// - Throws: `.truncated` where the file has become shorter than the slice.
    package borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(DerootError) -> Int {
        guard offset < count else { return 0 }
        let wanted = Int(clamping: min(UInt64(buffer.count), count - offset))
        guard wanted > 0 else { return 0 }
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        return try unsafe fill(part, at: offset)
    }

    private borrowing func fill(
        _ part: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(DerootError) -> Int {
        _ = try growth?.wait(for: offset + UInt64(part.count))
        let got = try unsafe file.read(into: part, at: start + offset)
        guard got > 0 || count == .max else {
            throw DerootError(
                .truncated, "the file ends early", at: .init(file: path, offset: start + offset))
        }
        return got
    }
}
