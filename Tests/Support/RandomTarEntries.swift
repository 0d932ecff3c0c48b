import DerootTar

// One function for each family of headers.
extension RandomTar {
    mutating func plain(_ entry: inout Entry, _ magic: RawHeader.Magic) {
        var isV7 = false
        if case .v7 = magic { isV7 = true }
        entry.name = name(atMost: 100, directory: entry.type == .directory)
        linkIfNeeded(&entry, atMost: 100)
        own(&entry, named: !isV7)
        let content = body(&entry)
        var header = main(entry, name: entry.name, size: UInt64(content.count), magic: magic)
        if isV7, entry.type == .file, random.oneIn(2) { header.bytes[TarField.typeflag] = 0 }
        if case .gnu = magic {
            if random.oneIn(2) {
                entry.uid = UInt32.random(in: 0...4_294_967_294, using: &random)
                header.base256(Int64(entry.uid), at: TarField.uid)
                header.base256(Int64(content.count), at: TarField.size)
            }
            if random.oneIn(3) {
                entry.modified = Int64.random(in: -9_000_000_000...9_000_000_000, using: &random)
                header.base256(entry.modified, at: TarField.modified)
            }
            if random.oneIn(3) {
                header.put("14074551434\u{0}14074551435\u{0}", at: TarField.gnuTimes)
            }
        }
        builder.header(header, body: content)
    }

    mutating func prefixed(_ entry: inout Entry) {
        let prefix = name(atMost: 155)
        let last = name(atMost: 100, directory: entry.type == .directory)
        entry.name = prefix + [0x2F] + last
        linkIfNeeded(&entry, atMost: 100)
        own(&entry, named: true)
        let content = body(&entry)
        var header = main(entry, name: last, size: UInt64(content.count), magic: .ustar)
        header.put(prefix, at: TarField.prefix)
        builder.header(header, body: content)
    }

    mutating func gnuLong(_ entry: inout Entry) {
        entry.name = name(atMost: 1200, directory: entry.type == .directory)
        linkIfNeeded(&entry, atMost: 600)
        own(&entry, named: true)
        let hasLongLink = entry.link.count > 100
        if hasLongLink, random.oneIn(2) {
            builder.longLink(entry.link)
            builder.longName(entry.name)
        } else {
            builder.longName(entry.name)
            if hasLongLink { builder.longLink(entry.link) }
        }
        let content = body(&entry)
        let short = Array(entry.name.prefix(100))
        builder.header(
            main(entry, name: short, size: UInt64(content.count), magic: .gnu), body: content)
    }

    mutating func pax(_ entry: inout Entry) {
        var header = entry
        header.name = Array("short".utf8)
        entry.name = header.name
        linkIfNeeded(&entry, atMost: 90)
        own(&entry, named: true)
        let content = body(&entry)
        header = entry
        var records: [PaxRecord] = [PaxRecord("mtime", "\(entry.modified).25")]
        if random.oneIn(2) {
            entry.name = name(atMost: 700, directory: entry.type == .directory)
            records.append(PaxRecord("path", entry.name))
        }
        if !entry.link.isEmpty, random.oneIn(2) {
            entry.link = name(atMost: 300)
            records.append(PaxRecord("linkpath", entry.link))
        }
        if random.oneIn(2) {
            entry.uid = UInt32.random(in: 0...4_294_967_294, using: &random)
            records.append(PaxRecord("uid", "\(entry.uid)"))
        }
        if random.oneIn(2) {
            entry.gid = UInt32.random(in: 0...4_294_967_294, using: &random)
            records.append(PaxRecord("gid", "\(entry.gid)"))
        }
        if random.oneIn(3) {
            entry.userName = Array("ünicode".utf8)
            records.append(PaxRecord("uname", entry.userName))
        }
        if entry.type == .file, random.oneIn(4) {
            records.append(PaxRecord("size", "\(content.count)"))
        }
        records += attributes()
        records.shuffle(using: &random)
        builder.pax(records)
        builder.header(
            main(header, name: header.name, size: UInt64(content.count), magic: .ustar),
            body: content)
    }

    /// Extended attributes in both encodings, and keys that nobody knows.
    private mutating func attributes() -> [PaxRecord] {
        var records: [PaxRecord] = []
        if random.oneIn(2) { records.append(PaxRecord("SCHILY.xattr.user.x", random.bytes(40))) }
        if random.oneIn(2) { records.append(PaxRecord("VENDOR.unknown", "a=b\n c")) }
        if random.oneIn(3) {
            let value: [UInt8] = [1, 0, 0, 2] + random.bytes(16)
            records.append(PaxRecord("SCHILY.xattr.security.capability", value))
        }
        if random.oneIn(4) {
            records.append(
                PaxRecord("LIBARCHIVE.xattr.security.capability", "AQAAAgAgAAAAAAAAAAAAAAAAAAA"))
        }
        return records
    }

    mutating func sparse(_ entry: inout Entry) {
        entry.type = .file
        entry.isSparse = true
        entry.modified = 1
        own(&entry, named: true)
        let count = Int.random(in: 1...30, using: &random)
        let parts = (0..<count).map { (offset: 4096 * $0 + 512, size: 512) }
        let content = random.bytes(512 * count)
        entry.size = UInt64(4096 * count + 512)
        if random.oneIn(2) {
            oldSparse(&entry, parts, content)
        } else {
            paxSparse(&entry, parts, content)
        }
    }

    /// GNU's old form: four parts in the header, 21 in each block that follows.
    private mutating func oldSparse(
        _ entry: inout Entry, _ parts: [(offset: Int, size: Int)], _ content: [UInt8]
    ) {
        entry.name = name(atMost: 100)
        entry.bodySize = UInt64(content.count)
        var header = main(entry, name: entry.name, size: entry.bodySize, magic: .gnu)
        header.bytes[TarField.typeflag] = UInt8(ascii: "S")
        header.octal(entry.size, at: TarField.sparseRealSize)
        for (index, part) in parts.prefix(4).enumerated() {
            header.octal(UInt64(part.offset), at: (386 + 24 * index)..<(398 + 24 * index))
            header.octal(UInt64(part.size), at: (398 + 24 * index)..<(410 + 24 * index))
        }
        header.bytes[TarField.sparseExtended] = parts.count > 4 ? 1 : 0
        builder.header(header)
        var rest = parts.dropFirst(4)
        while !rest.isEmpty {
            var block = RawHeader("")
            block.bytes = [UInt8](repeating: 0, count: 512)
            for (index, part) in rest.prefix(21).enumerated() {
                block.octal(UInt64(part.offset), at: (24 * index)..<(24 * index + 12))
                block.octal(UInt64(part.size), at: (24 * index + 12)..<(24 * index + 24))
            }
            rest = rest.dropFirst(21)
            block.bytes[TarField.sparseMore] = rest.isEmpty ? 0 : 1
            builder.raw(block.bytes)
        }
        builder.body(content)
    }

    /// GNU tar's pax form 1.0: the map stands in front of the body.
    private mutating func paxSparse(
        _ entry: inout Entry, _ parts: [(offset: Int, size: Int)], _ content: [UInt8]
    ) {
        var map = Array("\(parts.count)\n".utf8)
        for part in parts { map += Array("\(part.offset)\n\(part.size)\n".utf8) }
        map += [UInt8](repeating: 0, count: padded(map.count) - map.count)
        entry.bodySize = UInt64(map.count + content.count)
        entry.name = name(atMost: 300)
        builder.pax([
            PaxRecord("GNU.sparse.major", "1"), PaxRecord("GNU.sparse.minor", "0"),
            PaxRecord("GNU.sparse.name", entry.name),
            PaxRecord("GNU.sparse.realsize", "\(entry.size)"),
        ])
        let short = Array("GNUSparseFile.0/x".utf8)
        builder.header(
            main(entry, name: short, size: entry.bodySize, magic: .ustar), body: map + content)
    }

    mutating func unknownType(_ entry: inout Entry) {
        entry.name = name(atMost: 100)
        own(&entry, named: true)
        let flag = random.pick(Array("BCQZbez".utf8), or: UInt8(ascii: "Z"))
        entry.type = .other(flag)
        let content = body(&entry)
        var header = main(entry, name: entry.name, size: UInt64(content.count), magic: .ustar)
        header.bytes[TarField.typeflag] = flag
        builder.header(header, body: content)
    }

    private mutating func linkIfNeeded(_ entry: inout Entry, atMost limit: Int) {
        guard entry.type == .symlink || entry.type == .hardLink else { return }
        entry.link = name(atMost: limit)
    }
}
