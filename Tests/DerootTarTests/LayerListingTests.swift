import DerootBytes
import DerootTar
import DerootTestSupport
import Testing

struct LayerListingTests {
    @Test func keepsWhatPlanningNeeds() throws {
        var tar = TarBuilder()
        tar.directory("./usr/", mode: 0o755)
        tar.pax([PaxRecord("SCHILY.xattr.security.capability", [1, 0, 0, 2])])
        tar.file("./usr/ping", "body", mode: 0o4755, uid: 7, gid: 8)
        tar.link("usr/pong", to: "./usr/ping", type: "1", mode: 0o2755)
        tar.link("usr/link", to: "../x", mode: 0o4777)
        let listing = try listing(tar.ended)
        #expect(listing.count == 4)
        #expect(
            (0..<4).map { listing.path($0).description } == [
                "/usr", "/usr/ping", "/usr/pong", "/usr/link",
            ])
        #expect(Array(listing.linkBytes(2)) == Array("./usr/ping".utf8))
        #expect(Array(listing.linkBytes(3)) == Array("../x".utf8))
        #expect(listing.linkBytes(1).isEmpty)
        let ping = listing.entries[1]
        #expect((ping.mode, ping.uid, ping.gid, ping.bodySize) == (0o4755, 7, 8, 4))
        #expect(ping.hasCapabilities && ping.hasEffectiveCapabilities && ping.isSetid)
        #expect(ping.offset == 512)
        #expect(listing.entries[2].isSetid)
        // A symbolic link has no mode of its own.
        #expect(!listing.entries[3].isSetid && !listing.entries[0].isSetid)
    }

    @Test func D07_tellsAnEffectiveCapabilityFromAPermittedOne() throws {
        var tar = TarBuilder()
        for flag in [0, 1] as [UInt8] {
            let value: [UInt8] = [flag, 0, 0, 2] + [UInt8](repeating: 0, count: 16)
            tar.pax([PaxRecord("SCHILY.xattr.security.capability", value)])
            tar.file("f\(flag)")
        }
        let entries = try listing(tar.ended).entries
        #expect(entries.map(\.hasCapabilities) == [true, true])
        #expect(entries.map(\.hasEffectiveCapabilities) == [false, true])
    }

    @Test(arguments: ["../a", "a/../../b", "/..", "a/../.."])
    func C13_refusesANameThatLeavesTheRoot(_ name: String) throws {
        var tar = TarBuilder()
        tar.file("first")
        tar.file(name)
        let error = try #require(throws: DerootError.self) { try listing(tar.ended) }
        #expect(error.code == .hostile)
        #expect(error.location.offset == 512)
        #expect(error.location.entry != nil)
    }

    @Test func C13_cleansDotsInsideTheRoot() throws {
        var tar = TarBuilder()
        tar.file("a/../etc/./passwd")
        #expect(try listing(tar.ended).path(0) == "etc/passwd")
    }

    @Test func refusesAnEndlessPath() throws {
        var tar = TarBuilder()
        tar.longName([UInt8](repeating: 0x61, count: 66_000))
        tar.file("a")
        let error = try #require(throws: DerootError.self) { try listing(tar.ended) }
        #expect(error.code == .limit)
        #expect(error.location.offset == 0)
    }

    @Test func namesOwnersAsHeadersSpellThem() throws {
        var tar = TarBuilder()
        for (user, group) in [("root", "root"), ("", ""), ("root", "root"), ("app", "")] {
            var header = RawHeader("f")
            header.put(user, at: TarField.userName)
            header.put(group, at: TarField.groupName)
            tar.header(header)
        }
        let listing = try listing(tar.ended)
        let users = (0..<4).map { String(decoding: listing.ownerNames($0).user, as: UTF8.self) }
        let groups = (0..<4).map { String(decoding: listing.ownerNames($0).group, as: UTF8.self) }
        #expect(users == ["root", "", "root", "app"])
        #expect(groups == ["root", "", "root", ""])
    }

    /// Fifty thousand owners, each used twice: finding the known ones must not take a search.
    @Test(.timeLimit(.minutes(60))) func C20_manyOwnersAreListedInLinearTime() throws {
        var tar = TarBuilder()
        for index in 0..<100_000 {
            var header = RawHeader("f")
            header.put("u\(index % 50_000)", at: TarField.userName)
            tar.header(header)
        }
        let listing = try listing(tar.ended)
        #expect(listing.ownerNames(99_999).user == Array("u49999".utf8))
        #expect(listing.ownerNames(50_000).user == Array("u0".utf8))
    }

    @Test func refusesMoreOwnersThanItCanNumber() throws {
        var tar = TarBuilder()
        for index in 0...65_535 {
            var header = RawHeader("f")
            header.put("u\(index)", at: TarField.userName)
            tar.header(header)
        }
        let error = try #require(throws: DerootError.self) { try listing(tar.ended) }
        #expect(error.code == .limit)
    }
}
