import DerootBytes
import DerootOCI
import Synchronization

/// Blobs of the source that go into an archive as they are, left where they are until then.
///
/// An archive is written in one go at the commit, so that copying a layer before would only write
/// it twice. Each was read and verified once; it is verified again on its way into the archive,
/// since the source may change meanwhile (hostile input G06).
final class PendingBlobs: Sendable {
    private let blobs = Mutex<[Digest: PendingBlob]>([:])
    /// Every one keeps a file open, of which a process has 1024 in many places.
    static let most = 128

    /// Whether the blob is here.
    func contains(_ digest: Digest) -> Bool { blobs.withLock { $0[digest] != nil } }

    /// Verifies a blob and remembers where it is; false where there is no room for another one.
    func add(
        _ blob: borrowing FileSlice, _ descriptor: Descriptor
    ) throws(DerootError) -> Bool {
        guard !contains(descriptor.digest) else { return true }
        guard blobs.withLock({ $0.count < Self.most }) else { return false }
        let place = DerootError.Location(file: blob.path, blob: descriptor.digest)
        guard blob.count == descriptor.size else {
            throw DerootError(
                .mismatch,
                "the blob has \(blob.count) bytes, its descriptor says \(descriptor.size)",
                at: place)
        }
        let found = try blob.duplicate().digest(descriptor.digest.algorithm)
        guard found == descriptor.digest else {
            throw DerootError(.mismatch, "the content has the digest \(found)", at: place)
        }
        let pending = PendingBlob(try blob.duplicate())
        blobs.withLock { $0[descriptor.digest] = pending }
        return true
    }

    /// Opens a blob; nil where it is not here.
    func open(_ digest: Digest) throws(DerootError) -> FileSlice? {
        guard let pending = blobs.withLock({ $0[digest] }) else { return nil }
        return try pending.slice.duplicate()
    }

    /// Forgets all of them.
    func removeAll() { blobs.withLock { $0 = [:] } }
}

private final class PendingBlob: Sendable {
    let slice: FileSlice

    init(_ slice: consuming FileSlice) { self.slice = slice }
}
