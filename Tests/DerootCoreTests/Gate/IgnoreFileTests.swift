import DerootBytes
import DerootCore
import DerootTar
import Testing

@Suite struct IgnoreFileTests {
    private static let day: Int64 = 86400
    /// 2026-11-21T12:00:00Z.
    private static let noon: Int64 = 1_795_262_400

    private func parse(_ text: String) throws -> IgnoreFile {
        try IgnoreFile(
            parsing: Array(text.utf8), file: ".deroot.yaml", rules: ["NR050", "NR010"])
    }

    @Test func entriesAreRead() throws {
        let file = try parse(
            """
            version: 1
            ignore:
              - rule: NR050
                path: /usr/bin/sudo
                reason: needed for support
                until: 2027-01-31
              - {rule: NR010, reason: 'behind a proxy'}
            """)
        #expect(file.entries.map(\.rule) == ["NR050", "NR010"])
        #expect(file.entries.map(\.line) == [3, 7])
        #expect(file.entries[0].path?.text == "/usr/bin/sudo")
        #expect(file.entries[0].until == "2027-01-31" && file.entries[1].until == nil)
        #expect(try parse("version: 1").entries.isEmpty)
    }

    @Test(arguments: [
        ("ignore: []", "line 1: 'version' is missing"), ("version: 2", "2 is not within 1…1"),
        ("version: 1\nignroe: []", "line 2: unknown key 'ignroe'; 'ignore' was probably meant"),
        ("version: 1\nignore:\n - rule: NR050", "line 3: 'reason' is missing"),
        ("version: 1\nignore:\n - rule: NR050\n   reason: ' '", "line 3: the reason is empty"),
        ("version: 1\nignore:\n - rule: NR999\n   reason: x", "there is no rule 'NR999'"),
        ("version: 1\nignore:\n - {rule: NR050, reason: x, until: 2026-02-30}", "is no day"),
        ("version: 1\nignore:\n - {rule: NR050, reason: x, until: soon}", "is no day"),
        ("version: 1\nignore:\n - {rule: NR050, reason: x, path: ../x}", "is no path inside"),
        ("version: 1\nignore:\n - {rule: NR050, reason: x, file: y}", "unknown key 'file'"),
        ("version: 1\nignore: NR050", "a text where a list is expected"),
    ])
    func mistakesAreErrors(_ text: String, _ expected: String) {
        let error = #expect(throws: DerootError.self) { try parse(text) }
        let found = error?.description ?? ""
        #expect(found.contains(expected) && found.hasPrefix(".deroot.yaml: "), "\(found)")
    }

    @Test func anEntryHoldsThroughItsLastDay() {
        let entry = IgnoreFile.Entry(rule: "NR050", reason: "x", until: "2026-11-21")
        #expect(!entry.isExpired(at: Self.noon))
        #expect(!entry.isExpired(at: Self.noon + Self.day / 2 - 1))
        #expect(entry.isExpired(at: Self.noon + Self.day / 2))
        #expect(!IgnoreFile.Entry(rule: "NR050", reason: "x").isExpired(at: .max))
    }

    private func graded(_ entries: [IgnoreFile.Entry], omitted: Int = 0) throws -> GradedFinding {
        let rule = Rule("NR050", "setuid-file", .error, "Setuid", help: "Help.")
        var finding = Finding(
            rule, "found",
            evidence: [
                .init(.file("usr/bin/su")), .init(.file("usr/bin/sudo")),
                .init(.file("opt/x")),
            ], fix: .none(""))
        finding.omitted = omitted
        var policy = CheckPolicy()
        policy.ignores = IgnoreFile(entries: entries)
        policy.now = Self.noon
        let image = ImageCheck(
            digest: Digest.of([1]), platform: "linux/amd64", user: nil, verdict: .ready,
            findings: [finding], plan: nil)
        let report = CheckReport(source: "x", digest: Digest.of([1]), images: [image])
        return try #require(policy.grade(report).images.first?.findings.first)
    }

    private func entry(_ path: String?, until: String? = nil) throws -> IgnoreFile.Entry {
        .init(rule: "NR050", path: try path.map { try PathPattern($0) }, reason: "x", until: until)
    }

    @Test func withoutAPathTheWholeFindingIsAccepted() throws {
        #expect(try graded([entry(nil)]).ignored != nil)
        #expect(try graded([entry(nil, until: "2026-11-20")]).ignored == nil)
        #expect(try graded([entry(nil, until: "2026-11-21")]).ignored != nil)
    }

    @Test func withAPathOnlyItsPlacesAreAccepted() throws {
        let some = try graded([entry("/usr/bin/su*")])
        #expect(some.counts && some.acceptedPlaces == 2)
        #expect(some.finding.evidence.map(\.place) == [.file("opt/x")])
        let all = try graded([entry("/usr/bin/su*"), entry("/opt/*")])
        #expect(!all.counts)
        // Places that are not listed may be others.
        let open = try graded([entry("/**")], omitted: 7)
        #expect(open.counts)
        let none = try graded([entry("/usr/lib/**")])
        #expect(none.counts && none.acceptedPlaces == 0 && none.finding.evidence.count == 3)
    }
}
