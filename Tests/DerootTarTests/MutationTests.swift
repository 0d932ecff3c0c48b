import DerootBytes
import DerootTar
import DerootTestSupport
import Testing

/// Valid streams with a few bytes changed: refused with a reason and a place, or read for good.
struct MutationTests {
    /// Spoils a header of the stream in one of the ways in which attacks and accidents do.
    private func spoil(_ bytes: inout [UInt8], at: Int, _ random: inout SeededGenerator) {
        guard at + 512 <= bytes.count else { return }
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            bytes[at + TarField.typeflag] = random.pick(Array("01234567gxXLKSVMNAD\0".utf8), or: 0)
        case 1:
            let field = random.pick([TarField.mode, TarField.uid, TarField.size], or: TarField.gid)
            bytes[at + Int.random(in: field, using: &random)] = random.pick(
                Array("0127 \0-x".utf8) + [0x80, 0xFF], or: 0)
        case 2: bytes[at + Int.random(in: TarField.magicAndVersion, using: &random)] = 0x30
        case 3: bytes[at + Int.random(in: 0..<512, using: &random)] = random.bytes(1)[0]
        case 4: bytes.insert(contentsOf: bytes[at..<(at + 512)], at: at)
        default: bytes.removeSubrange(at..<(at + 512))
        }
        guard at + 512 <= bytes.count, !random.oneIn(8) else { return }
        var header = RawHeader("")
        header.bytes = Array(bytes[at..<(at + 512)])
        bytes.replaceSubrange(at..<(at + 512), with: header.sealed())
    }

    @Test(arguments: 1...400 as ClosedRange<UInt64>)
    func isRefusedOrStaysReadable(_ seed: UInt64) throws {
        let tar = RandomTar(seed: seed, count: 5)
        var random = SeededGenerator(seed: seed &* 7919)
        var bytes = tar.bytes
        let heads = try walked(bytes).flatMap { group in
            [group.main] + group.parts.map(\.header)
        }
        let starts = tar.entries.map { Int($0.offset) }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            spoil(&bytes, at: random.pick(starts, or: 0) + random.pick(heads, or: 0), &random)
        }
        do throws(DerootError) {
            let groups = try walked(bytes, chunk: 700)
            var change = HeaderChange()
            (change.clear, change.capabilities) = (0o6000, .strip)
            change.owner = .init(uid: 65532, gid: 65532)
            let after = try walked(applying(groups.flatMap { $0.edits(for: change) }, to: bytes))
            #expect(after.count == groups.count, "seed \(seed)")
            for group in after {
                #expect(group.meaning.mode & 0o6000 == 0, "seed \(seed)")
                #expect(group.meaning.uid == 65532, "seed \(seed)")
                #expect(!group.meaning.records.contains(where: FileCapability.isCapability))
            }
        } catch {
            #expect(error.code.exitStatus == 2, "seed \(seed): \(error)")
            #expect(error.location.offset != nil, "seed \(seed): \(error)")
        }
    }
}
