import DerootBytes
import DerootTar
import DerootTestSupport
import Testing

/// Finding header groups in a stream, however it is cut into pieces and wherever it ends.
struct TarFramerTests {
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func findsTheSameGroupsInPiecesOfAnySize(_ seed: UInt64) throws {
        let tar = RandomTar(seed: seed)
        let whole = try framed(tar.bytes)
        #expect(whole.map(\.offset) == tar.entries.map(\.offset))
        var random = SeededGenerator(seed: seed)
        for limit in [1, 7, 511, 513, 4000] {
            let sizes = (0..<2000).map { _ in Int.random(in: 1...limit, using: &random) } + [9999]
            let pieces = try framed(tar.bytes, chunks: sizes)
            #expect(pieces.map(\.offset) == whole.map(\.offset), "seed \(seed)")
            #expect(pieces.map(\.bytes) == whole.map(\.bytes), "seed \(seed)")
            #expect(pieces.map(\.parts) == whole.map(\.parts), "seed \(seed)")
        }
    }

    /// A stream that is cut anywhere inside an entry is truncated, and nowhere else.
    @Test func C21_knowsEveryTruncation() throws {
        var tar = TarBuilder()
        tar.pax(["path": "long", "comment": "x"])
        tar.file("a", "body")
        let boundary = tar.bytes.count
        tar.longName(Array("b".utf8))
        tar.file("b", String(repeating: "y", count: 600))
        let ends = [0, boundary, tar.bytes.count]
        for end in 0...tar.bytes.count {
            let cut = Array(tar.bytes[..<end])
            if ends.contains(end) {
                #expect(try framed(cut).count == ends.firstIndex(of: end))
                continue
            }
            let error = try #require(throws: DerootError.self) { try framed(cut) }
            #expect(error.code == .truncated, "cut at \(end): \(error)")
            #expect(error.location.offset != nil, "cut at \(end)")
        }
    }

    @Test func B09_endsWithOneZeroBlockTwoOrNone() throws {
        var tar = TarBuilder()
        tar.file("a", "body")
        let zero = [UInt8](repeating: 0, count: 512)
        for end in [[], zero, zero + zero, zero + zero + zero + [1, 2, 3]] {
            #expect(try framed(tar.bytes + end).count == 1)
            #expect(try walked(tar.bytes + end).count == 1)
        }
    }

    @Test func C22_carriesWhateverFollowsTheEnd() throws {
        var tar = TarBuilder()
        tar.file("a")
        var second = TarBuilder()
        second.file("hidden", mode: 0o4755)
        let all = tar.ended + second.ended
        #expect(try framed(all).count == 1)
        #expect(try walked(all).count == 1)
    }

    @Test func B09_refusesDataAfterALoneZeroBlock() throws {
        var tar = TarBuilder()
        tar.file("a")
        tar.raw([UInt8](repeating: 0, count: 512))
        tar.file("hidden", mode: 0o4755)
        let error = try #require(throws: DerootError.self) { try framed(tar.ended) }
        #expect(error.code == .disagreement)
        #expect(error.location.offset == 1024)
    }

    @Test(arguments: [0, 512, 1024, 10240])
    func B07_takesEmptyStreams(_ zeros: Int) throws {
        let bytes = [UInt8](repeating: 0, count: zeros)
        #expect(try framed(bytes).isEmpty)
        #expect(try walked(bytes).isEmpty)
    }

    @Test func C09_refusesAWrongChecksum() throws {
        var tar = TarBuilder()
        tar.file("a")
        var header = RawHeader("b").sealed()
        header[0] ^= 1
        tar.raw(header)
        let error = try #require(throws: DerootError.self) { try framed(tar.ended) }
        #expect(error.code == .malformed)
        #expect(error.location.offset == 512)
    }

    @Test func C09_takesASignedChecksum() throws {
        var tar = TarBuilder()
        tar.raw(RawHeader([0xE4, 0xF6, 0xFC]).sealed(signed: true))
        #expect(try walked(tar.ended).map(\.meaning.name) == [[0xE4, 0xF6, 0xFC]])
    }

    @Test(arguments: ["x", "g", "L", "K"] as [Character])
    func C04_refusesAnEndlessExtension(_ type: Character) throws {
        var limits = Limits()
        limits.extensionHeaderBytes = 4096
        var tar = TarBuilder()
        tar.header(RawHeader("ext", type: type, size: 4097))
        let error = try #require(throws: DerootError.self) { try framed(tar.bytes, limits: limits) }
        #expect(error.code == .limit)
    }

    @Test func C04_countsAllExtensionsOfAnEntry() throws {
        var limits = Limits()
        limits.extensionHeaderBytes = 4096
        var tar = TarBuilder()
        tar.longName([UInt8](repeating: 0x62, count: 3000))
        tar.pax([PaxRecord("comment", [UInt8](repeating: 0x61, count: 3000))])
        tar.file("c")
        let error = try #require(throws: DerootError.self) { try framed(tar.bytes, limits: limits) }
        #expect(error.code == .limit)
    }

    /// Global headers without data would else gather in memory as long as the stream goes on.
    @Test func C04_countsEmptyGlobalHeaders() throws {
        var limits = Limits()
        limits.extensionHeaderBytes = 4096
        var tar = TarBuilder()
        for _ in 0..<100 { tar.pax([:], type: "g") }
        tar.file("a")
        let error = try #require(throws: DerootError.self) { try framed(tar.bytes, limits: limits) }
        #expect(error.code == .limit)
    }

    @Test func C07_boundsASparseMap() throws {
        var limits = Limits()
        limits.extensionHeaderBytes = 4096
        var header = RawHeader("s", type: "S", magic: .gnu)
        header.bytes[TarField.sparseExtended] = 1
        var tar = TarBuilder()
        tar.header(header)
        var block = [UInt8](repeating: 0, count: 512)
        block[TarField.sparseMore] = 1
        for _ in 0..<20 { tar.raw(block) }
        let error = try #require(throws: DerootError.self) { try framed(tar.bytes, limits: limits) }
        #expect(error.code == .limit)
    }

    @Test func C20_countsEntries() throws {
        var limits = Limits()
        limits.entries = 2
        var tar = TarBuilder()
        for name in ["a", "b", "c"] { tar.file(name) }
        let error = try #require(throws: DerootError.self) { try framed(tar.ended, limits: limits) }
        #expect(error.code == .limit)
        #expect(error.location.offset == 1024)
    }

    @Test(arguments: [["x", "x"], ["L", "L"], ["K", "K"], ["x", "L", "x"]] as [[Character]])
    func C05_refusesTwoExtensionsOfAKind(_ types: [Character]) throws {
        var tar = TarBuilder()
        for type in types {
            type == "x" ? tar.pax(["comment": "c"]) : tar.extended(type, [0x61, 0], magic: .gnu)
        }
        tar.file("a")
        let error = try #require(throws: DerootError.self) { try framed(tar.ended) }
        #expect(error.code == .disagreement)
    }

    @Test func refusesAnExtensionWithoutAnEntry() throws {
        var tar = TarBuilder()
        tar.pax(["path": "a"])
        let error = try #require(throws: DerootError.self) { try framed(tar.ended) }
        #expect(error.code == .malformed)
        let cut = try #require(throws: DerootError.self) { try framed(tar.bytes) }
        #expect(cut.code == .truncated)
    }

    @Test func C06_takesAGlobalHeaderAtTheEnd() throws {
        var tar = TarBuilder()
        tar.file("a")
        tar.pax(["comment": "last"], type: "g")
        #expect(try walked(tar.ended).count == 1)
        #expect(try walked(tar.bytes).count == 1)
    }

    @Test func skipsBodies() throws {
        var tar = TarBuilder()
        tar.file("a", String(repeating: "x", count: 1000))
        tar.file("b")
        var framer = TarFramer()
        var names: [[UInt8]] = []
        try feed(Array(tar.bytes[..<512]), to: &framer, &names)
        #expect(framer.skippable == 1024)
        #expect(framer.settled == 512)
        framer.skip(600)
        #expect(framer.skippable == 424)
        framer.skip(424)
        #expect(framer.position == 1536)
        try feed(Array(tar.bytes[1536...]), to: &framer, &names)
        try framer.finish()
        #expect(names == [[0x61], [0x62]])
        #expect(framer.entryCount == 2)
    }

    private func feed(
        _ bytes: [UInt8], to framer: inout TarFramer, _ names: inout [[UInt8]]
    ) throws(DerootError) {
        try unsafe bytes.span.bytes.withUnsafeBytes { (buffer) throws(DerootError) in
            try unsafe framer.feed(buffer) { (group) throws(DerootError) in
                names.append(group.meaning.name)
            }
        }
    }
}
