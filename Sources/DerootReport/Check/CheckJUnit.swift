import DerootBytes
package import DerootCore
import DerootTar

/// A check as JUnit XML, as CI systems read it: a suite for each image, a case for each rule.
package enum CheckJUnit {
    /// The document; `rules` are all that were looked for, so that those without findings pass.
    package static func text(_ outcome: CheckOutcome, rules: [Rule]) -> String {
        var suites: [Suite] = []
        for reference in outcome.references {
            switch reference {
            case .failed(let source, let error):
                var suite = Suite(name: printable(source.utf8))
                suite.cases.append(
                    .init(
                        name: "read", outcome: .error(error.code.name, error.description),
                        note: ""))
                suites.append(suite)
            case .checked(let report):
                for image in report.images {
                    suites.append(self.suite(image, of: report, outcome.policy, rules))
                }
            }
        }
        let count = { (is: (Suite.Outcome) -> Bool) in
            suites.reduce(0) { sum, suite in sum + suite.cases.count { `is`($0.outcome) } }
        }
        var out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        out += "<testsuites name=\"deroot check\" tests=\"\(count { _ in true })\""
        out += " failures=\"\(count(\.isFailure))\" errors=\"\(count(\.isError))\">\n"
        for suite in suites { out += suite.xml }
        return out + "</testsuites>\n"
    }

    private static func suite(
        _ image: GradedImage, of report: GradedReport, _ policy: CheckPolicy, _ rules: [Rule]
    ) -> Suite {
        let platform = printable(image.check.platform.utf8)
        var suite = Suite(name: "\(printable(report.source.utf8)) \(platform)")
        switch image.check.verdict {
        case .refused(let reason):
            let code = image.check.refusal?.code.name ?? "refused"
            suite.cases.append(
                .init(
                    name: "verdict", outcome: .error(code, printable(reason.utf8)),
                    note: image.check.verdict.word))
        case .skipped(let reason):
            suite.cases.append(
                .init(
                    name: "verdict", outcome: .skipped(printable(reason.utf8)),
                    note: image.check.verdict.word))
            return suite
        case .ready, .readyOn, .needsRecipe, .already:
            suite.cases.append(
                .init(name: "verdict", outcome: .passed, note: image.check.verdict.word))
        }
        var found: [String: [GradedFinding]] = [:]
        for finding in image.findings {
            found[finding.finding.rule.id, default: []].append(finding)
        }
        let extra = image.findings.map(\.finding.rule).filter { rule in
            !rules.contains { $0.id == rule.id }
        }
        for rule in (rules + Set(extra)).sorted(by: { $0.id < $1.id }) {
            suite.cases.append(self.testCase(rule, found[rule.id] ?? [], policy))
        }
        return suite
    }

    private static func testCase(
        _ rule: Rule, _ findings: [GradedFinding], _ policy: CheckPolicy
    ) -> Suite.Case {
        let name = "\(rule.id) \(rule.name)"
        let failing = findings.filter { $0.counts && policy.failOn.isFailure($0.severity) }
        if !failing.isEmpty {
            let summary = failing.map { printable($0.finding.message.utf8) }
            return .init(
                name: name,
                outcome: .failure(
                    failing.map(\.severity).max()?.rawValue ?? "error",
                    summary.joined(separator: "; "), failing.map(describe).joined()),
                note: "")
        }
        let rest = findings.filter(\.counts)
        if rest.isEmpty, let accepted = findings.first?.ignored {
            return .init(
                name: name, outcome: .skipped("accepted: \(printable(accepted.reason.utf8))"),
                note: "")
        }
        return .init(name: name, outcome: .passed, note: rest.map(describe).joined())
    }

    private static func describe(_ graded: GradedFinding) -> String {
        let finding = graded.finding
        var lines = ["\(finding.severity.rawValue): \(printable(finding.message.utf8))"]
        for evidence in finding.evidence {
            var line: String
            switch evidence.place {
            case .file(let path): line = path.description
            case .config(let key): line = printable(key.utf8)
            }
            if let number = evidence.line { line += ":\(number)" }
            if let before = evidence.before { line += "  \(printable(before.utf8))" }
            if let after = evidence.after { line += " -> \(printable(after.utf8))" }
            lines.append("  " + line)
        }
        if finding.omitted > 0 { lines.append("  and \(finding.omitted) more") }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// A suite of the document.
private struct Suite {
    enum Outcome {
        case passed
        case failure(String, String, String)
        case error(String, String)
        case skipped(String)

        var isFailure: Bool { if case .failure = self { true } else { false } }
        var isError: Bool { if case .error = self { true } else { false } }
        var isSkipped: Bool { if case .skipped = self { true } else { false } }
    }

    struct Case {
        let name: String
        let outcome: Outcome
        let note: String
    }

    let name: String
    var cases: [Case] = []

    init(name: String) { self.name = name }

    var xml: String {
        var out = "  <testsuite name=\"\(XMLText.escaped(name))\" tests=\"\(cases.count)\""
        out += " failures=\"\(cases.count { $0.outcome.isFailure })\""
        out += " errors=\"\(cases.count { $0.outcome.isError })\""
        out += " skipped=\"\(cases.count { $0.outcome.isSkipped })\">\n"
        for testCase in cases {
            out += "    <testcase name=\"\(XMLText.escaped(testCase.name))\""
            out += " classname=\"\(XMLText.escaped(name))\">\n"
            switch testCase.outcome {
            case .passed: break
            case .failure(let type, let message, let text):
                out += "      <failure type=\"\(XMLText.escaped(type))\""
                out +=
                    " message=\"\(XMLText.escaped(message))\">\(XMLText.escaped(text))</failure>\n"
            case .error(let type, let message):
                out += "      <error type=\"\(XMLText.escaped(type))\""
                out += " message=\"\(XMLText.escaped(message))\"/>\n"
            case .skipped(let message):
                out += "      <skipped message=\"\(XMLText.escaped(message))\"/>\n"
            }
            if !testCase.note.isEmpty {
                out += "      <system-out>\(XMLText.escaped(testCase.note))</system-out>\n"
            }
            out += "    </testcase>\n"
        }
        return out + "  </testsuite>\n"
    }
}

/// Text inside XML and HTML.
enum XMLText {
    /// A text for elements and quoted attributes; what XML 1.0 cannot hold (section 2.2) goes.
    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case "\n", "\t": out.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value & 0xFFFE == 0xFFFE: continue
            case _ where (0x7F...0x9F).contains(scalar.value): continue
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
