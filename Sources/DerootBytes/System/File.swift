package import Glibc

/// An open file; closed when it goes out of scope.
///
/// All system calls on files are made here and in this folder, each turned into `throws` at once.
package struct File: ~Copyable {
    /// The file's number.
    let descriptor: Int32
    /// The path it was opened with, for messages.
    package let path: String

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        // Standard streams stay open: others in the process write to them.
        if descriptor > 2 { _ = Glibc.close(descriptor) }
    }

    /// Opens an existing regular file for reading.
    ///
    /// O_NONBLOCK, so that a FIFO in the place of a blob cannot hang the open (hostile input G05).
    package static func reading(_ path: String) throws(DerootError) -> File {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(errno, "cannot open", path) }
        let file = File(descriptor: descriptor, path: path)
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw DerootError(.unsupported, "not a regular file", at: .init(file: path))
        }
        return file
    }

    /// Creates a new file for writing and reading back; fails where one exists.
    package static func creating(
        _ path: String, permissions: mode_t = 0o600
    ) throws(DerootError) -> File {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
        guard descriptor >= 0 else { throw .system(errno, "cannot create", path) }
        return File(descriptor: descriptor, path: path)
    }

    /// Opens a lock file or a directory, creating the former.
    package static func opening(
        _ path: String, flags: Int32, permissions: mode_t = 0o644
    ) throws(DerootError) -> File {
        let descriptor = unsafe open(path, flags | O_CLOEXEC, permissions)
        guard descriptor >= 0 else { throw .system(errno, "cannot open", path) }
        return File(descriptor: descriptor, path: path)
    }

    /// Standard input.
    package static var standardInput: File { File(descriptor: 0, path: "standard input") }
    /// Standard output.
    package static var standardOutput: File { File(descriptor: 1, path: "standard output") }

    /// Standard error.
    package static var standardError: File { File(descriptor: 2, path: "standard error") }

    /// fstat(2).
    package borrowing func status() throws(DerootError) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .system(errno, "cannot look at", path)
        }
        return status
    }

    /// The size in bytes.
    package borrowing func size() throws(DerootError) -> UInt64 {
        UInt64(clamping: try status().st_size)
    }

    /// Reads up to a buffer's length at the file's position; 0 is the end, and an error is an error.
    package borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(DerootError) -> Int {
        while true {
            let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw .system(errno, "cannot read", path) }
        }
    }

    /// Reads up to a buffer's length at `offset`, without moving the file's position.
    package borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(DerootError) -> Int {
        while true {
            let count = unsafe pread(
                descriptor, buffer.baseAddress, buffer.count, off_t(clamping: offset))
            if count >= 0 { return count }
            if errno != EINTR { throw .system(errno, "cannot read", path) }
        }
    }

    /// Writes all bytes.
    package borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        var rest = unsafe bytes
        while rest.count > 0 {
            let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(errno, "cannot write", path)
            }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Writes all bytes.
    package borrowing func write(_ bytes: [UInt8]) throws(DerootError) {
        try unsafe bytes.span.bytes.withUnsafeBytes { (buffer) throws(DerootError) in
            try unsafe write(buffer)
        }
    }

    /// fsync(2): what was written survives a power cut.
    package borrowing func sync() throws(DerootError) {
        guard fsync(descriptor) == 0 else { throw .system(errno, "cannot sync", path) }
    }

    /// Takes flock(2), exclusive; false where somebody else holds it and waiting was not asked for.
    package borrowing func lock(waiting: Bool = true) throws(DerootError) -> Bool {
        while true {
            if flock(descriptor, LOCK_EX | (waiting ? 0 : LOCK_NB)) == 0 { return true }
            if errno == EWOULDBLOCK { return false }
            if errno != EINTR { throw .system(errno, "cannot lock", path) }
        }
    }

    /// A second handle of the same open file; the two share one position.
    package borrowing func duplicate() throws(DerootError) -> File {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .system(errno, "cannot open again", path) }
        return File(descriptor: copy, path: path)
    }

    /// Changes the permission bits, whatever the umask says.
    package borrowing func setPermissions(_ permissions: mode_t) throws(DerootError) {
        guard fchmod(descriptor, permissions) == 0 else {
            throw .system(errno, "cannot change the permissions of", path)
        }
    }

    /// Whether this is a terminal.
    package var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Moves the file's position.
    package borrowing func seek(to offset: UInt64) throws(DerootError) {
        guard lseek(descriptor, off_t(clamping: offset), SEEK_SET) >= 0 else {
            throw .system(errno, "cannot seek in", path)
        }
    }
}

extension DerootError {
    /// An error of the operating system, in the words of strerror(3).
    package static func system(_ number: Int32, _ what: String, _ path: String) -> DerootError {
        let reason = unsafe String(cString: strerror(number))
        let advice: String? =
            switch number {
            case ENOSPC, EDQUOT: "free some space or write elsewhere"
            case EACCES, EPERM: "check the permissions"
            default: nil
            }
        return DerootError(
            number == ENOENT ? .notFound : .io, "\(what): \(reason)", at: .init(file: path),
            advice: advice)
    }
}
