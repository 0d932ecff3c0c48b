import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// NR001 to NR009: who an image runs as.
struct IdentityRulesTests {
    static let accounts: Build = { tar in
        tar.file(
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\napp:x:1000:1001::/app:/bin/sh\n")
        tar.file("etc/group", "root:x:0:\napp:x:1001:\n")
        tar.directory("tmp", mode: 0o1777)
    }

    @Test(arguments: ["", "0", "00", "0:0", "root", "root:root", "0:1001", "toor", ":5"])
    func NR001_everySpellingOfRoot(_ user: String) throws {
        let found = try check(settings: "\"User\":\"\(user)\"", Self.accounts)
        #expect(found["NR001"]?.severity == .error)
        #expect(found["NR001"]?.evidence.first?.after == "65532:65532")
        #expect(found["NR001"]?.places.first == "config.User")
        #expect(found.verdict == .ready)
    }

    @Test func NR001_namesTheRow() throws {
        let found = try check(settings: #""User":"toor""#, Self.accounts)
        #expect(found["NR001"]?.places == ["config.User", "/etc/passwd:2"])
    }

    @Test(arguments: ["app", "app:app", "1000:app", "app:0"])
    func NR002_names(_ user: String) throws {
        let found = try check(settings: "\"User\":\"\(user)\"", Self.accounts)
        #expect(found["NR002"] != nil)
        #expect(found["NR001"] == nil)
        #expect(found.verdict == .ready)
    }

    @Test(arguments: ["1000", "1000:1001", "1000:0", "70"])
    func numbersAreNeither(_ user: String) throws {
        let found = try check(settings: "\"User\":\"\(user)\"", Self.accounts)
        #expect(found.ids.isDisjoint(with: ["NR001", "NR002"]))
    }

    @Test func anImageThatIsRightAlready() throws {
        let found = try check(settings: #""User":"1000:1001""#, Self.accounts)
        #expect(found.verdict == .already)
        #expect(try #require(found.plan).isEmpty)
    }

    @Test func nothingIsLeftAfterConversion() throws {
        let found = try check(converted: true, Self.accounts)
        #expect(found.ids.isDisjoint(with: ["NR001", "NR002"]))
        #expect(found.user == nil)
    }
}
