import DerootBytes
import DerootTar
import DerootTestSupport
import Testing

/// The law of the house: outside the edited fields every byte of a layer is carried.
struct VerbatimTests {
    private func change(_ random: inout SeededGenerator) -> HeaderChange {
        var change = HeaderChange()
        if random.oneIn(2) { change.clear = random.pick([0o6000, 0o4000, 0o2000], or: 0) }
        if random.oneIn(4) { change.set = random.pick([0o1000, 0o100, 0o055], or: 0) }
        if random.oneIn(2) {
            let limit: UInt32 = random.oneIn(3) ? 2_147_483_647 : 70_000
            change.owner = .init(
                uid: UInt32.random(in: 1...limit, using: &random),
                gid: UInt32.random(in: 0...limit, using: &random),
                userName: random.oneIn(3) ? [] : Array("nonroot".utf8),
                groupName: Array("nonroot".utf8))
        }
        if random.oneIn(2) { change.capabilities = random.oneIn(2) ? .strip : .permit }
        return change
    }

    /// What an entry has to mean after a change.
    private func expected(
        _ group: HeaderGroup, _ change: HeaderChange
    ) -> (RandomTar.Entry, [PaxRecord]) {
        var entry = RandomTar.Entry(group)
        entry.mode = entry.mode & ~change.clear | change.set
        var records = group.meaning.records
        switch change.capabilities {
        case nil: break
        case .strip: records.removeAll(where: FileCapability.isCapability)
        case .permit:
            records = records.compactMap {
                FileCapability.isCapability($0) ? FileCapability.permitted($0) : $0
            }
        }
        if let owner = change.owner {
            (entry.uid, entry.gid) = (owner.uid, owner.gid)
            if !entry.userName.isEmpty { entry.userName = owner.userName }
            if !entry.groupName.isEmpty { entry.groupName = owner.groupName }
            for index in records.indices {
                switch String(decoding: records[index].key, as: UTF8.self) {
                case "uid": records[index].value = Array(String(owner.uid).utf8)
                case "gid": records[index].value = Array(String(owner.gid).utf8)
                case "uname": records[index].value = owner.userName
                case "gname": records[index].value = owner.groupName
                default: break
                }
            }
        }
        return (entry, records)
    }

    /// The bytes between the header groups: bodies, padding, the end and what follows it.
    private func rest(_ bytes: [UInt8], _ groups: [HeaderGroup]) -> [UInt8] {
        var out: [UInt8] = []
        var position = 0
        for group in groups {
            out += bytes[position..<Int(group.offset)]
            position = Int(group.offset) + group.bytes.count
        }
        return out + bytes[position...]
    }

    /// A main header with the fields that a change may touch blanked out.
    private func untouched(_ group: HeaderGroup) -> [UInt8] {
        var header = Array(group.mainHeader)
        let fields = [
            TarField.mode, TarField.uid, TarField.gid, TarField.checksum, TarField.userName,
            TarField.groupName,
        ]
        for field in fields {
            header.replaceSubrange(field, with: [UInt8](repeating: 0, count: field.count))
        }
        return header
    }

    @Test(arguments: 1001...1200 as ClosedRange<UInt64>)
    func outsideTheEditedFieldsEveryByteIsCarried(_ seed: UInt64) throws {
        let tar = RandomTar(seed: seed)
        var random = SeededGenerator(seed: ~seed)
        let before = try walked(tar.bytes)
        let changes = before.map { _ in random.oneIn(3) ? HeaderChange() : change(&random) }
        let edits = zip(before, changes).flatMap { $0.edits(for: $1) }
        for (edit, next) in zip(edits, edits.dropFirst()) { #expect(edit.end <= next.offset) }
        let bytes = applying(edits, to: tar.bytes)
        let after = try walked(bytes, chunk: 5000)
        try #require(after.count == before.count, "seed \(seed)")
        #expect(rest(bytes, after) == rest(tar.bytes, before), "seed \(seed)")
        for ((old, new), change) in zip(zip(before, after), changes) {
            var (entry, records) = expected(old, change)
            entry.offset = new.offset
            #expect(RandomTar.Entry(new) == entry, "seed \(seed)")
            #expect(new.meaning.records == records, "seed \(seed)")
            #expect(untouched(new) == untouched(old), "seed \(seed)")
            #expect(new.bytes == old.bytes(applying: change), "seed \(seed)")
            if change.isEmpty { #expect(new.bytes == old.bytes, "seed \(seed)") }
        }
    }

    @Test(arguments: 2001...2020 as ClosedRange<UInt64>)
    func aSecondRunChangesNothing(_ seed: UInt64) throws {
        let tar = RandomTar(seed: seed)
        var change = HeaderChange()
        change.clear = 0o6000
        change.capabilities = .strip
        change.owner = .init(uid: 65532, gid: 65532, userName: Array("nonroot".utf8))
        let edits = try walked(tar.bytes).flatMap { $0.edits(for: change) }
        let bytes = applying(edits, to: tar.bytes)
        #expect(try walked(bytes).flatMap { $0.edits(for: change) }.isEmpty)
    }
}
