import DerootBytes
import DerootCore
import DerootReport
import DerootTar
import DerootTestSupport
import Testing

@Suite struct CheckTextTests {
    private func lines(
        _ outcome: CheckOutcome, _ style: TextStyle = TextStyle(), tree: Bool = false,
        hints: Bool = false, detailed: Bool = false
    ) -> [String] {
        let text = CheckText(style, isDetailed: detailed, showsTree: tree, showsHints: hints)
        return outcome.reports.flatMap { text.lines($0, isConverted: false) }
    }

    @Test func theVerdictComesFirstAndTheWorstFindingNext() throws {
        let outcome = Sample.outcome([
            Sample.finding("bad"), Sample.finding("odd", severity: .warn),
        ])
        let lines = lines(outcome)
        #expect(lines[0].hasPrefix("oci:image  linux/amd64  sha256:"))
        #expect(lines[1] == "✔ READY  user root (none set)  1 error, 1 warning")
        let errors = try #require(lines.firstIndex(of: "errors"))
        let warnings = try #require(lines.firstIndex(of: "warnings"))
        #expect(errors < warnings)
        #expect(lines[errors + 1] == "  NR050 setuid-file       bad")
        #expect(lines[errors + 2] == "                          /usr/bin/su  4755 0:0 → 0755")
        #expect(lines[errors + 3].hasSuffix("convert: the bit is cleared"))
    }

    @Test(arguments: [40, 60, 80, 120])
    func linesFitTheTerminal(_ width: Int) throws {
        let long = TarPath(Array(repeating: "folder", count: 40).joined(separator: "/"))
        let outcome = Sample.outcome(
            [Sample.finding(Array(repeating: "word", count: 60).joined(separator: " "), at: long)],
            source: String(repeating: "漢", count: 300))
        for line in lines(outcome, TextStyle(width: width)) {
            #expect(TextWidth.columns(of: line) <= max(width, 50), "\(line)")
        }
        let real = try Sample.checked([Sample.image()])
        for line in lines(real, TextStyle(width: width), tree: true) {
            #expect(TextWidth.columns(of: line) <= max(width, 76), "\(line)")
        }
    }

    @Test func withoutATerminalNothingIsCut() {
        let long = TarPath(Array(repeating: "folder", count: 90).joined(separator: "/"))
        let lines = lines(Sample.outcome([Sample.finding(at: long)]))
        #expect(lines.contains { $0.contains(long.description) })
    }

    @Test func asciiTerminalsGetASCII() throws {
        let outcome = try Sample.checked([Sample.image()])
        let style = TextStyle(usesUnicode: false)
        let text = lines(outcome, style, tree: true).map { style.encoded($0) }.joined()
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        #expect(text.contains("->") && text.contains("READY"))
    }

    @Test func colourIsNeverAlone() throws {
        let outcome = try Sample.checked([Sample.image()])
        let plain = lines(outcome, tree: true)
        let coloured = lines(outcome, TextStyle(usesColor: true), tree: true)
        #expect(coloured.joined().contains("\u{1B}[31merrors\u{1B}[0m"))
        #expect(!plain.joined().contains("\u{1B}"))
        var stripped = coloured.joined(separator: "\n")
        for code in ["0", "1", "2", "31", "32", "33", "36"] {
            stripped = stripped.split(
                separator: "\u{1B}[\(code)m", omittingEmptySubsequences: false
            )
            .joined()
        }
        #expect(stripped == plain.joined(separator: "\n"))
    }

    @Test func theTreeShowsWhatChanges() throws {
        let lines = lines(try Sample.checked([Sample.image()]), tree: true)
        #expect(
            lines.contains {
                $0.hasPrefix("  S /usr/bin/su ") && $0.contains("-rwsr-xr-x → -rwxr-xr-x")
                    && $0.hasSuffix("setuid cleared")
            })
        #expect(
            lines.contains {
                $0.hasPrefix("  M /srv/app ") && $0.contains("0:0 → 65532:65532")
            })
        #expect(lines.contains { $0.hasPrefix("layer 1  ") && $0.hasSuffix("test") })
        #expect(lines.contains { $0.hasPrefix("  A /etc/passwd") })
    }

    @Test func manyPlacesAreCounted() {
        var finding = Sample.finding()
        finding.evidence = (0..<20).map { .init(.file(TarPath("f\($0)"))) }
        finding.omitted = 5
        let few = lines(Sample.outcome([finding]))
        #expect(few.contains { $0.hasSuffix("… and 21 more") })
        let all = lines(Sample.outcome([finding]), detailed: true)
        #expect(
            all.contains { $0.hasSuffix("/f19") } && all.contains { $0.hasSuffix("and 5 more") })
    }

    @Test func acceptedFindingsAreNamedWithTheirReason() {
        var policy = CheckPolicy()
        policy.ignores = IgnoreFile(entries: [
            .init(rule: "NR050", reason: "known", until: "2099-01-01")
        ])
        let outcome = Sample.outcome([Sample.finding()], policy: policy)
        let lines = lines(outcome)
        #expect(lines[1].hasSuffix("1 accepted"))
        #expect(lines.contains { $0.hasSuffix("known, until 2099-01-01") })
        #expect(!lines.contains("errors") && outcome.exitStatus == 0)
    }

    private static let statuses: [([DerootError.Code], Int32)] = [
        ([], 0), ([.io], 2), ([.transient], 75), ([.transient, .hostile], 2),
    ]

    @Test(arguments: statuses)
    func theWorstStatusCounts(_ codes: [DerootError.Code], _ status: Int32) {
        let failed = codes.map {
            CheckOutcome.Reference.failed(source: "x", DerootError($0, "no"))
        }
        let clean = Sample.outcome([]).references
        let bad = Sample.outcome([Sample.finding()]).references
        #expect(
            CheckOutcome(references: failed + clean, policy: CheckPolicy()).exitStatus == status)
        #expect(
            CheckOutcome(references: bad + failed, policy: CheckPolicy()).exitStatus
                == max(status, 1))
    }

    @Test func wordsAreBrokenWhereTheyMustBe() {
        let style = TextStyle(width: 20)
        #expect(style.wrapped("aa bb cc", to: 16) == ["aa bb cc"])
        #expect(style.wrapped("0123456789 0123456789", to: 16) == ["0123456789", "0123456789"])
        let parts = style.wrapped(String(repeating: "x", count: 40), to: 16)
        #expect(parts.map(\.count) == [16, 16, 8])
        #expect(style.wrapped("", to: 16) == [""])
        #expect(
            TextWidth.columns(of: style.shortened(String(repeating: "漢", count: 99), to: 20)) <= 20)
    }
}
