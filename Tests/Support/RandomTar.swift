package import DerootTar

/// A tar stream of everything that occurs in the wild, valid, and what each entry has to mean.
///
/// v7, ustar with and without prefix, GNU with long names, base-256 and sparse maps, pax with known
/// and unknown records, names that are no UTF-8, headers of unknown types, and every legal end.
package struct RandomTar: Sendable {
    /// What a reader has to find.
    package struct Entry: Sendable, Equatable {
        package var offset: UInt64 = 0
        package var type = EntryType.file
        package var name: [UInt8] = []
        package var link: [UInt8] = []
        package var mode: UInt16 = 0o644
        package var uid: UInt32 = 0
        package var gid: UInt32 = 0
        package var userName: [UInt8] = []
        package var groupName: [UInt8] = []
        package var size: UInt64 = 0
        package var bodySize: UInt64 = 0
        package var modified: Int64 = 0
        package var isSparse = false

        init() {}

        /// What a reader has found.
        package init(_ group: HeaderGroup) {
            let meaning = group.meaning
            offset = group.offset
            type = meaning.type
            name = meaning.name
            link = type == .symlink || type == .hardLink ? meaning.link : []
            (mode, uid, gid) = (meaning.mode, meaning.uid, meaning.gid)
            (userName, groupName) = (meaning.userName, meaning.groupName)
            (size, bodySize) = (meaning.size, meaning.bodySize)
            (modified, isSparse) = (meaning.modified, meaning.isSparse)
        }
    }

    /// To be printed where a test fails.
    package let seed: UInt64
    /// The entries in archive order.
    package private(set) var entries: [Entry] = []
    var builder = TarBuilder()
    var random: SeededGenerator
    private let end: [UInt8]

    /// The whole stream.
    package var bytes: [UInt8] { builder.bytes + end }

    /// Makes a stream of `count` entries.
    package init(seed: UInt64, count: Int = 40) {
        self.seed = seed
        var random = SeededGenerator(seed: seed)
        let zeros = { (blocks: Int) in [UInt8](repeating: 0, count: blocks * 512) }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: end = []
        case 1: end = zeros(1)
        case 2: end = zeros(2) + random.bytes(700)
        case 3: end = zeros(20)
        default: end = zeros(2)
        }
        self.random = random
        for _ in 0..<count {
            // A global header belongs to the group of the entry that follows.
            let start = UInt64(builder.bytes.count)
            if self.random.oneIn(15) { builder.pax(["comment": "harmless"], type: "g") }
            addEntry(at: start)
        }
    }

    private mutating func addEntry(at start: UInt64) {
        var entry = Entry()
        entry.offset = start
        entry.mode = UInt16.random(in: 0...0o7777, using: &random)
        entry.type = random.pick(
            [
                .file, .file, .file, .directory, .symlink, .hardLink, .characterDevice,
                .blockDevice, .fifo,
            ], or: .file)
        entry.modified = Int64.random(in: 0..<1 << 33, using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: plain(&entry, .v7)
        case 1: plain(&entry, .ustar)
        case 2: prefixed(&entry)
        case 3: plain(&entry, .gnu)
        case 4: gnuLong(&entry)
        case 5, 6: pax(&entry)
        case 7: sparse(&entry)
        default: unknownType(&entry)
        }
        entries.append(entry)
    }
}

// The pieces that all kinds of entries share.
extension RandomTar {
    /// A path of at most `limit` bytes, without `..`; directories may end with a slash.
    mutating func name(atMost limit: Int, directory: Bool = false) -> [UInt8] {
        var out: [UInt8] = random.oneIn(6) ? Array("./".utf8) : []
        let wanted = Int.random(in: 1...limit, using: &random)
        repeat {
            if !out.isEmpty, out.last != 0x2F { out.append(0x2F) }
            switch Int.random(in: 0..<5, using: &random) {
            case 0: out += Array("größe".utf8)
            case 1: out += random.bytes(4).map { $0 | 0x80 }
            case 2: out += Array("a b\n\\".utf8)
            case 3: out += Array("usr".utf8)
            default: out += Array("f\(UInt16.random(in: 0...999, using: &random))".utf8)
            }
        } while out.count < wanted
        out = Array(out.prefix(limit))
        while out.last == 0x2F { out.removeLast() }
        if out.isEmpty { out = [0x66] }
        if directory, random.oneIn(2), out.count < limit { out.append(0x2F) }
        return out
    }

    /// A header of the entry with numbers in one of the ways in which tools write them.
    mutating func main(
        _ entry: Entry, name: [UInt8], size: UInt64, magic: RawHeader.Magic
    ) -> RawHeader {
        let types: [EntryType: Character] = [
            .hardLink: "1", .symlink: "2", .characterDevice: "3", .blockDevice: "4",
            .directory: "5", .fifo: "6",
        ]
        var header = RawHeader(
            name, type: types[entry.type] ?? "0", mode: UInt64(entry.mode), uid: UInt64(entry.uid),
            gid: UInt64(entry.gid), size: size, modified: UInt64(entry.modified), magic: magic)
        header.put(entry.link, at: TarField.linkName)
        header.put(entry.userName, at: TarField.userName)
        header.put(entry.groupName, at: TarField.groupName)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            let digits = String(entry.mode, radix: 8)
            header.put(
                String(repeating: " ", count: 6 - digits.utf8.count) + digits + " ",
                at: TarField.mode)
        case 1:
            let digits = String(entry.mode, radix: 8)
            header.put(
                String(repeating: "0", count: 8 - digits.utf8.count) + digits, at: TarField.mode)
        default: break
        }
        return header
    }

    /// A random owner that octal fields have room for, with names unless the format has none.
    mutating func own(_ entry: inout Entry, named: Bool) {
        entry.uid = random.oneIn(3) ? 0 : UInt32.random(in: 0...0o7777777, using: &random)
        entry.gid = random.oneIn(3) ? 0 : UInt32.random(in: 0...0o7777777, using: &random)
        guard named, random.oneIn(2) else { return }
        entry.userName = Array("root".utf8)
        entry.groupName = random.oneIn(3) ? [] : Array("wheel".utf8)
    }

    /// The body of an entry that has one.
    mutating func body(_ entry: inout Entry) -> [UInt8] {
        guard entry.type.hasBody else { return [] }
        let count = random.oneIn(5) ? 512 : Int.random(in: 0...1500, using: &random)
        entry.bodySize = UInt64(count)
        entry.size = UInt64(count)
        return random.bytes(count)
    }
}
