package import DerootBytes
import DerootOCI
import DerootTar

/// The findings that somebody has looked at and accepted: `.deroot.yaml`.
///
/// Each entry says why, and may say until when; what is not understood is an error, since a slip in
/// such a file would hide findings or let a build fail for no reason that anybody sees.
package struct IgnoreFile: Sendable, Hashable {
    /// One accepted finding.
    package struct Entry: Sendable, Hashable {
        /// The rule's id.
        package let rule: String
        /// The places it speaks of; nil: wherever it is found.
        package let path: PathPattern?
        /// Why it is accepted.
        package let reason: String
        /// The last day on which it holds, as `2027-01-31`; nil: for good.
        package let until: String?
        /// The line in the file, from 1.
        package let line: Int

        package init(
            rule: String, path: PathPattern? = nil, reason: String, until: String? = nil,
            line: Int = 1
        ) {
            self.rule = rule
            self.path = path
            self.reason = reason
            self.until = until
            self.line = line
        }

        /// True where its last day is over at `now`, which is in seconds since 1970.
        package func isExpired(at now: Int64) -> Bool {
            guard let until, let day = Timestamp(parsing: "\(until)T00:00:00Z") else {
                return false
            }
            return now >= day.seconds + 86400
        }

        /// For people: `NR050 /usr/bin/sudo`.
        package var name: String { path.map { "\(rule) \(printable($0.text.utf8))" } ?? rule }
    }

    /// In the file's order.
    package let entries: [Entry]

    package init(entries: [Entry] = []) { self.entries = entries }

    /// Reads a file's bytes; `rules` are the ids that exist.
    ///
    /// - Throws: `.malformed` with the line, `.limit`.
    package init(
        parsing bytes: [UInt8], file: String, rules: Set<String>
    ) throws(DerootError) {
        let root = try StrictYAML.parse(bytes, file: file).mapping(keys: ["version", "ignore"])
        _ = try root.required("version").integer(in: 1...1)
        var entries: [Entry] = []
        for value in try root.list("ignore") ?? [] {
            entries.append(try Self.entry(value, rules))
        }
        self.entries = entries
    }

    private static func entry(
        _ value: YAMLValue, _ rules: Set<String>
    ) throws(DerootError) -> Entry {
        let mapping = try value.mapping(keys: ["rule", "path", "reason", "until"])
        let rule = try mapping.required("rule").text()
        guard rules.contains(rule) else {
            throw value.error(
                "there is no rule '\(printable(rule.utf8.prefix(40)))'",
                advice: "ids are written as NR050")
        }
        let reason = try mapping.required("reason").text()
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw value.error("the reason is empty")
        }
        let until = try mapping.text("until")
        if let until, until.utf8.count != 10 || Timestamp(parsing: "\(until)T00:00:00Z") == nil {
            throw value.error("'\(printable(until.utf8.prefix(40)))' is no day such as 2027-01-31")
        }
        var path: PathPattern?
        if let text = try mapping.text("path") {
            do throws(DerootError) {
                path = try PathPattern(text)
            } catch { throw value.error(error.message) }
        }
        return Entry(rule: rule, path: path, reason: reason, until: until, line: value.line)
    }
}
