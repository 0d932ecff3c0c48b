import DerootBytes
import DerootTar
import DerootTestSupport
import Testing

/// The members of an archive file, found without reading bodies.
struct TarIndexTests {
    private func index(
        _ bytes: [UInt8], start: UInt64 = 0, limits: Limits = Limits()
    ) throws -> [TarIndex.Member] {
        let directory = try TemporaryDirectory()
        try directory.write("archive.tar", bytes)
        let file = try FileSlice(File.reading(directory("archive.tar")), start: start)
        return try TarIndex(reading: file, limits: limits).members
    }

    @Test func findsBodiesWhereTheyAre() throws {
        var tar = TarBuilder()
        tar.directory("blobs/")
        tar.file("./blobs/a", String(repeating: "a", count: 5000))
        tar.pax(["path": "blobs/long"])
        tar.file("short", "bb")
        tar.link("layer.tar", to: "../a/layer.tar")
        tar.file("blobs/a", "again")
        let members = try index(tar.ended)
        #expect(members.map(\.path) == ["blobs", "blobs/a", "blobs/long", "layer.tar", "blobs/a"])
        #expect(members.map(\.bodySize) == [0, 5000, 2, 0, 5])
        #expect(members.map(\.type) == [.directory, .file, .file, .symlink, .file])
        #expect(members[3].link == Array("../a/layer.tar".utf8))
        let bytes = tar.ended
        for (member, letter) in [(members[1], "a"), (members[2], "b")] {
            #expect(bytes[Int(member.bodyStart)] == letter.utf8.first)
            #expect(bytes[Int(member.bodyStart) - 1] == 0)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func agreesWithTheFramer(_ seed: UInt64) throws {
        let tar = RandomTar(seed: seed)
        let members = try index(tar.bytes)
        #expect(members.map(\.bodySize) == tar.entries.map(\.bodySize), "seed \(seed)")
        #expect(members.map(\.path) == tar.entries.map { TarPath($0.name) }, "seed \(seed)")
    }

    @Test func startsWhereItsSliceStarts() throws {
        var tar = TarBuilder()
        tar.file("a", "body")
        let shifted = [UInt8](repeating: 0xEE, count: 700) + tar.ended
        #expect(try index(shifted, start: 700).map(\.bodyStart) == [700 + 512])
    }

    @Test(arguments: [100, 513, 600, 1023, 1540, 2100])
    func C21_refusesATruncatedArchive(_ end: Int) throws {
        var tar = TarBuilder()
        tar.file("a", String(repeating: "a", count: 600))
        tar.file("b", "b")
        let error = try #require(throws: DerootError.self) { try index(Array(tar.bytes[..<end])) }
        #expect(error.code == .truncated)
    }

    @Test func C20_boundsTheMembers() throws {
        var tar = TarBuilder()
        for _ in 0..<10 { tar.file("a") }
        var limits = Limits()
        limits.entries = 9
        let error = try #require(throws: DerootError.self) { try index(tar.ended, limits: limits) }
        #expect(error.code == .limit)
    }
}
