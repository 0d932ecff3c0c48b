package import DerootBytes

/// A new file that a blob is written into; removed with the last reference to it unless kept.
///
/// One thread at a time writes.
package final class StagedBlob: Sendable {
    private let file: File
    /// Where the file is until it is kept.
    let path: String

    private let hasName: Bool

    init(_ path: String) throws(DerootError) {
        file = try File.creating(path)
        self.path = path
        hasName = true
    }

    /// A file without a name, which cannot be kept under one: it is gone with the process.
    package init(namelessIn directory: String) throws(DerootError) {
        file = try File.anonymous(in: directory)
        path = file.path
        hasName = false
    }

    deinit {
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
        try unsafe file.write(bytes)
    }

    /// Appends bytes.
    package func write(_ bytes: [UInt8]) throws(DerootError) { try file.write(bytes) }

    /// What was written, to be read from the start.
    package func contents() throws(DerootError) -> FileSlice { try FileSlice(file.duplicate()) }

    /// Makes the file lasting and gives it its final permissions.
    func finish(size: UInt64, permissions: UInt32) throws(DerootError) {
        let found = try file.size()
        guard found == size else {
            throw DerootError(
                .mismatch, "\(found) bytes were staged, \(size) were announced",
                at: .init(file: path))
        }
        try file.setPermissions(permissions)
        try file.sync()
    }
}
