package import DerootBytes

extension HeaderGroup {
    /// The edits on the raw stream that make a change to this entry, smallest first byte first.
    ///
    /// Only fields whose bytes differ are touched; number fields keep their width, padding and end;
    /// pax records keep their order. A pax header that loses its last record goes as a whole.
    package func edits(for change: HeaderChange) -> [Edit] {
        guard !change.isEmpty else { return [] }
        var edits: [Edit] = []
        for part in parts where part.kind == .pax { edits += paxEdits(of: part, for: change) }
        var header = Array(mainHeader)
        let mode = change.mode(from: meaning.mode)
        if mode != meaning.mode {
            // The file type bits, which some writers put here as well, stay.
            let high = UInt64(clamping: TarNumber.parse(field(TarField.mode)) ?? 0) & ~0o7777
            rewrite(TarField.mode, of: &header, with: high | UInt64(mode))
        }
        if let owner = change.owner {
            rewrite(TarField.uid, of: &header, with: UInt64(owner.uid))
            rewrite(TarField.gid, of: &header, with: UInt64(owner.gid))
            rename(TarField.userName, of: &header, to: owner.userName)
            rename(TarField.groupName, of: &header, to: owner.groupName)
        }
        edits += Self.differences(from: mainHeader, to: seal(header), at: offset + UInt64(main))
        return edits
    }

    /// The group's bytes with a change applied and another size of body: for an added layer.
    package func bytes(applying change: HeaderChange, size: UInt64) -> [UInt8] {
        let group = bytes(applying: change)
        var header = Array(group.suffix(512))
        rewrite(TarField.size, of: &header, with: size)
        return group.dropLast(512) + Self.sealed(header)
    }

    /// The group's bytes with a change applied.
    package func bytes(applying change: HeaderChange) -> [UInt8] {
        var out: [UInt8] = []
        var position = 0
        for edit in edits(for: change) {
            let start = Int(edit.offset - offset)
            out += bytes[position..<start]
            out += edit.insert
            position = start + edit.delete
        }
        return out + bytes[position...]
    }

    private func rewrite(_ range: Range<Int>, of header: inout [UInt8], with value: UInt64) {
        let field = header[range]
        guard TarNumber.parse(field) != Int64(clamping: value) else { return }
        header.replaceSubrange(range, with: TarNumber.format(value, like: field))
    }

    private static let magic = Array("ustar".utf8)

    private func rename(_ range: Range<Int>, of header: inout [UInt8], to name: [UInt8]) {
        let hasNames = header[TarField.magic].prefix(Self.magic.count).elementsEqual(Self.magic)
        guard hasNames, header[range.lowerBound] != 0 else { return }
        let text = name.prefix(range.count - 1)
        let filler = [UInt8](repeating: 0, count: range.count - text.count)
        header.replaceSubrange(range, with: text + filler)
    }

    /// Puts the checksum right, in the way it was written.
    private func seal(_ header: [UInt8]) -> [UInt8] {
        guard header != Array(mainHeader) else { return header }
        return Self.sealed(header)
    }

    private static func sealed(_ header: [UInt8]) -> [UInt8] {
        var header = header
        let sum = UInt64(clamping: TarNumber.checksums(header[...]).unsigned)
        let field = header[TarField.checksum]
        header.replaceSubrange(TarField.checksum, with: TarNumber.format(sum, like: field))
        return header
    }

    private func paxEdits(of part: Part, for change: HeaderChange) -> [Edit] {
        guard let old = try? PaxRecords.parse(bytes[part.data]) else { return [] }
        let new = old.compactMap { changed($0, by: change) }
        guard new != old else { return [] }
        let start = offset + UInt64(part.header)
        if new.isEmpty { return [Edit(offset: start, delete: part.extent.count, insert: [])] }
        let data = PaxRecords.encode(new)
        var header = Array(bytes[part.header..<(part.header + 512)])
        rewrite(TarField.size, of: &header, with: UInt64(data.count))
        if header[TarField.size]
            != bytes[part.header..<(part.header + 512)][
                (part.header + TarField.size.lowerBound)..<(part.header + TarField.size.upperBound)]
        {
            header = Self.sealed(header)
        }
        let replacement =
            header + data + [UInt8](repeating: 0, count: padded(data.count) - data.count)
        return Self.differences(from: bytes[part.extent], to: replacement, at: start)
    }

    private func changed(_ record: PaxRecord, by change: HeaderChange) -> PaxRecord? {
        var copy = record
        if FileCapability.isCapability(record) {
            switch change.capabilities {
            case nil: break
            case .strip: return nil
            case .permit: return FileCapability.permitted(record)
            }
        }
        guard let owner = change.owner else { return copy }
        if record.isNamed("uid") {
            copy.value = Array(String(owner.uid).utf8)
        } else if record.isNamed("gid") {
            copy.value = Array(String(owner.gid).utf8)
        } else if record.isNamed("uname"), !record.value.isEmpty {
            copy.value = owner.userName
        } else if record.isNamed("gname"), !record.value.isEmpty {
            copy.value = owner.groupName
        }
        return copy
    }

    @unsafe
    private static func word(_ index: Int, of bytes: Span<UInt8>) -> UInt64 {
        unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
    }

    /// The edits from old to new bytes: runs of differing bytes where the lengths agree, else one.
    private static func differences(
        from old: ArraySlice<UInt8>, to new: [UInt8], at offset: UInt64
    ) -> [Edit] {
        guard old.count == new.count else {
            return [Edit(offset: offset, delete: old.count, insert: new)]
        }
        var edits: [Edit] = []
        let before = old.span
        let after = new.span
        var index = 0
        while index < after.count {
            // Most of a header stays as it is: eight bytes at a time.
            while index + 8 <= after.count, unsafe word(index, of: before) == word(index, of: after)
            {
                index += 8
            }
            guard index < after.count else { break }
            guard before[index] != after[index] else {
                index += 1
                continue
            }
            var end = index + 1
            var next = end
            // Runs a few equal bytes apart are one edit: fewer edits cost less than the bytes.
            while next < after.count, next - end < 8 {
                if before[next] != after[next] { end = next + 1 }
                next += 1
            }
            edits.append(
                Edit(
                    offset: offset + UInt64(index), delete: end - index,
                    insert: Array(new[index..<end])))
            index = end
        }
        return edits
    }
}
