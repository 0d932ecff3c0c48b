package import DerootCore

/// The pages of `docs/rules`, made from the rules themselves so that neither forgets the other.
package enum RulePages {
    /// A file of the folder.
    package struct Page: Sendable, Hashable {
        /// Such as `NR050.md`.
        package let name: String
        /// Markdown.
        package let text: String
    }

    /// A page for each rule and one that lists them.
    package static func all(_ rules: [Rule]) -> [Page] {
        let sorted = rules.sorted { $0.id < $1.id }
        return [index(sorted)] + sorted.map(page)
    }

    private static func index(_ rules: [Rule]) -> Page {
        var text = """
            # Rules of `deroot check`

            Made by `deroot rules --docs docs/rules`; do not edit by hand. Ids never change and are \
            never used again. Severities: **block** the converted image would not start, **error** \
            fails a mandatory gate, **warn** fails probably when it runs or fails a lenient gate, \
            **info** worth knowing.

            | id | severity | what is found |
            |---|---|---|

            """
        for rule in rules {
            text += "| [\(rule.id)](\(rule.id).md) \(rule.name) | \(rule.severity.rawValue) |"
            text += " \(cell(rule.title)) |\n"
        }
        return Page(name: "README.md", text: text)
    }

    private static func page(_ rule: Rule) -> Page {
        var text = "# \(rule.id) \(rule.name)\n\n**\(rule.title)**\n\n"
        text += "Severity: \(rule.severity.rawValue).\n\n"
        text += wrapped(rule.help) + "\n"
        let gates = Gate.allCases.compactMap { gate -> String? in
            let demand = gate.demands.first { $0.rules.contains(rule.id) }
            return demand.map { "- `--gate \(gate.rawValue)`: \($0.clause)\n" }
        }
        if !gates.isEmpty { text += "\nAn error for\n\n" + gates.joined() }
        text += """

            To accept a finding, say why in `.deroot.yaml`:

            ```yaml
            version: 1
            ignore:
              - rule: \(rule.id)
                reason: …
                until: 2027-12-31
            ```

            [All rules](README.md)

            """
        return Page(name: "\(rule.id).md", text: text)
    }

    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }

    private static func wrapped(_ text: String) -> String {
        text.split(separator: "\n").map { paragraph in
            TextStyle().wrapped(String(paragraph), to: 100).map { $0 + "\n" }.joined()
        }.joined(separator: "\n")
    }
}
