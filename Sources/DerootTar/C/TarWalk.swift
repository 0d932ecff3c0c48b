import CArchive
package import DerootBytes
import Glibc

/// Reads a raw tar stream with libarchive and with our own framing, and demands that they agree.
///
/// libarchive gives the meaning, the framing the raw bytes. An entry on whose offset, name, type,
/// size, mode, ids or link they differ makes the layer refused (architecture, decision 1).
package enum TarWalk {
    /// Supplies the next raw bytes, valid until the next call; empty at the end.
    package typealias Pull = () throws(DerootError) -> UnsafeRawBufferPointer
    /// Receives each header group in order.
    package typealias Found = (borrowing HeaderGroup) throws(DerootError) -> Void
    /// Learns how far all entries are known, after each piece: edits may no longer come before it.
    package typealias Settled = (UInt64) throws(DerootError) -> Void

    /// Walks to the very end of the stream, trailing bytes included.
    ///
    /// - Throws: what `pull` and `found` throw, what the framing refuses, `.disagreement`.
    package static func run(
        limits: Limits, pull: @escaping Pull, found: @escaping Found,
        settled: @escaping Settled = { (_) throws(DerootError) in }
    ) throws(DerootError) {
        let walk = unsafe Walk(
            limits: limits, pull: pull, found: found, settled: settled)
        try walk.run()
    }
}

/// The state that libarchive's callbacks see.
@safe
private final class Walk {
    private let pull: TarWalk.Pull
    private let found: TarWalk.Found
    private let settled: TarWalk.Settled
    private var framer: TarFramer
    private var expected: [ExpectedEntry] = []
    private var compared = 0
    private var failure: DerootError?
    private var atEnd = false

    init(
        limits: Limits, pull: @escaping TarWalk.Pull, found: @escaping TarWalk.Found,
        settled: @escaping TarWalk.Settled
    ) {
        unsafe self.pull = pull
        self.found = found
        self.settled = settled
        framer = TarFramer(limits: limits)
    }

    func run() throws(DerootError) {
        guard let archive = unsafe archive_read_new() else { preconditionFailure("out of memory") }
        defer { unsafe _ = archive_read_free(archive) }
        unsafe archive_read_support_format_tar(archive)
        unsafe archive_read_support_format_empty(archive)
        let client = unsafe Unmanaged.passUnretained(self).toOpaque()
        let opened = unsafe archive_read_open2(
            archive, client, nil,
            { _, client, buffer in
                guard let client = unsafe client else { return -1 }
                let walk = unsafe Unmanaged<Walk>.fromOpaque(client).takeUnretainedValue()
                return unsafe walk.supply(buffer)
            }, nil, nil)
        var status = opened
        while status >= ARCHIVE_WARN {
            var entry: OpaquePointer?
            // libarchive asks errno why a name could not be converted, also where nobody set it:
            // an old ENOMEM of this thread would turn its warning into a fatal error.
            errno = 0
            status = unsafe archive_read_next_header(archive, &entry)
            if status == ARCHIVE_EOF { break }
            // A warning speaks of a locale that cannot show a name; the raw bytes are right.
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry = unsafe entry else {
                break
            }
            try unsafe compare(entry, at: UInt64(clamping: archive_read_header_position(archive)))
        }
        if let failure { throw failure }
        while !atEnd { _ = try unsafe advance() }
        try framer.finish()
        guard status == ARCHIVE_EOF || (opened != ARCHIVE_OK && framer.position == 0) else {
            let reason = unsafe archive_error_string(archive).map { unsafe String(cString: $0) }
            throw DerootError(
                .disagreement, "libarchive cannot read what our framing reads: \(reason ?? "?")",
                at: .init(offset: UInt64(clamping: unsafe archive_read_header_position(archive))))
        }
        guard compared == expected.count else {
            let next = expected[compared]
            throw DerootError(
                .disagreement, "libarchive stops before this entry",
                at: .init(entry: printable(next.name), offset: next.offset))
        }
    }

    private func advance() throws(DerootError) -> UnsafeRawBufferPointer {
        let bytes = try unsafe pull()
        atEnd = bytes.count == 0
        expected.removeFirst(compared)
        compared = 0
        let found = found
        var fresh: [ExpectedEntry] = []
        swap(&fresh, &expected)
        defer { swap(&fresh, &expected) }
        try unsafe framer.feed(bytes) { (group) throws(DerootError) in
            fresh.append(ExpectedEntry(group))
            try found(group)
        }
        try settled(framer.settled)
        return unsafe bytes
    }

    private func supply(_ buffer: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        do throws(DerootError) {
            let bytes = try unsafe advance()
            errno = 0
            unsafe buffer?.pointee = bytes.baseAddress
            return bytes.count
        } catch {
            failure = error
            return -1
        }
    }

    private func compare(_ entry: OpaquePointer, at offset: UInt64) throws(DerootError) {
        if let failure { throw failure }
        guard compared < expected.count else {
            throw DerootError(
                .disagreement, "libarchive finds an entry that our framing does not",
                at: .init(entry: unsafe name(archive_entry_pathname(entry)), offset: offset))
        }
        let expectation = expected[compared]
        compared += 1
        func differ(_ what: String) -> DerootError {
            DerootError(
                .disagreement, "libarchive and our framing differ on the entry's \(what)",
                at: .init(entry: printable(expectation.name), offset: expectation.offset),
                advice: "two readers would see two different files here; refused")
        }
        guard expectation.offset == offset else { throw differ("offset") }
        guard unsafe equal(archive_entry_pathname(entry), expectation.name) else {
            throw differ("name")
        }
        let mode = unsafe UInt16(truncatingIfNeeded: archive_entry_perm(entry))
        guard mode == expectation.mode else { throw differ("mode") }
        guard unsafe archive_entry_uid(entry) == Int64(expectation.uid),
            unsafe archive_entry_gid(entry) == Int64(expectation.gid)
        else { throw differ("owner") }
        let size = unsafe archive_entry_size(entry)
        guard UInt64(clamping: size) == expectation.size else { throw differ("size") }
        try unsafe compareLink(entry, expectation, differ)
    }

    private func compareLink(
        _ entry: OpaquePointer, _ expectation: ExpectedEntry, _ differ: (String) -> DerootError
    ) throws(DerootError) {
        let hardLink = unsafe archive_entry_hardlink(entry)
        let symlink = unsafe archive_entry_symlink(entry)
        let type = unsafe mode_t(archive_entry_filetype(entry))
        // Where only a pax record names the target, libarchive 3.6 has none to give: Go writes such
        // headers for targets without a single ASCII letter. Hard links have no type of file then.
        let target = unsafe hardLink ?? symlink
        switch expectation.type {
        case .hardLink:
            guard unsafe symlink == nil, unsafe hardLink != nil || type == 0 else {
                throw differ("type")
            }
        case .symlink:
            guard unsafe hardLink == nil, type == fileType(.symlink) else { throw differ("type") }
        default:
            guard unsafe target == nil, type == fileType(expectation.type) else {
                throw differ("type")
            }
            return
        }
        guard unsafe target == nil || equal(target, expectation.link) else { throw differ("link") }
    }

    private func fileType(_ type: EntryType) -> mode_t {
        switch type {
        case .file, .other, .hardLink: 0o100000
        case .symlink: 0o120000
        case .characterDevice: 0o020000
        case .blockDevice: 0o060000
        case .directory: 0o040000
        case .fifo: 0o010000
        }
    }

    private func equal(_ text: UnsafePointer<CChar>?, _ bytes: [UInt8]) -> Bool {
        guard let text = unsafe text else { return bytes.isEmpty }
        // Of the same length, so that there is no NUL among the bytes.
        guard unsafe strlen(text) == bytes.count else { return false }
        return unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return true }
            return unsafe memcmp(text, start, bytes.count) == 0
        }
    }

    private func name(_ text: UnsafePointer<CChar>?) -> String {
        guard let text = unsafe text else { return "?" }
        return unsafe printable(Array(String(cString: text).utf8))
    }
}

/// What libarchive has to find as well: no more than is compared, as there are millions of them.
private struct ExpectedEntry {
    let offset: UInt64
    let name: [UInt8]
    let link: [UInt8]
    let type: EntryType
    let mode: UInt16
    let uid: UInt32
    let gid: UInt32
    let size: UInt64

    init(_ group: borrowing HeaderGroup) {
        offset = group.offset
        name = group.meaning.name
        link = group.meaning.link
        type = group.meaning.type
        mode = group.meaning.mode
        uid = group.meaning.uid
        gid = group.meaning.gid
        size = group.meaning.size
    }
}
