import DerootBytes

/// What a header group says about its entry, read so that every runtime's reader would agree.
///
/// Precedence as in pax(1) and Go's archive/tar; where readers are known to differ the group is
/// refused, since a header that two readers understand differently is how privileges are smuggled
/// past scanners (CVE-2025-62518 and its relatives; hostile inputs C01 to C10).
package struct HeaderMeaning: Sendable {
    package var type: EntryType = .file
    package var typeflag: UInt8 = 0
    /// The name's bytes as the archive spells them.
    package var name: [UInt8] = []
    /// The link's target as the archive spells it; empty for entries that are no link.
    package var link: [UInt8] = []
    /// Permission bits with setuid, setgid and sticky: 0 to 0o7777.
    package var mode: UInt16 = 0
    package var uid: UInt32 = 0
    package var gid: UInt32 = 0
    package var userName: [UInt8] = []
    package var groupName: [UInt8] = []
    /// The file's size when extracted: for sparse files the expanded one.
    package var size: UInt64 = 0
    /// Bytes of body in the archive, without padding.
    package var bodySize: UInt64 = 0
    /// Seconds since 1970.
    package var modified: Int64 = 0
    /// The pax records that belong to this entry, in order.
    package var records: [PaxRecord] = []
    /// True for GNU and pax sparse files, whose bodies are maps and fragments.
    package var isSparse = false

    package init() {}
}

extension HeaderGroup {
    /// Reads the group; the bytes are complete.
    ///
    /// - Throws: `.malformed`, `.disagreement`, `.hostile` or `.unsupported`, with the offset.
    mutating func interpret() throws(DerootError) {
        var meaning = HeaderMeaning()
        do throws(DerootError) {
            try readMainHeader(into: &meaning)
            for part in parts { try apply(part, to: &meaning) }
            try checkSparse(meaning)
            try readSizes(into: &meaning)
            // bsdtar skips it and complains, for Go and Python it is the root.
            guard !meaning.name.isEmpty else {
                throw DerootError(.disagreement, "tar header: an entry without a name")
            }
        } catch {
            throw error.located(in: .init(entry: printable(meaning.name), offset: offset))
        }
        self.meaning = meaning
    }

    private func number(_ range: Range<Int>, _ what: String) throws(DerootError) -> Int64 {
        guard let value = TarNumber.parse(field(range)) else {
            throw DerootError(.malformed, "tar header: \(what) is no number")
        }
        return value
    }

    private func text(_ range: Range<Int>) -> ArraySlice<UInt8> {
        let field = field(range)
        let bytes = field.span
        var count = 0
        while count < bytes.count, bytes[count] != 0 { count += 1 }
        return field.prefix(count)
    }

    /// Whether a field of the main header begins with an ASCII text.
    private func holds(_ text: StaticString, in range: Range<Int>) -> Bool {
        let bytes = bytes.span
        let start = main + range.lowerBound
        for index in 0..<text.utf8CodeUnitCount {
            guard unsafe bytes[start + index] == text.utf8Start[index] else { return false }
        }
        return true
    }

    /// A text field, in the last entry's memory where that had the same: owners repeat.
    private func text(_ range: Range<Int>, like last: [UInt8]) -> [UInt8] {
        let text = text(range)
        return last.elementsEqual(text) ? last : Array(text)
    }

    private var isGNU: Bool { holds("ustar  \0", in: TarField.magicAndVersion) }
    private var isUstar: Bool { holds("ustar\0", in: TarField.magic) }

    private func readMainHeader(into meaning: inout HeaderMeaning) throws(DerootError) {
        meaning.typeflag = bytes[main + TarField.typeflag]
        meaning.type = EntryType(typeflag: meaning.typeflag)
        meaning.name = Array(text(TarField.name))
        meaning.link = Array(text(TarField.linkName))
        if isUstar || isGNU {
            meaning.userName = text(TarField.userName, like: self.meaning.userName)
            meaning.groupName = text(TarField.groupName, like: self.meaning.groupName)
        }
        try readPrefix(into: &meaning)
        let mode = try number(TarField.mode, "the mode")
        guard mode >= 0 else { throw DerootError(.malformed, "tar header: the mode is negative") }
        meaning.mode = UInt16(truncatingIfNeeded: mode & 0o7777)
        meaning.uid = try identifier(number(TarField.uid, "the uid"), "uid")
        meaning.gid = try identifier(number(TarField.gid, "the gid"), "gid")
        meaning.modified = try number(TarField.modified, "the modification time")
    }

    private func readPrefix(into meaning: inout HeaderMeaning) throws(DerootError) {
        let prefix = text(TarField.prefix)
        if isGNU {
            // Go before 1.8 wrote long names into this place of GNU headers, and Go still reads them
            // there when the times are no numbers; nobody else does.
            let times = field(TarField.gnuTimes)
            let atime = times.prefix(12)
            let ctime = times.dropFirst(12)
            if times.contains(where: { $0 != 0 }),
                TarNumber.parse(atime) == nil || TarNumber.parse(ctime) == nil
            {
                throw DerootError(
                    .disagreement,
                    "tar header: a GNU header with a name's prefix in place of times",
                    advice: "write the archive anew with a current tar")
            }
        } else if !prefix.isEmpty {
            let looksUstar = holds("ustar", in: TarField.magic)
            guard looksUstar else { return }
            guard isUstar else {
                throw DerootError(
                    .disagreement, "tar header: a name prefix under a magic that readers dispute")
            }
            if holds("tar\0", in: TarField.starTrailer), prefix.count > 131 {
                throw DerootError(.disagreement, "tar header: a star header with a long prefix")
            }
            meaning.name = Array(prefix) + [UInt8(ascii: "/")] + meaning.name
        }
    }

    private func identifier(_ value: Int64, _ what: String) throws(DerootError) -> UInt32 {
        guard (0...4_294_967_294).contains(value) else {
            throw DerootError(.malformed, "tar header: the \(what) \(value) is no user or group id")
        }
        return UInt32(value)
    }

    private func apply(_ part: Part, to meaning: inout HeaderMeaning) throws(DerootError) {
        let data = bytes[part.data]
        switch part.kind {
        case .longName: meaning.name = try longText(data)
        case .longLink: meaning.link = try longText(data)
        case .paxGlobal: try refusePrivilege(in: PaxRecords.parse(data))
        case .pax:
            let records = try PaxRecords.parse(data)
            for record in records { try apply(record, to: &meaning) }
            meaning.records += records
        }
    }

    /// Go takes an empty long name for none and uses the header's; others take it for the name.
    private func longText(_ data: ArraySlice<UInt8>) throws(DerootError) -> [UInt8] {
        let text = Array(data.prefix { $0 != 0 })
        guard !text.isEmpty else {
            throw DerootError(.disagreement, "an empty GNU long name")
        }
        return text
    }

    /// Global headers: Docker's reader ignores them, others apply them, so only harmless keys pass.
    private func refusePrivilege(in records: [PaxRecord]) throws(DerootError) {
        let harmless: Set<String> = ["comment", "mtime", "atime", "ctime", "charset"]
        for record in records {
            let key = String(decoding: record.key, as: UTF8.self)
            guard !harmless.contains(key) else { continue }
            throw DerootError(
                .hostile,
                "a global pax header sets '\(printable(record.key))' for every entry that follows",
                advice: "readers disagree on global headers; write the layer without one")
        }
    }

    private func apply(
        _ record: PaxRecord, to meaning: inout HeaderMeaning
    ) throws(DerootError) {
        func refuse(_ what: String) -> DerootError {
            DerootError(.disagreement, "pax record '\(printable(record.key))' \(what)")
        }
        let isName =
            record.isNamed("path") || record.isNamed("linkpath") || record.isNamed("uname")
            || record.isNamed("gname") || record.isNamed("GNU.sparse.name")
        if isName, record.value.contains(0) { throw refuse("holds a NUL") }
        if record.isNamed("path") || record.isNamed("GNU.sparse.name") {
            if record.value.isEmpty { throw refuse("is empty") }
            if parts.contains(where: { $0.kind == .longName }) {
                throw refuse("meets a GNU long name")
            }
            let sparse = meaning.records.contains { $0.isNamed("GNU.sparse.name") }
            if !(sparse && record.isNamed("path")) { meaning.name = record.value }
        } else if record.isNamed("linkpath") {
            if record.value.isEmpty { throw refuse("is empty") }
            if parts.contains(where: { $0.kind == .longLink }) {
                throw refuse("meets a GNU long link")
            }
            meaning.link = record.value
        } else if record.isNamed("uid") {
            meaning.uid = try identifier(decimal(record), "uid")
        } else if record.isNamed("gid") {
            meaning.gid = try identifier(decimal(record), "gid")
        } else if isName, record.value.count > 256, !record.isNamed("path") {
            // Login names have 32 bytes at most; kept for every entry, long ones fill the memory.
            throw DerootError(
                .limit, "pax record '\(printable(record.key))' has more than 256 bytes")
        } else if record.isNamed("uname") {
            meaning.userName = record.value
        } else if record.isNamed("gname") {
            meaning.groupName = record.value
        } else if record.isNamed("mode") {
            throw refuse("is not one that readers agree on")
        }
    }

    /// Go looks at a sparse file's records, its name among them, only where it knows the version.
    private func checkSparse(_ meaning: HeaderMeaning) throws(DerootError) {
        guard !meaning.records.isEmpty else { return }
        let records = meaning.records.filter { $0.key.starts(with: "GNU.sparse.".utf8) }
        guard !records.isEmpty else { return }
        let value = { (key: StaticString) in
            records.last { $0.isNamed(key) }.map { String(decoding: $0.value, as: UTF8.self) }
        }
        let isKnown =
            switch (value("GNU.sparse.major"), value("GNU.sparse.minor")) {
            case ("1", "0"), ("0", "0"), ("0", "1"): true
            case (nil, nil):
                value("GNU.sparse.map")?.isEmpty == false || value("GNU.sparse.offset") != nil
            default: false
            }
        guard isKnown, meaning.type == .file, meaning.typeflag != UInt8(ascii: "S") else {
            throw DerootError(.disagreement, "a sparse file of a kind that readers dispute")
        }
    }

    private func decimal(_ record: PaxRecord) throws(DerootError) -> Int64 {
        let isNumber = record.value.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        guard isNumber, !record.value.isEmpty,
            let value = Int64(String(decoding: record.value, as: UTF8.self))
        else {
            throw DerootError(.malformed, "pax record '\(printable(record.key))' is no number")
        }
        return value
    }

    private func readSizes(into meaning: inout HeaderMeaning) throws(DerootError) {
        let field = try number(TarField.size, "the size")
        guard field >= 0 else { throw DerootError(.malformed, "tar header: the size is negative") }
        var stored = UInt64(field)
        var sizes = meaning.records.filter { $0.isNamed("size") }
        if let record = sizes.popLast() {
            let value = UInt64(clamping: try decimal(record))
            // A record is there for sizes that octal has no room for; else it must repeat the field.
            // Writers leave zero or the largest octal number there then.
            let isOverflow =
                value >= 1 << 33 && (stored == 0 || stored >= 1 << 33 - 1) && parts.count == 1
            guard value == stored || isOverflow, sizes.allSatisfy({ $0 == record }) else {
                throw DerootError(
                    .disagreement, "the pax size \(value) contradicts the header's \(stored)",
                    advice: "readers that miss one of them see other entries; refused")
            }
            stored = value
        }
        guard stored <= UInt64(Int64.max) - 1024 else {
            throw DerootError(.malformed, "tar header: the size \(stored) is too large")
        }
        let isOldSparse = meaning.typeflag == UInt8(ascii: "S")
        let isSlashed = meaning.name.last == UInt8(ascii: "/")
        if meaning.type == .file, isSlashed, !isOldSparse {
            guard stored == 0, meaning.mode & 0o6000 == 0 else {
                throw DerootError(.disagreement, "a file whose name ends in '/'")
            }
            meaning.type = .directory
        }
        meaning.bodySize = meaning.type.hasBody ? stored : 0
        meaning.size = meaning.bodySize
        if meaning.type == .hardLink, stored > 0,
            meaning.records.contains(where: { $0.isNamed("size") })
        {
            throw DerootError(.disagreement, "a hard link with a body of \(stored) bytes")
        }
        // GNU tar passes over so many bytes and what is in them; nobody else does.
        switch meaning.type {
        case .symlink, .characterDevice, .blockDevice, .fifo:
            guard stored == 0 else {
                throw DerootError(
                    .disagreement, "a link, device or pipe that states a size of \(stored)",
                    advice: "readers disagree on where the next entry is; refused")
            }
        case .file, .hardLink, .directory, .other: break
        }
        if isOldSparse {
            meaning.isSparse = true
            meaning.size = UInt64(clamping: try number(TarField.sparseRealSize, "the real size"))
        }
        for record in meaning.records where record.key.starts(with: "GNU.sparse.".utf8) {
            meaning.isSparse = true
            if record.isNamed("GNU.sparse.realsize") || record.isNamed("GNU.sparse.size") {
                meaning.size = UInt64(clamping: try decimal(record))
            }
        }
    }
}
