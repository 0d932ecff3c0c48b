import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootStore
import Testing

@Suite("choosing tags")
struct SelectionTests {
    @Test("versions in their order")
    func order() throws {
        // semver.org, section 11, and tags as images have them.
        let ordered = [
            "0.0.1", "0.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
            "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "v1.9", "1.10",
            "2", "10.0.0",
        ]
        let versions = ordered.compactMap { TagVersion($0) }
        #expect(versions.count == ordered.count)
        for (index, version) in versions.enumerated() {
            #expect(version == version && !(version < version))
            for later in versions[(index + 1)...] {
                #expect(version < later && !(later < version))
            }
        }
        #expect(TagVersion("1.27") == TagVersion("v1.27.0"))
    }

    @Test(
        "what is no version",
        arguments: ["latest", "", "v", "1.", "1.2.3.4", "1.2-", "1..2", "a1", "1.2.3-a..b", "-1"])
    func noVersion(_ text: String) { #expect(TagVersion(text) == nil) }

    @Test(
        "ranges",
        arguments: [
            (">=1.24", ["1.24", "1.24.1", "2"], ["1.23.9", "1.25-alpine"]),
            (">=1.24 <2", ["1.99"], ["2", "2.0.0"]), (">= 1.24, < 2", ["1.24"], ["2"]),
            ("^1.2", ["1.2", "1.9.9"], ["1.1.9", "2.0.0"]),
            ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]), ("^0.0.3", ["0.0.3"], ["0.0.4"]),
            ("~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0"]), ("~1", ["1.9"], ["2"]),
            ("1.x", ["1", "1.5"], ["2", "0.9"]), ("1.2.*", ["1.2.7"], ["1.3"]),
            ("*", ["0.1", "9"], ["9-rc1"]), ("1.27", ["1.27", "1.27.3"], ["1.28"]),
            ("=1.27.3", ["1.27.3"], ["1.27.4"]), ("!=1.2.3", ["1.2.4"], ["1.2.3"]),
            (">1.2", ["1.3"], ["1.2.9"]), (">1.2.3", ["1.2.4"], ["1.2.3"]),
            ("<=1.2", ["1.2.9"], ["1.3"]), ("<=1.2.3", ["1.2.3"], ["1.2.4"]),
            ("1.x || 3.x", ["1.5", "3.0"], ["2.5"]),
            (">=1.2.3-rc.1", ["1.2.3-rc.2", "1.2.3", "1.3"], ["1.2.3-rc.0", "1.2.4-rc.1"]),
        ] as [(String, [String], [String])])
    func ranges(_ text: String, _ inside: [String], _ outside: [String]) throws {
        let range = try VersionRange(text)
        for tag in inside { #expect(range.contains(try #require(TagVersion(tag))), "\(tag)") }
        for tag in outside { #expect(!range.contains(try #require(TagVersion(tag))), "\(tag)") }
    }

    @Test(
        "what is no range",
        arguments: [
            "", "a", ">=", "1.2 ||", "=>1", "^^1", "1.2.3.x", ">=x", "^18446744073709551615",
            "<=18446744073709551615", ">1.18446744073709551615", "18446744073709551615.x",
            "^0.0.18446744073709551615", "9007199254740992",
        ])
    func noRange(_ text: String) {
        #expect(
            failure { () throws(DerootError) in _ = try VersionRange(text) }?.code == .malformed)
    }

    private static let hex = String(repeating: "ab", count: 32)
    private static let tags = [
        "latest", "1.25", "1.27.3", "1.27", "1.26-perl", "1.9", "1.28-rc.1", "sha256-\(hex)",
        "sha256-\(hex).sig", "stable",
    ]

    @Test("all but signatures, where nothing is said")
    func all() throws {
        let chosen = try TagSelection().choose(Self.tags)
        #expect(
            chosen == [
                "1.25", "1.26-perl", "1.27", "1.27.3", "1.28-rc.1", "1.9", "latest", "stable",
            ])
    }

    @Test("allow, deny, ranges and latest, in this order")
    func steps() throws {
        var selection = TagSelection()
        selection.allow = [try NamePattern("^1\\."), try NamePattern("^latest$")]
        #expect(try selection.choose(Self.tags).count == 7)
        selection.deny = [try NamePattern("-perl$")]
        #expect(
            try selection.choose(Self.tags) == [
                "1.25", "1.27", "1.27.3", "1.28-rc.1", "1.9", "latest",
            ])
        selection.versions = [try VersionRange(">=1.20")]
        #expect(try selection.choose(Self.tags) == ["1.25", "1.27", "1.27.3"])
        selection.latest = 2
        #expect(try selection.choose(Self.tags) == ["1.27.3", "1.27"])
        selection.latest = 99
        #expect(try selection.choose(Self.tags).count == 3)
        #expect(try selection.choose(Self.tags.reversed()) == ["1.27.3", "1.27", "1.25"])
    }

    @Test("latest means versions")
    func latest() throws {
        var selection = TagSelection()
        selection.latest = 2
        #expect(try selection.choose(["latest", "stable", "2", "10", "9"]) == ["10", "9"])
    }

    @Test("a broken pattern")
    func broken() {
        let error = failure { () throws(DerootError) in _ = try NamePattern("(") }
        #expect(error?.code == .malformed)
    }
}

/// The error that a piece of work ends with.
func failure(_ work: () throws(DerootError) -> Void) -> DerootError? {
    do throws(DerootError) {
        try work()
        return nil
    } catch { return error }
}
