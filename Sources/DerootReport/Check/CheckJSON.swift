import DerootBytes
import DerootCore
package import DerootOCI
import DerootTar

/// A check as JSON; `docs/schema/check-1.schema.json` describes it.
///
/// The HTML page is made of nothing else, so what this document holds is what `deroot report` can
/// show later.
package enum CheckJSON {
    /// The document.
    package static func document(_ outcome: CheckOutcome) -> JSON {
        var rules: [String: Rule] = [:]
        for image in outcome.reports.flatMap(\.images) {
            for finding in image.findings { rules[finding.finding.rule.id] = finding.finding.rule }
        }
        return .object([
            "deroot": .string("check"), "version": .number(1), "tool": .string(Version.text),
            "options": .string(outcome.options), "converted": .bool(outcome.isConverted),
            "gates": .strings(outcome.policy.gates.map(\.rawValue)),
            "failOn": .string(outcome.policy.failOn.rawValue),
            "passed": .bool(outcome.passes),
            "exitStatus": .number(outcome.exitStatus),
            "expired": .array(outcome.policy.expired.map(ignore)),
            "references": .array(outcome.references.map(reference)),
            "rules": .array(rules.values.sorted { $0.id < $1.id }.map(rule)),
        ])
    }

    private static func reference(_ reference: CheckOutcome.Reference) -> JSON {
        switch reference {
        case .checked(let report):
            return .object([
                "reference": .string(printable(report.source.utf8)),
                "digest": .string(report.digest.description), "error": .null,
                "images": .array(report.images.map { CheckImageJSON.image($0, of: report) }),
            ])
        case .failed(let source, let error):
            return .object([
                "reference": .string(printable(source.utf8)), "digest": .null,
                "error": self.error(error), "images": .array([]),
            ])
        }
    }

    static func error(_ error: DerootError) -> JSON {
        .object([
            "code": .string(error.code.name), "message": .string(error.description),
            "exitStatus": .number(error.code.exitStatus),
        ])
    }

    private static func ignore(_ entry: IgnoreFile.Entry) -> JSON {
        .object([
            "rule": .string(entry.rule),
            "path": entry.path.map { .string(printable($0.text.utf8)) } ?? .null,
            "reason": .string(printable(entry.reason.utf8)),
            "until": entry.until.map(JSON.string) ?? .null, "line": .number(entry.line),
        ])
    }

    static func rule(_ rule: Rule) -> JSON {
        .object([
            "id": .string(rule.id), "name": .string(rule.name),
            "severity": .string(rule.severity.rawValue), "title": .string(rule.title),
            "help": .string(rule.help),
            "classes": .array(rule.classes.map { .number($0) }),
        ])
    }
}
