import DerootBytes
import DerootCore
package import DerootOCI
import DerootTar

/// A check as SARIF 2.1.0 (OASIS), within what GitHub's code scanning accepts.
///
/// GitHub's limits (docs.github.com, "SARIF support for code scanning"): 25,000 results and rules a
/// run, 1,000 locations a result of which it shows 100, 20 tags a rule, relative URIs; it tells one
/// alert from another by `primaryLocationLineHash`.
package enum CheckSARIF {
    static let resultLimit = 25_000
    static let locationLimit = 100
    static let messageLimit = 1_000

    /// The document.
    package static func document(_ outcome: CheckOutcome) -> JSON {
        var rules: [Rule] = []
        var numbers: [String: Int] = [:]
        var found: [(GradedReport, GradedImage, GradedFinding)] = []
        for report in outcome.reports {
            for image in report.images {
                for finding in image.findings { found.append((report, image, finding)) }
            }
        }
        // Where there are too many, the worst stay.
        if found.count > resultLimit {
            found.sort { $0.2.severity > $1.2.severity }
            found.removeLast(found.count - resultLimit)
        }
        var results: [JSON] = []
        for (report, image, finding) in found {
            let rule = finding.finding.rule
            let number = numbers[rule.id] ?? rules.count
            if number == rules.count {
                numbers[rule.id] = number
                rules.append(rule)
            }
            results.append(result(finding, number, image, report))
        }
        return .object([
            "$schema": .string(
                "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
                    + "sarif-schema-2.1.0.json"),
            "version": .string("2.1.0"),
            "runs": .array([
                .object([
                    "tool": .object([
                        "driver": .object([
                            "name": .string("deroot"), "version": .string(Version.text),
                            "rules": .array(rules.map(rule)),
                        ])
                    ]),
                    "automationDetails": .object(["id": .string("deroot/check/")]),
                    "columnKind": .string("unicodeCodePoints"),
                    "invocations": .array([invocation(outcome)]),
                    "results": .array(results),
                ])
            ]),
        ])
    }

    private static func invocation(_ outcome: CheckOutcome) -> JSON {
        var notifications: [JSON] = []
        for case .failed(let source, let error) in outcome.references {
            notifications.append(notification("\(printable(source.utf8)): \(error)"))
        }
        for image in outcome.reports.flatMap(\.images) {
            if let refusal = image.check.refusal {
                notifications.append(notification(refusal.description))
            }
        }
        let isSuccess = ![2, 64, 75].contains(outcome.exitStatus)
        return .object([
            "executionSuccessful": .bool(isSuccess), "exitCode": .number(outcome.exitStatus),
            "toolExecutionNotifications": .array(notifications),
        ])
    }

    private static func notification(_ text: String) -> JSON {
        .object(["level": .string("error"), "message": self.text(text)])
    }

    private static func rule(_ rule: Rule) -> JSON {
        let classes = rule.classes.map { "failure-class-\($0)" }
        return .object([
            "id": .string(rule.id), "name": .string(pascal(rule.name)),
            "shortDescription": text(rule.title), "fullDescription": text(rule.help),
            "help": .object([
                "text": .string(rule.help),
                "markdown": .string("**\(rule.title).** \(rule.help)"),
            ]),
            "defaultConfiguration": .object(["level": .string(level(rule.severity))]),
            "properties": .object([
                "tags": .strings((["security", "container", "non-root"] + classes).prefix(20)),
                "problem.severity": .string(
                    rule.severity >= .error
                        ? "error" : rule.severity == .warn ? "warning" : "recommendation"),
            ]),
        ])
    }

    private static func result(
        _ graded: GradedFinding, _ number: Int, _ image: GradedImage, _ report: GradedReport
    ) -> JSON {
        let finding = graded.finding
        var message = printable(finding.message.utf8)
        if case .file(let path) = finding.evidence.first?.place, finding.evidence.count == 1 {
            message += ": \(path)"
        }
        switch finding.fix {
        case .automatic(let fix): message += ". deroot convert: \(printable(fix.utf8))"
        case .option(let fix), .recipe(let fix): message += ". \(printable(fix.utf8))"
        case .none(let fix): message += fix.isEmpty ? "" : ". \(printable(fix.utf8))"
        }
        let name = Self.name(report.source)
        var locations = finding.evidence.prefix(locationLimit).map { location($0, name) }
        if locations.isEmpty { locations = [location(nil, name)] }
        var members: [(String, JSON)] = [
            ("ruleId", .string(finding.rule.id)), ("ruleIndex", .number(number)),
            ("level", .string(level(finding.severity))), ("message", text(message)),
            ("locations", .array(locations)),
            ("partialFingerprints", fingerprints(finding, image, name)),
        ]
        if let entry = graded.ignored {
            let suppression = JSON.object([
                "kind": .string("external"), "status": .string("accepted"),
                "justification": .string(shortened(printable(entry.reason.utf8))),
            ])
            members.append(("suppressions", .array([suppression])))
        }
        var properties: [(String, JSON)] = [
            ("image", .string(printable(report.source.utf8))),
            ("digest", .string(image.check.digest.description)),
            ("platform", .string(printable(image.check.platform.utf8))),
        ]
        if let confidence = finding.confidence {
            properties.append(("confidence", .string(confidence.rawValue)))
        }
        if !graded.breaches.isEmpty {
            let names = graded.breaches.map { "\($0.gate.rawValue): \($0.clause)" }
            properties.append(("gates", .strings(names)))
        }
        members.append(("properties", object(properties)))
        return object(members)
    }

    private static func location(_ evidence: Finding.Evidence?, _ name: [UInt8]) -> JSON {
        var path = Array("config.json".utf8)
        var key: String?
        switch evidence?.place {
        case .file(let file): path = file.bytes
        case .config(let text): key = text
        case nil: break
        }
        let artifact = JSON.object(["uri": .string(uri(name + [0x2F] + path))])
        var members: [(String, JSON)] = [
            (
                "physicalLocation",
                .object([
                    "artifactLocation": artifact,
                    "region": .object(["startLine": .number(max(evidence?.line ?? 1, 1))]),
                ])
            )
        ]
        if let key {
            let logical = JSON.object([
                "fullyQualifiedName": .string(shortened(printable(key.utf8))),
                "kind": .string("member"),
            ])
            members.append(("logicalLocations", .array([logical])))
        }
        if let before = evidence?.before {
            let after = evidence?.after.map { " → \(printable($0.utf8))" } ?? ""
            members.append(("message", text(printable(before.utf8) + after)))
        }
        return object(members)
    }

    /// The same finding in the next version of an image has the same fingerprint.
    private static func fingerprints(
        _ finding: Finding, _ image: GradedImage, _ name: [UInt8]
    ) -> JSON {
        var bytes = Array("\(finding.rule.id)\n\(image.check.platform)\n".utf8) + name + [0x0A]
        switch finding.evidence.first?.place {
        case .file(let path): bytes += path.bytes
        case .config(let key): bytes += Array(key.utf8)
        case nil: break
        }
        let hash = String(Digest.of(bytes, algorithm: .sha256).hex.prefix(32))
        return .object([
            "primaryLocationLineHash": .string("\(hash):1"), "derootFinding/v1": .string(hash),
        ])
    }

    /// The image's name as the beginning of a path: no transport, no tag's digest, no leading dots.
    private static func name(_ source: String) -> [UInt8] {
        var rest = Substring(source)
        for transport in ["oci:", "oci-archive:", "docker-archive:", "docker:"]
        where rest.hasPrefix(transport) {
            rest = rest.dropFirst(transport.count)
        }
        if let at = rest.firstIndex(of: "@") { rest = rest[..<at] }
        let parts = rest.utf8.split(separator: UInt8(ascii: "/")).filter { part in
            !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        }
        let name = Array(parts.joined(separator: [UInt8(ascii: "/")]))
        return name.isEmpty ? Array("image".utf8) : name
    }

    /// A relative reference (RFC 3986, section 4.2), all but unreserved bytes escaped.
    private static func uri(_ bytes: [UInt8]) -> String {
        var out = ""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + hexadecimal([byte]).uppercased()
            }
        }
        return out
    }

    private static func level(_ severity: Rule.Severity) -> String {
        switch severity {
        case .block, .error: "error"
        case .warn: "warning"
        case .info: "note"
        }
    }

    /// `setuid-file` as `SetuidFile`, which is how SARIF wants a rule's name.
    private static func pascal(_ name: String) -> String {
        name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func text(_ text: String) -> JSON {
        .object(["text": .string(shortened(text))])
    }

    private static func shortened(_ text: String) -> String {
        guard text.unicodeScalars.count > messageLimit else { return text }
        return String(text.unicodeScalars.prefix(messageLimit - 1)) + "…"
    }

    private static func object(_ members: [(String, JSON)]) -> JSON {
        .object(JSONObject(members: members.map { .init(name: JSONString($0.0), value: $0.1) }))
    }
}
