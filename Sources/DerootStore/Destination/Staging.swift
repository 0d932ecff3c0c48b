import DerootBytes
import DerootOCI
import Glibc
import Synchronization

/// A folder on the destination's own disk where a transaction gathers its blobs.
///
/// It is locked as long as its process lives, so that the next run can tell the folders of killed
/// ones and remove them. Kept blobs lie in it as they will in the layout, `blobs/sha256/…`.
final class Staging: Sendable {
    private struct State {
        var kept: [Digest: UInt64] = [:]
        /// What was taken in and need not have reached the disk yet.
        var unsynced: [StagedBlob] = []
        var serial = 0
        var isOpen = true
    }

    /// The folder.
    let path: String
    /// What the umask leaves of 0644, for published files.
    let filePermissions: mode_t
    /// What the umask leaves of 0755, for published directories.
    let directoryPermissions: mode_t
    /// How many files may wait to be synced: each has a descriptor, of which a process has 1024.
    private static let mostUnsynced = 128

    /// False where what is staged is only read back, so that it need not survive a power cut.
    private let isLasting: Bool
    private let lock: File
    private let state = Mutex(State())

    /// Creates a folder `PREFIX` + random in a directory; removes what killed runs left of the kind.
    init(in directory: String, prefix: String, isLasting: Bool = true) throws(DerootError) {
        self.isLasting = isLasting
        Self.removeStale(in: directory, prefix: prefix)
        lock = try Self.create(in: directory, prefix: prefix)
        path = lock.path
        do throws(DerootError) {
            let allowed = try Self.createBlobs(in: path)
            // A umask that shuts out the user himself would only make the transaction fail.
            filePermissions = 0o644 & allowed | 0o600
            directoryPermissions = 0o755 & allowed | 0o700
        } catch {
            Self.removeQuietly(path)
            throw error
        }
    }

    /// Gives what the umask allows; asking the system means changing it for all threads, a new
    /// directory just shows it.
    private static func createBlobs(in path: String) throws(DerootError) -> mode_t {
        let blobs = "\(path)/blobs"
        try Directory.create(blobs, permissions: 0o777)
        let folder = try File.opening(blobs, flags: O_RDONLY | O_DIRECTORY)
        let allowed = try folder.status().st_mode
        try folder.setPermissions(0o755 & allowed | 0o700)
        return allowed
    }

    deinit { discard() }

    /// The blobs that are in, with their sizes.
    var kept: [Digest: UInt64] { state.withLock(\.kept) }

    /// Where a kept blob lies.
    func location(of digest: Digest) -> String { "\(path)/\(blobPath(digest))" }

    /// Opens a new file.
    func stage() throws(DerootError) -> StagedBlob {
        let serial = state.withLock { state -> Int? in
            state.serial += 1
            return state.isOpen ? state.serial : nil
        }
        guard let serial else {
            throw DerootError(.io, "the transaction is over", at: .init(file: path))
        }
        return try StagedBlob("\(path)/new-\(serial)", isLasting: isLasting)
    }

    /// Takes a staged file in.
    func keep(_ staged: StagedBlob, digest: Digest, size: UInt64) throws(DerootError) {
        guard kept[digest] == nil else { return }
        try staged.finish(size: size, permissions: filePermissions)
        let folder = "\(path)/blobs/\(digest.algorithm.rawValue)"
        if try Directory.ensure(folder, permissions: 0o700) {
            try File.opening(folder, flags: O_RDONLY | O_DIRECTORY)
                .setPermissions(directoryPermissions)
        }
        try File.rename(staged.path, to: location(of: digest))
        state.withLock { $0.kept[digest] = size }
        try noteUnsynced(staged)
    }

    /// Remembers a file that has to reach the disk before anything of the result is shown.
    func noteUnsynced(_ staged: StagedBlob) throws(DerootError) {
        guard isLasting else { return }
        let count = state.withLock { state in
            state.unsynced.append(staged)
            return state.unsynced.count
        }
        if count >= Self.mostUnsynced { try syncFiles() }
    }

    /// Waits until everything that was taken in has reached the disk; to be called before any of it
    /// is renamed into its final place.
    ///
    /// Late and all at once, the largest first: by then the disk has been at work for long, and one
    /// commit of the file system's journal serves all of them.
    func syncFiles() throws(DerootError) {
        let files = state.withLock { state in
            defer { state.unsynced = [] }
            return state.unsynced
        }
        for file in files.sorted(by: { $0.size > $1.size }) { try file.sync() }
    }

    /// Makes the names of the kept blobs lasting.
    func syncFolders() throws(DerootError) {
        for algorithm in Set(kept.keys.map(\.algorithm.rawValue)) {
            try Directory.sync("\(path)/blobs/\(algorithm)")
        }
        try Directory.sync("\(path)/blobs")
    }

    /// Removes the folder and all in it.
    func discard() {
        guard
            state.withLock({ state in
                defer { (state.isOpen, state.unsynced) = (false, []) }
                return state.isOpen
            })
        else { return }
        Self.removeQuietly(path)
    }

    /// Says that the folder is no longer ours: it was renamed into its place.
    func release() { state.withLock { $0.isOpen = false } }

    private static func create(
        in directory: String, prefix: String
    ) throws(DerootError) -> File {
        while true {
            let name = prefix + String(UInt64.random(in: .min ... .max), radix: 36)
            let path = "\(directory)/\(name)"
            try Directory.create(path, permissions: 0o700)
            // Before the lock is ours, another run may take the folder for a stale one.
            do throws(DerootError) {
                let lock = try File.opening(path, flags: O_RDONLY | O_DIRECTORY)
                _ = try lock.lock()
                if try File.kind(of: path) == .directory { return lock }
            } catch  where error.code == .notFound {
                continue
            } catch {
                removeQuietly(path)
                throw error
            }
        }
    }

    /// Removes what killed runs left beside a destination.
    static func removeStale(beside path: String) {
        do throws(DerootError) {
            let place = try DestinationPlace(path)
            removeStale(in: place.parent, prefix: place.stagingPrefix)
        } catch {
            // A path such as '.' has no name, and no run can have made it.
        }
    }

    /// Removes folders whose owner holds no lock; only our own user's, since anybody could put one
    /// into a shared directory.
    private static func removeStale(in directory: String, prefix: String) {
        do throws(DerootError) {
            for name in try Directory.names(in: directory) where name.hasPrefix(prefix) {
                let path = "\(directory)/\(name)"
                guard try File.kind(of: path, followingLinks: false) == .directory else { continue }
                let folder = try File.opening(path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                let owner = try folder.status().st_uid
                guard owner == geteuid(), try folder.lock(waiting: false) else { continue }
                removeQuietly(path)
            }
        } catch {
            // Litter of another run must not stop this one.
        }
    }

    private static func removeQuietly(_ path: String) {
        do throws(DerootError) {
            try Directory.removeTree(path)
        } catch {
            // What is left is recognised as stale by the next run.
        }
    }
}
