import DerootBytes
import DerootOCI

/// A file without a name that a blob arrives in, and that may be read meanwhile.
///
/// It only grows: what was read of it never changes, so that a digest of what was read is one of what
/// is there.
final class ArrivingBlob: Sendable {
    /// What readers have of it.
    let file: BlobFile
    private let target: File
    private let growth = Growth()

    /// - Throws: `.io` where no file can be made in `directory`.
    init(size: UInt64, in directory: String) throws(DerootError) {
        target = try File.anonymous(in: directory)
        target.setAside(size)
        file = BlobFile(FileSlice(try target.duplicate(), growingTo: size, growth))
    }

    /// Appends bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        try unsafe target.write(bytes)
        growth.advance(by: bytes.count)
    }

    /// No more bytes come; `failure` says why, where some are missing.
    func end(_ failure: DerootError? = nil) { growth.end(failure) }
}
