import DerootBytes
import DerootTar
import DerootTestSupport
import Glibc
import Testing

/// Two readers of one stream: where they agree the entries come out, where not nothing does.
struct TarWalkTests {
    @Test(arguments: 1...150 as ClosedRange<UInt64>)
    func agreesWithLibarchiveOnRandomTars(_ seed: UInt64) throws {
        let tar = RandomTar(seed: seed)
        let entries = try walked(tar.bytes, chunk: seed % 3 == 0 ? 777 : 1 << 16)
            .map(RandomTar.Entry.init)
        for (entry, expected) in zip(entries, tar.entries) {
            #expect(entry == expected, "seed \(seed)")
        }
        #expect(entries.count == tar.entries.count, "seed \(seed)")
    }

    /// The tests run in the C locale, in which libarchive warns of every such name.
    @Test func C23_readsNamesInNoLocale() throws {
        var tar = TarBuilder()
        tar.pax(["path": "größe/日本語", "hdrcharset": "ISO-IR 10646 2000 UTF-8"])
        tar.file("a")
        tar.pax([
            PaxRecord("path", [0x66, 0xFF, 0xFE]), PaxRecord("hdrcharset", "BINARY"),
        ])
        tar.file("b")
        tar.pax([PaxRecord("path", [0xE9, 0x74, 0xE9])])
        tar.file("c")
        tar.pax(["linkpath": "größe", "uname": "jürgen"])
        tar.link("d", to: "x")
        tar.header(RawHeader([0xC3, 0x28]))
        let groups = try walked(tar.ended)
        #expect(
            groups.map(\.meaning.name) == [
                Array("größe/日本語".utf8), [0x66, 0xFF, 0xFE], [0xE9, 0x74, 0xE9], [0x64],
                [0xC3, 0x28],
            ])
        #expect(groups[3].meaning.link == Array("größe".utf8))
    }

    /// libarchive takes errno as the reason why a name could not be converted.
    @Test func anOldErrorOfTheThreadIsNoFault() throws {
        var tar = TarBuilder()
        tar.pax([PaxRecord("path", [0xE9, 0x74, 0xE9])])
        tar.file("a")
        let feed = Feed(tar.ended, chunk: 512)
        var names: [[UInt8]] = []
        errno = ENOMEM
        try unsafe TarWalk.run(
            limits: Limits(),
            pull: { () throws(DerootError) in
                errno = ENOMEM
                return unsafe feed.next()
            }, found: { (group) throws(DerootError) in names.append(group.meaning.name) })
        #expect(names == [[0xE9, 0x74, 0xE9]])
    }

    /// Go's writer leaves the header's own field empty where nothing in the target is ASCII.
    @Test(arguments: ["1", "2"] as [Character])
    func readsALinkWhoseTargetOnlyPaxNames(_ type: Character) throws {
        var tar = TarBuilder()
        tar.pax(["linkpath": "日本語"])
        tar.link("a", to: "", type: type)
        tar.link("b", to: "x", type: type)
        tar.pax(["linkpath": "日本語"])
        tar.link("c", to: "", type: type)
        let links = try walked(tar.ended).map(\.meaning.link)
        #expect(links == [Array("日本語".utf8), [0x78], Array("日本語".utf8)])
    }

    @Test func C01_aFileWithALinkRecordIsRefused() throws {
        var tar = TarBuilder()
        tar.file("first")
        tar.pax(["linkpath": "/etc/shadow"])
        tar.file("a", "body")
        // A link field in a file's header means nothing to anybody.
        #expect(try walked(tar.ended).map(\.meaning.type) == [.file, .file])
    }

    @Test(
        arguments: [
            // SCHILY.realsize changes a size for libarchive, and for no other reader.
            (["SCHILY.realsize": "4"], "0", 1024),
            // Solaris extended headers are headers for some and files for others.
            ([:], "X", 512),
            // A volume label is skipped by some and is a file for others.
            ([:], "V", 0),
            // Solaris ACLs likewise.
            ([:], "A", 512),
        ] as [(KeyValuePairs<String, String>, Character, Int)])
    func C10_refusesWhatReadersDispute(
        _ pax: KeyValuePairs<String, String>, _ type: Character, _ size: Int
    ) throws {
        var tar = TarBuilder()
        tar.file("first")
        if !pax.isEmpty { tar.pax(pax) }
        tar.header(
            RawHeader("disputed", type: type, size: UInt64(size)),
            body: [UInt8](repeating: 0x61, count: size))
        tar.file("last")
        let error = try #require(throws: DerootError.self) { try walked(tar.ended) }
        #expect(error.code == .disagreement, "\(error)")
        #expect(error.location.offset != nil)
    }

    /// What stands behind a directory is an entry, whatever size that states: so everybody reads.
    @Test func C01_entriesBehindADirectoryWithASizeAreSeen() throws {
        var tar = TarBuilder()
        let header = RawHeader("first", type: "5", size: 512)
        tar.header(header, body: RawHeader("hidden", mode: 0o4755).sealed())
        #expect(try walked(tar.ended).map(\.meaning.mode) == [0o644, 0o4755])
    }

    /// Behind links, devices and pipes too, say Go, Python and libarchive; GNU tar passes over it.
    @Test(arguments: ["2", "3", "4", "6"] as [Character])
    func C01_aLinkOrDeviceWithASizeIsRefused(_ type: Character) throws {
        var tar = TarBuilder()
        var header = RawHeader("first", type: type, size: 512)
        header.put("target", at: TarField.linkName)
        tar.header(header, body: RawHeader("hidden", mode: 0o4755).sealed())
        let error = try #require(throws: DerootError.self) { try walked(tar.ended) }
        #expect(error.code == .disagreement && error.location.offset == 0, "\(error)")
    }

    @Test func C12_anEntryWithoutANameIsRefused() throws {
        for type in ["0", "5", "2"] as [Character] {
            var tar = TarBuilder()
            tar.file("first")
            tar.link("", to: "x", type: type)
            let error = try #require(throws: DerootError.self) { try walked(tar.ended) }
            #expect(error.code == .disagreement && error.location.offset == 512, "\(error)")
        }
    }

    @Test func C16_aHardLinkHasNoBody() throws {
        // What follows is the next header, whatever size the link states: so Go and GNU tar read it.
        var tar = TarBuilder()
        tar.file("a", "12345")
        var link = RawHeader("b", type: "1", size: 5, magic: .gnu)
        link.put("a", at: TarField.linkName)
        tar.header(link)
        tar.file("c")
        #expect(try walked(tar.ended).map(\.meaning.name) == [[0x61], [0x62], [0x63]])
    }

    @Test func C11_carriesUnknownTypes() throws {
        var tar = TarBuilder()
        tar.file("first")
        for flag in "BCQZbez89" as String {
            tar.header(RawHeader("x\(flag)", type: flag, size: 3), body: [1, 2, 3])
        }
        tar.file("last")
        let groups = try walked(tar.ended)
        #expect(groups.count == 11)
        #expect(groups.dropFirst().dropLast().allSatisfy { $0.meaning.bodySize == 3 })
    }

    @Test func C13_readsAbsurdlyDeepAndLongPaths() throws {
        let deep = Array(repeating: "d", count: 2_000).joined(separator: "/")
        var tar = TarBuilder()
        tar.longName(Array(deep.utf8))
        tar.file("d")
        tar.pax([PaxRecord("path", [UInt8](repeating: 0x61, count: 60_000))])
        tar.file("a")
        let listing = try listing(tar.ended)
        #expect(listing.path(0) == TarPath(deep))
        #expect(listing.pathBytes(1).count == 60_000)
    }

    /// A walk over bytes in pieces of 600 that tells how far it came.
    private final class Progress {
        var pulled = 0
        var settled: UInt64 = 0
        var found = 0

        func walk(
            _ bytes: [UInt8], failingAt: Int = .max, enough: Int = .max
        ) throws(DerootError) {
            let memory = HeapBuffer(count: bytes.count)
            unsafe memory.bytes.copyBytes(from: bytes)
            let base = unsafe UnsafeRawBufferPointer(memory.bytes)
            try unsafe TarWalk.run(
                limits: Limits(),
                pull: { () throws(DerootError) in
                    guard self.pulled < failingAt else { throw DerootError(.io, "no more") }
                    let start = self.pulled
                    self.pulled = min(base.count, start + 600)
                    return unsafe UnsafeRawBufferPointer(rebasing: base[start..<self.pulled])
                },
                found: { (_) throws(DerootError) in
                    self.found += 1
                    guard self.found < enough else { throw DerootError(.limit, "enough") }
                }, settled: { (offset) throws(DerootError) in self.settled = offset })
        }
    }

    @Test func B09_pullsToTheVeryLastByte() throws {
        var tar = TarBuilder()
        tar.file("a")
        let progress = Progress()
        try progress.walk(tar.ended + [UInt8](repeating: 0xAB, count: 5000))
        #expect(progress.pulled == 512 + 1024 + 5000)
        #expect(progress.settled == 512 + 1024 + 5000)
        #expect(progress.found == 1)
    }

    @Test func anErrorOfTheSourceComesOut() throws {
        var tar = TarBuilder()
        for name in ["a", "b", "c"] { tar.file(name) }
        for place in [0, 600, 1200, 1800, 2400] {
            let error = try #require(throws: DerootError.self) {
                try Progress().walk(tar.ended, failingAt: place)
            }
            #expect(error.code == .io, "at \(place)")
        }
    }

    @Test(arguments: 1...3) func anErrorOfTheReceiverComesOut(_ count: Int) throws {
        var tar = TarBuilder()
        for name in ["a", "b", "c"] { tar.file(name) }
        let progress = Progress()
        let error = try #require(throws: DerootError.self) {
            try progress.walk(tar.ended, enough: count)
        }
        #expect(error.code == .limit)
        #expect(progress.found == count)
    }
}
