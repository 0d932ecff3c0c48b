package import DerootBytes
import Synchronization

/// A new file that a blob is written into; removed with the last reference to it unless kept.
///
/// One thread at a time writes.
package final class StagedBlob: Sendable {
    /// How much gathers before the system is asked to bring it to the disk.
    ///
    /// A disk that works while the blob is still being made leaves little to wait for at the end.
    private static let writebackBytes: UInt64 = 4 << 20

    private struct Progress {
        /// Bytes that are in the file.
        var written: UInt64 = 0
        /// Up to here writing to the disk has begun.
        var started: UInt64 = 0
        var room = RoomAhead()
    }

    private let file: File
    /// Where the file is until it is kept.
    let path: String
    private let hasName: Bool
    /// True where the file is part of the result and not only read back.
    private let isLasting: Bool
    private let progress = Mutex(Progress())
    private let blocks = Mutex(BlockWriter())
    /// How far the file has come, for those who read it meanwhile; nil where nobody may.
    package let growth: Growth?

    init(_ path: String, isLasting: Bool) throws(DerootError) {
        file = try File.creating(path)
        growth = nil
        self.path = path
        self.isLasting = isLasting
        hasName = true
    }

    /// A file without a name, which cannot be kept under one: it is gone with the process.
    package init(namelessIn directory: String) throws(DerootError) {
        file = try File.anonymous(in: directory)
        growth = Growth()
        path = file.path
        hasName = false
        isLasting = false
    }

    deinit {
        growth?.end(DerootError(.interrupted, "the blob was given up"))
        guard hasName else { return }
        // After it was kept there is nothing of that name; names are never used twice.
        do throws(DerootError) {
            try File.remove(path)
        } catch {
            // Its folder goes with the transaction.
        }
    }

    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        try blocks.withLock { (blocks) throws(DerootError) in
            try unsafe blocks.write(bytes) { (part) throws(DerootError) in try unsafe put(part) }
        }
    }

    /// Appends bytes.
    package func write(_ bytes: [UInt8]) throws(DerootError) {
        try unsafe bytes.span.bytes.withUnsafeBytes { (buffer) throws(DerootError) in
            try unsafe write(buffer)
        }
    }

    /// Brings what was written into the file, for those who read it.
    package func flush() throws(DerootError) {
        try blocks.withLock { (blocks) throws(DerootError) in
            try unsafe blocks.flush { (part) throws(DerootError) in try unsafe put(part) }
        }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        let range = progress.withLock { progress in
            progress.room.range(upTo: progress.written + UInt64(bytes.count))
        }
        if let range { file.setAside(range) }
        try unsafe file.write(bytes)
        advance(by: bytes.count)
    }

    private func advance(by count: Int) {
        growth?.advance(by: count)
        progress.withLock { $0.written += UInt64(count) }
        guard isLasting else { return }
        startWriting(atLeast: Self.writebackBytes)
    }

    private func startWriting(atLeast least: UInt64) {
        let range = progress.withLock { progress in
            let range = progress.started..<progress.written
            if UInt64(range.count) >= least { progress.started = progress.written }
            return range
        }
        if UInt64(range.count) >= least { file.startWriting(range) }
    }

    /// Says about how many bytes will be written.
    package func expect(_ count: UInt64) { progress.withLock { $0.room = RoomAhead(count) } }

    /// What is written, read while that goes on: of a length that is not known yet.
    package func growing() throws(DerootError) -> FileSlice? {
        guard let growth else { return nil }
        return FileSlice(try file.duplicate(), growingTo: .max, growth)
    }

    /// What was written, to be read from the start.
    package func contents() throws(DerootError) -> FileSlice {
        try flush()
        return try FileSlice(file.duplicate())
    }

    /// How many bytes were written.
    var size: UInt64 { blocks.withLock { $0.count } }

    /// Gives the file its final permissions, and has the rest of it written to the disk.
    func finish(size: UInt64, permissions: UInt32) throws(DerootError) {
        try flush()
        let found = try file.size()
        guard found == size else {
            throw DerootError(
                .mismatch, "\(found) bytes were staged, \(size) were announced",
                at: .init(file: path))
        }
        try file.setPermissions(permissions)
        if isLasting { startWriting(atLeast: 1) }
    }

    /// Waits until the file has reached the disk.
    func sync() throws(DerootError) { try file.sync() }
}
