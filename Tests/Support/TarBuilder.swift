package import DerootTar

/// Writes raw tar bytes by hand, without libarchive, so that tests can write what no tool would.
package struct TarBuilder: Sendable {
    /// What was written, without the end of the archive.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// The archive with its two zero blocks.
    package var ended: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    /// Writes anything.
    package mutating func raw(_ more: some Sequence<UInt8>) { bytes += more }

    /// Writes a body and its padding.
    package mutating func body(_ content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: padded(content.count) - content.count)
    }

    /// Writes a header with a right checksum, and a body whatever the header says of it.
    package mutating func header(_ header: RawHeader, body content: [UInt8] = []) {
        bytes += header.sealed()
        body(content)
    }

    /// Writes an extension header of a type, and its data.
    package mutating func extended(
        _ type: Character, _ data: [UInt8], magic: RawHeader.Magic = .ustar
    ) {
        let name = type == "L" || type == "K" ? "././@LongLink" : "PaxHeaders/x"
        header(
            RawHeader(name, type: type, size: UInt64(data.count), magic: magic), body: data)
    }

    /// Writes a pax header for the next entry, or with `g` for all that follow.
    package mutating func pax(_ records: [PaxRecord], type: Character = "x") {
        extended(type, PaxRecords.encode(records))
    }

    /// Writes a pax header of text records.
    package mutating func pax(_ records: KeyValuePairs<String, String>, type: Character = "x") {
        pax(records.map { PaxRecord($0, $1) }, type: type)
    }

    /// Writes GNU's header for a long name, with the NUL that GNU tar puts at its end.
    package mutating func longName(_ name: [UInt8]) {
        extended("L", name + [0], magic: .gnu)
    }

    /// Writes GNU's header for a long link target.
    package mutating func longLink(_ link: [UInt8]) {
        extended("K", link + [0], magic: .gnu)
    }

    /// Writes a regular file.
    package mutating func file(
        _ name: String, _ content: String = "", mode: UInt64 = 0o644, uid: UInt64 = 0,
        gid: UInt64 = 0
    ) {
        let body = Array(content.utf8)
        header(
            RawHeader(name, mode: mode, uid: uid, gid: gid, size: UInt64(body.count)), body: body)
    }

    /// Writes a directory.
    package mutating func directory(
        _ name: String, mode: UInt64 = 0o755, uid: UInt64 = 0, gid: UInt64 = 0
    ) {
        header(RawHeader(name, type: "5", mode: mode, uid: uid, gid: gid))
    }

    /// Writes a symbolic (`2`) or hard (`1`) link.
    package mutating func link(
        _ name: String, to target: String, type: Character = "2", mode: UInt64 = 0o777,
        uid: UInt64 = 0, gid: UInt64 = 0
    ) {
        var raw = RawHeader(name, type: type, mode: mode, uid: uid, gid: gid)
        raw.put(target, at: TarField.linkName)
        header(raw)
    }
}

extension PaxRecord {
    /// A record of text.
    package init(_ key: String, _ value: String) {
        self.init(key: Array(key.utf8), value: Array(value.utf8))
    }

    /// A record of bytes.
    package init(_ key: String, _ value: [UInt8]) {
        self.init(key: Array(key.utf8), value: value)
    }
}
