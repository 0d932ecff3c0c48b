/// One thing that can be found in an image: its stable name and what there is to say about it.
package struct Rule: Sendable, Hashable {
    /// How bad a finding of the rule is.
    package enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
        /// Worth knowing.
        case info
        /// Fails probably when it runs, or fails a lenient gate.
        case warn
        /// Fails a mandatory gate.
        case error
        /// The converted image would not start; conversion stops.
        case block

        package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

        private var rank: Int {
            switch self {
            case .info: 0
            case .warn: 1
            case .error: 2
            case .block: 3
            }
        }
    }

    /// `NR` and three digits; never used for anything else, ever.
    package let id: String
    /// The rule in a few words, joined by hyphens, such as `root-user`.
    package let name: String
    /// Unless a gate or the finding says otherwise.
    package let severity: Severity
    /// One line without a final full stop.
    package let title: String
    /// Why it matters and what to do, some plain sentences.
    package let help: String
    /// The numbers of the failure classes that the rule speaks of.
    package let classes: [Int]

    /// A rule; its id must be `NR` and three digits.
    package init(
        _ id: String, _ name: String, _ severity: Severity, _ title: String, help: String,
        classes: [Int] = []
    ) {
        self.id = id
        self.name = name
        self.severity = severity
        self.title = title
        self.help = help
        self.classes = classes
    }
}
