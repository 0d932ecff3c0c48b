import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// The catalogue as a whole, and every rule on an image built for it.
struct RulesTests {
    @Test(arguments: RuleCase.all)
    func theRuleSpeaksWhereItShould(_ test: RuleCase) throws {
        let found = try test.checked()
        let finding = found[test.id]
        #expect((finding != nil) == test.isFound)
        guard let finding else { return }
        if let severity = test.severity {
            #expect(finding.severity == severity)
        } else {
            #expect(finding.severity == finding.rule.severity)
        }
        #expect(!finding.evidence.isEmpty)
        #expect(!finding.message.isEmpty && !finding.message.hasSuffix("."))
    }

    @Test func everyRuleIsTriedBothWays() {
        // VerdictTests has those that need more than layers; NR073 is for every image.
        let elsewhere: Set<String> = ["NR064", "NR065", "NR066", "NR068", "NR069", "NR073"]
        for rule in Rules.all where !elsewhere.contains(rule.id) {
            let cases = RuleCase.all.filter { $0.id == rule.id }
            #expect(cases.contains { $0.isFound }, "\(rule.id) is never found")
            #expect(cases.contains { !$0.isFound }, "\(rule.id) is always found")
        }
    }

    @Test(arguments: [
        ("", ["/tmp"]), (#""Volumes":{"/data":{}}"#, ["/data", "/tmp"]),
        (#""Entrypoint":["/start.sh"]"#, ["/run", "/tmp", "/var/lib/x"]),
    ])
    func theWritableSetIsTheImages(_ settings: String, _ paths: [String]) throws {
        let test = RuleCase.yes("NR073", settings) { tar in
            tar.file(
                "start.sh", "#!/bin/sh\necho >/run/x.pid\necho >>/var/lib/x/log\n", mode: 0o755)
        }
        let places = try test.checked()["NR073"]?.evidence.map(\.place)
        #expect(places == paths.map { .file(TarPath($0)) })
    }

    @Test func theCatalogueIsWhole() {
        let ids = Rules.all.map(\.id)
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
        #expect(Set(Rules.all.map(\.name)).count == ids.count)
        let ranges = [1...9, 10...13, 20...28, 30...39, 40...44, 50...59, 60...69, 70...74]
        let wanted = ranges.flatMap { range in range.map { "NR0" + ($0 < 10 ? "0" : "") + "\($0)" }
        }
        #expect(ids == wanted)
        for rule in Rules.all {
            #expect(rule.id.utf8.count == 5)
            #expect(!rule.title.hasSuffix(".") && rule.title.utf8.count < 90)
            #expect(rule.help.hasSuffix(".") && rule.help.utf8.count > 60)
            #expect(
                rule.name.utf8.allSatisfy {
                    (0x61...0x7A).contains($0) || $0 == 0x2D || (0x30...0x39).contains($0)
                })
        }
    }

    /// What convert promises to mend is mended.
    @Test(arguments: RuleCase.all.filter(\.isFound))
    func whatIsAutomaticIsGoneAfterwards(_ test: RuleCase) throws {
        let before = try test.checked()
        guard before.plan != nil else { return }
        let after = try test.checked(converted: true)
        let promised = before.findings.filter { finding in
            guard case .automatic = finding.fix else { return false }
            return finding.severity >= .error
        }
        for finding in promised {
            let left = after.findings.filter {
                $0.rule.id == finding.rule.id && $0.message == finding.message
            }
            #expect(left.isEmpty, "\(finding.rule.id) \(finding.message)")
        }
    }

    @Test func findingsAreSortedAndPrintable() throws {
        let found = try check(settings: #""User":"a\u001b[31mb""#) { tar in
            tar.file("bin/\u{1B}[2Jsu", mode: 0o4755)
            tar.file("etc/passwd", "a\\b:x:0:0::/:\n")
            tar.directory("x", mode: 0o2755)
        }
        let severities = found.findings.map(\.severity)
        #expect(severities == severities.sorted(by: >))
        for finding in found.findings {
            let texts =
                [finding.message]
                + finding.evidence.flatMap { [$0.before, $0.after] }
                .compactMap(\.self)
            for text in texts {
                #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
            }
        }
    }
}
