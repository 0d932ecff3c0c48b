package import Glibc

// What is done to files by their names.
extension File {
    /// What a name stands for.
    package enum Kind: Sendable, Hashable {
        /// A regular file.
        case regular
        /// A directory.
        case directory
        /// A symbolic link; only where links are not followed.
        case symlink
        /// A FIFO, a socket or a device.
        case other
    }

    /// What a path stands for; nil where nothing is there, a dangling link included.
    ///
    /// - Throws: `.io` where the system will not say, such as for want of permission.
    package static func kind(
        of path: String, followingLinks: Bool = true
    ) throws(DerootError) -> Kind? {
        var status = stat()
        let result = unsafe followingLinks ? stat(path, &status) : lstat(path, &status)
        guard result == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .system(errno, "cannot look at", path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .regular
        case S_IFDIR: return .directory
        case S_IFLNK: return .symlink
        default: return .other
        }
    }

    /// The absolute path without links, as realpath(3) finds it.
    ///
    /// - Throws: `.notFound` for a dangling link or a missing part, `.io`.
    package static func resolved(_ path: String) throws(DerootError) -> String {
        guard let found = unsafe realpath(path, nil) else {
            throw .system(errno, "cannot resolve", path)
        }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    /// Gives a file another name, in one step, replacing what had that name.
    package static func rename(_ path: String, to other: String) throws(DerootError) {
        guard unsafe Glibc.rename(path, other) == 0 else {
            throw .system(errno, "cannot rename to '\(printable(other.utf8))'", path)
        }
    }

    /// Removes a file; false where there was none.
    @discardableResult
    package static func remove(_ path: String) throws(DerootError) -> Bool {
        if unsafe unlink(path) == 0 { return true }
        guard errno == ENOENT else { throw .system(errno, "cannot remove", path) }
        return false
    }

    /// Creates a file that has no name, and is gone once it is closed.
    package static func anonymous(in directory: String) throws(DerootError) -> File {
        do throws(DerootError) {
            return try opening(directory, flags: unnamed | O_RDWR | O_EXCL, permissions: 0o600)
        } catch {
            // A file system that knows no such files: a kill between these two leaves the name.
            let name = String(UInt64.random(in: .min ... .max), radix: 36)
            let file = try creating("\(directory)/.deroot-\(name)")
            try remove("\(directory)/.deroot-\(name)")
            return file
        }
    }

    /// O_TMPFILE (open(2)), which Swift does not import: a flag of its own and O_DIRECTORY.
    private static let unnamed: Int32 = 0o20_000_000 | O_DIRECTORY
}

/// What is done to directories by their names.
package enum Directory {
    /// Creates a directory; the umask applies.
    package static func create(_ path: String, permissions: mode_t = 0o755) throws(DerootError) {
        guard unsafe mkdir(path, permissions) == 0 else {
            throw .system(errno, "cannot create the directory", path)
        }
    }

    /// Creates a directory unless there is one; true where it was created.
    package static func ensure(_ path: String, permissions: mode_t = 0o755) throws(DerootError)
        -> Bool
    {
        if unsafe mkdir(path, permissions) == 0 { return true }
        guard errno == EEXIST else { throw .system(errno, "cannot create the directory", path) }
        return false
    }

    /// Removes an empty directory.
    package static func remove(_ path: String) throws(DerootError) {
        guard unsafe rmdir(path) == 0 else { throw .system(errno, "cannot remove", path) }
    }

    /// The names in a directory without `.` and `..`, sorted by their bytes.
    ///
    /// A name that is not UTF-8 comes out with replacement characters; deroot makes none.
    package static func names(in path: String) throws(DerootError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw .system(errno, "cannot list", path) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw .system(errno, "cannot list", path) }
                break
            }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Makes the names in a directory survive a power cut (fsync(2)).
    package static func sync(_ path: String) throws(DerootError) {
        try File.opening(path, flags: O_RDONLY | O_DIRECTORY).sync()
    }

    /// Removes a directory and all below it, without following links.
    package static func removeTree(_ path: String) throws(DerootError) {
        for name in try names(in: path) {
            let child = "\(path)/\(name)"
            if try File.kind(of: child, followingLinks: false) == .directory {
                try removeTree(child)
            } else {
                try File.remove(child)
            }
        }
        try remove(path)
    }
}
