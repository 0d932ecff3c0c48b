import CArchive
package import DerootBytes
import Glibc

/// What a new tar entry says; its body follows through `TarWriter.write`.
package struct NewEntry: Sendable, Hashable {
    /// What kind of entry it is.
    package enum Kind: Sendable, Hashable {
        /// A regular file, the only kind with a body.
        case file
        /// A directory; the writer ends its name with a slash.
        case directory
        /// A symbolic link; the target is stored as it is.
        case symlink(target: [UInt8])
        /// A hard link to the entry of that name.
        case hardLink(target: [UInt8])
    }

    /// The name as bytes, not empty, without NUL, relative to the root.
    package var path: [UInt8]
    /// What kind of entry it is.
    package var kind: Kind
    /// Permission bits with setuid, setgid and sticky: 0…0o7777.
    package var mode: UInt16
    /// The owner's number.
    package var uid: UInt32
    /// The group's number.
    package var gid: UInt32
    /// The owner's name; empty is usual in layers.
    package var userName: [UInt8]
    /// The group's name; empty is usual in layers.
    package var groupName: [UInt8]
    /// Seconds since 1970.
    package var modified: Int64
    /// The body's length in bytes; 0 for everything but files.
    package var size: UInt64

    /// Makes an entry; names, owner and time default to nothing, root and 1970.
    package init(
        path: [UInt8], kind: Kind, mode: UInt16, uid: UInt32 = 0, gid: UInt32 = 0,
        userName: [UInt8] = [], groupName: [UInt8] = [], modified: Int64 = 0, size: UInt64 = 0
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.userName = userName
        self.groupName = groupName
        self.modified = modified
        self.size = size
    }
}

/// Writes a new tar stream with libarchive: ustar where that suffices, pax records where not.
///
/// The same entries give the same bytes: there is no atime, no ctime, no locale and no padding
/// after the two zero blocks. Names leave as the bytes they came in as.
@safe
package struct TarWriter: ~Copyable {
    // Told `hdrcharset=BINARY`, libarchive writes that record before every entry; not told, it
    // asks the locale about names that are not ASCII. So each kind of entry has its own writer,
    // and both write into one outlet.
    private let plain: OpaquePointer
    private let binary: OpaquePointer
    private var active: OpaquePointer
    private let outlet: Outlet
    private var current = ""
    private var missing: UInt64 = 0

    /// Starts a stream; `sink` gets it in pieces of 64 KiB or, for large bodies, more.
    ///
    /// An error of the sink comes out of the call that filled the piece.
    package init(
        sink: @escaping (UnsafeRawBufferPointer) throws(DerootError) -> Void
    ) throws(DerootError) {
        guard let plain = unsafe archive_write_new(), let binary = unsafe archive_write_new() else {
            preconditionFailure("out of memory")
        }
        unsafe self.plain = plain
        unsafe self.binary = binary
        unsafe active = plain
        outlet = unsafe Outlet(sink)
        try unsafe open(plain)
        unsafe active = binary
        try unsafe open(binary)
    }

    private borrowing func open(_ archive: OpaquePointer) throws(DerootError) {
        try check(unsafe archive_write_set_format_pax_restricted(archive))
        if unsafe archive == binary {
            try check(
                unsafe archive_write_set_format_option(archive, "pax", "hdrcharset", "BINARY"))
        }
        // Nothing waits inside libarchive, so that the two writers may take turns.
        try check(unsafe archive_write_set_bytes_per_block(archive, 0))
        let context = unsafe Unmanaged.passUnretained(outlet).toOpaque()
        let status = unsafe archive_write_open(
            archive, context, nil,
            { (_, context, bytes, count) in
                guard let context = unsafe context else { return -1 }
                let outlet = unsafe Unmanaged<Outlet>.fromOpaque(context).takeUnretainedValue()
                let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
                return unsafe outlet.take(piece) ? count : -1
            }, nil)
        try check(status)
    }

    deinit {
        // Without being failed first, an open archive would write its end into the sink.
        unsafe archive_write_fail(plain)
        unsafe archive_write_free(plain)
        unsafe archive_write_fail(binary)
        unsafe archive_write_free(binary)
    }

    /// Starts the next entry.
    ///
    /// - Throws: `.malformed` for a name that tar cannot hold, `.mismatch` where the body of the
    ///   entry before is not complete, and the sink's errors.
    package mutating func begin(_ entry: NewEntry) throws(DerootError) {
        try checkComplete()
        try check(unsafe archive_write_finish_entry(active))
        current = printable(entry.path)
        unsafe active = entry.isASCII ? plain : binary
        guard let header = unsafe archive_entry_new() else { preconditionFailure("out of memory") }
        defer { unsafe archive_entry_free(header) }
        unsafe archive_entry_set_pathname(header, try name(entry.path))
        // libarchive's AE_IF… have the same values, but as casts, which Swift does not import.
        var type = Glibc.S_IFREG
        switch entry.kind {
        case .file: missing = entry.size
        case .directory: type = Glibc.S_IFDIR
        case .symlink(let target):
            type = Glibc.S_IFLNK
            unsafe archive_entry_set_symlink(header, try name(target))
        case .hardLink(let target): unsafe archive_entry_set_hardlink(header, try name(target))
        }
        guard entry.kind == .file || entry.size == 0, entry.size <= UInt64(Int64.max) else {
            throw malformed("cannot have a body of \(entry.size) bytes")
        }
        unsafe archive_entry_set_filetype(header, type)
        unsafe archive_entry_set_perm(header, mode_t(entry.mode))
        unsafe archive_entry_set_uid(header, Int64(entry.uid))
        unsafe archive_entry_set_gid(header, Int64(entry.gid))
        unsafe archive_entry_set_uname(header, try name(entry.userName, mayBeEmpty: true))
        unsafe archive_entry_set_gname(header, try name(entry.groupName, mayBeEmpty: true))
        unsafe archive_entry_set_mtime(header, time_t(entry.modified), 0)
        unsafe archive_entry_set_size(header, Int64(entry.size))
        try check(unsafe archive_write_header(active, header))
    }

    /// Writes some of the current file's body.
    ///
    /// - Throws: `.mismatch` where that is more than the entry's size, and the sink's errors.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        guard UInt64(bytes.count) <= missing else {
            throw DerootError(
                .mismatch, "the body is longer than its header says", at: .init(entry: current))
        }
        var rest = unsafe bytes
        while rest.count > 0 {
            let count = unsafe archive_write_data(active, rest.baseAddress, rest.count)
            guard count > 0 else { throw failure() }
            missing -= UInt64(count)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Writes some of the current file's body.
    package mutating func write(_ bytes: [UInt8]) throws(DerootError) {
        try unsafe bytes.span.bytes.withUnsafeBytes { (buffer) throws(DerootError) in
            try unsafe write(buffer)
        }
    }

    /// Writes the end of the archive; without this call the stream stays unfinished.
    package consuming func finish() throws(DerootError) {
        try checkComplete()
        try check(unsafe archive_write_finish_entry(active))
        try check(unsafe archive_write_close(active))
        guard outlet.flush() else { throw failure() }
    }

    // libarchive would fill a short body up with zeros and say nothing.
    private borrowing func checkComplete() throws(DerootError) {
        guard missing == 0 else {
            throw DerootError(
                .mismatch, "\(missing) bytes of the body are missing", at: .init(entry: current))
        }
    }

    private borrowing func name(
        _ bytes: [UInt8], mayBeEmpty: Bool = false
    ) throws(DerootError) -> [CChar] {
        guard !bytes.contains(0) else { throw malformed("has a NUL in a name") }
        guard mayBeEmpty || !bytes.isEmpty else { throw malformed("has an empty name") }
        return bytes.map { CChar(bitPattern: $0) } + [0]
    }

    private borrowing func malformed(_ what: String) -> DerootError {
        DerootError(.malformed, "a new tar entry \(what)", at: .init(entry: current))
    }

    // ARCHIVE_WARN is a failure here: the only warnings a writer gives are of things left out.
    private borrowing func check(_ status: Int32) throws(DerootError) {
        guard status == ARCHIVE_OK else { throw failure() }
    }

    private borrowing func failure() -> DerootError {
        if let error = outlet.error { return error }
        let reason = unsafe archive_error_string(active).map { unsafe String(cString: $0) }
        return DerootError(
            .io, "cannot write a tar entry: \(reason ?? "no reason given")",
            at: .init(entry: current))
    }
}

extension NewEntry {
    /// Whether all its names mean the same bytes in every locale.
    fileprivate var isASCII: Bool {
        var names = [path, userName, groupName]
        if case .symlink(let target) = kind { names.append(target) }
        if case .hardLink(let target) = kind { names.append(target) }
        return names.allSatisfy { name in name.allSatisfy { $0 < 0x80 } }
    }
}

/// Gathers what libarchive writes, and carries the sink's error through its callback.
@safe
private final class Outlet {
    private let sink: (UnsafeRawBufferPointer) throws(DerootError) -> Void
    private var waiting: [UInt8] = []
    private(set) var error: DerootError?
    private static let piece = 65_536

    init(_ sink: @escaping (UnsafeRawBufferPointer) throws(DerootError) -> Void) {
        unsafe self.sink = sink
        waiting.reserveCapacity(Self.piece)
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if waiting.count + bytes.count > Self.piece, !flush() { return false }
        if bytes.count < Self.piece {
            unsafe waiting.append(contentsOf: bytes)
            return true
        }
        return attempt { () throws(DerootError) in try unsafe sink(bytes) }
    }

    func flush() -> Bool {
        guard !waiting.isEmpty else { return error == nil }
        let bytes = waiting
        waiting = []
        waiting.reserveCapacity(Self.piece)
        return attempt { () throws(DerootError) in
            try unsafe bytes.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
                try unsafe sink(bytes)
            }
        }
    }

    private func attempt(_ body: () throws(DerootError) -> Void) -> Bool {
        do throws(DerootError) {
            try body()
            return true
        } catch {
            self.error = error
            return false
        }
    }
}
