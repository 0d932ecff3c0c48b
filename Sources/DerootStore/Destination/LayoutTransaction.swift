import DerootBytes
import DerootOCI
import Glibc
import Synchronization

/// One result on its way into an OCI image layout.
///
/// A new layout is built beside its place and renamed into it. In an existing one the blobs come
/// first, each renamed into its place, and index.json last, all under a lock on the directory.
final class LayoutTransaction: DestinationTransaction {
    private let reference: LocalReference
    private let limits: Limits
    private let staging: Staging
    /// The layout that is there; nil where it is to be made.
    private let existing: LayoutDirectory?
    /// Blobs of the existing layout that were read, and whether they are what their names say.
    private let verified = Mutex<[Digest: Bool]>([:])

    init(_ reference: LocalReference, limits: Limits) throws(DerootError) {
        self.reference = reference
        self.limits = limits
        let path = reference.path
        switch try File.kind(of: path) {
        case .directory?:
            let layout = try LayoutDirectory(path)
            try layout.checkWritable(limits: limits)
            existing = layout
            staging = try Staging(in: path, prefix: LayoutDirectory.stagingPrefix)
            // Of runs that were killed before the layout came to be.
            Staging.removeStale(beside: path)
        case nil where try File.kind(of: path, followingLinks: false) == nil:
            let place = try DestinationPlace(path)
            existing = nil
            staging = try Staging(in: place.parent, prefix: place.stagingPrefix)
        default:
            throw DerootError(
                .unsupported, "an image layout is a directory, and something else is in its place",
                advice: "choose a path that does not exist yet")
        }
    }

    func contains(_ digest: Digest) -> Bool {
        staging.kept[digest] != nil || isVerified(digest, in: existing)
    }

    func stage() throws(DerootError) -> StagedBlob { try staging.stage() }

    func keep(_ staged: StagedBlob, digest: Digest, size: UInt64) throws(DerootError) {
        try staging.keep(staged, digest: digest, size: size)
    }

    func copy(_ blob: consuming FileSlice, descriptor: Descriptor) throws(DerootError) {
        try staging.copy(blob, descriptor: descriptor)
    }

    func put(_ document: [UInt8], algorithm: Digest.Algorithm) throws(DerootError) -> Digest {
        try staging.put(document, algorithm: algorithm)
    }

    func abort() { staging.discard() }

    func commit(root: Descriptor, name: String?) throws(DerootError) {
        defer { staging.discard() }
        do throws(DerootError) {
            let closure = try Closure(root: root, limits: limits) { (digest) throws(DerootError) in
                try self.open(digest)
            }
            let entry = root.entry(asked: reference.selectedName, carried: name)
            if existing == nil, try publishNew(entry, closure) { return }
            try merge(closure.blobs) { (index) throws(DerootError) in try index.place(entry) }
        } catch { throw error.located(in: .init(file: reference.description)) }
    }

    /// Adds documents that speak of an image in the layout.
    func commit(attaching referrers: [Descriptor]) throws(DerootError) {
        defer { staging.discard() }
        do throws(DerootError) {
            var blobs: [Digest: UInt64] = [:]
            for referrer in referrers {
                let closure = try Closure(root: referrer, limits: limits) {
                    (digest) throws(DerootError) in try self.open(digest)
                }
                blobs.merge(closure.blobs) { first, _ in first }
            }
            try merge(blobs) { (index) throws(DerootError) in
                for referrer in referrers
                where !index.manifests.contains(where: { $0.digest == referrer.digest }) {
                    index.appendManifest(referrer)
                }
            }
        } catch { throw error.located(in: .init(file: reference.description)) }
    }

    private func open(_ digest: Digest) throws(DerootError) -> FileSlice {
        if staging.kept[digest] != nil {
            return try FileSlice(File.reading(staging.location(of: digest)))
        }
        guard let existing, isVerified(digest, in: existing) else {
            throw DerootError(.notFound, "the blob belongs to the result and was not brought")
        }
        return try existing.file(blobPath(digest))
    }

    private func isVerified(_ digest: Digest, in layout: LayoutDirectory?) -> Bool {
        guard let layout else { return false }
        if let known = verified.withLock({ $0[digest] }) { return known }
        var isRight = false
        do throws(DerootError) {
            isRight = try layout.file(blobPath(digest)).digest(digest.algorithm) == digest
        } catch {
            // Missing or not to be read: it has to be brought.
        }
        verified.withLock { $0[digest] = isRight }
        return isRight
    }

    /// Makes the staging folder the layout; false where somebody else has made one meanwhile.
    private func publishNew(
        _ entry: Descriptor, _ closure: Closure
    ) throws(DerootError) -> Bool {
        let path = reference.path
        for digest in staging.kept.keys where closure.blobs[digest] == nil {
            try File.remove(staging.location(of: digest))
        }
        for name in try Directory.names(in: staging.path) where name != "blobs" {
            try File.remove("\(staging.path)/\(name)")
        }
        let index = ImageIndex(manifests: [entry])
        _ = try staging.write(OCILayout.bytes, as: OCILayout.fileName)
        _ = try staging.write(index.document.bytes, as: OCILayout.indexName)
        try staging.syncFiles()
        try staging.syncFolders()
        let folder = try File.opening(staging.path, flags: O_RDONLY | O_DIRECTORY)
        try folder.setPermissions(staging.directoryPermissions)
        try folder.sync()
        do throws(DerootError) {
            try File.rename(staging.path, to: path)
        } catch {
            guard try File.kind(of: path) == .directory else { throw error }
            return false
        }
        staging.release()
        try Directory.sync(try DestinationPlace(path).parent)
        return true
    }

    private func merge(
        _ blobs: [Digest: UInt64], _ edit: (inout ImageIndex) throws(DerootError) -> Void
    ) throws(DerootError) {
        let layout = try LayoutDirectory(reference.path)
        let lock = try File.opening(layout.path, flags: O_RDONLY | O_DIRECTORY)
        _ = try lock.lock()
        try layout.checkWritable(limits: limits)
        var index = try layout.index(limits: limits)
        try edit(&index)
        try staging.syncFiles()
        var additions = LayoutAdditions(to: layout, from: staging)
        do throws(DerootError) {
            let brought = staging.kept
            for digest in blobs.keys.sorted(by: { $0.precedes($1) }) {
                if brought[digest] != nil && verified.withLock({ $0[digest] }) != true {
                    try additions.add(digest)
                } else if try File.kind(of: "\(layout.path)/\(blobPath(digest))") == nil {
                    throw DerootError(
                        .notFound, "the blob was removed from the layout while it was written",
                        at: .init(blob: digest), advice: "try again")
                }
            }
            try additions.finish(index)
        } catch {
            additions.undo()
            throw error
        }
    }
}
