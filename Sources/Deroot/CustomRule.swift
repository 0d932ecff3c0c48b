import DerootCore
import DerootTar

/// A rule of your own: it counts like those of the catalogue, in checks and in conversions.
public struct CustomRule: Sendable {
    /// What a rule finds.
    public struct Violation: Sendable, Hashable {
        /// One sentence without a final full stop.
        public let message: String
        /// The files that prove it, by their paths from the root.
        public let paths: [String]
        /// What helps; may be empty.
        public let advice: String

        /// Makes one.
        public init(_ message: String, at paths: [String] = [], advice: String = "") {
            self.message = message
            self.paths = paths
            self.advice = advice
        }
    }

    /// Your own id, such as `ACME-7`.
    public let id: String
    /// How bad its findings are; `block` stops conversions whose result would have one.
    public let severity: Severity
    /// What it says, in one line without a final full stop.
    public let title: String
    /// Looks at an image; called for the image as it is, and as it would become.
    public let violations: @Sendable (InspectedImage) -> [Violation]

    /// Makes a rule.
    ///
    /// - Throws: `.usage` for an id that is empty, has other characters than letters, digits and
    ///   hyphens, or looks like one of the catalogue's.
    public init(
        _ id: String, severity: Severity, title: String,
        violations: @escaping @Sendable (InspectedImage) -> [Violation]
    ) throws(DerootError) {
        let isPlain = id.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
        }
        let isTaken =
            id.hasPrefix("NR") && id.utf8.dropFirst(2).allSatisfy { (0x30...0x39).contains($0) }
        guard !id.isEmpty, isPlain, !isTaken else {
            throw DerootError(
                .usage, "'\(printable(id.utf8.prefix(40)))' is no id for a rule of one's own",
                advice: "take letters, digits and hyphens; NR and digits are the catalogue's")
        }
        self.id = id
        self.severity = severity
        self.title = title
        self.violations = violations
    }

    /// The rule as the rooms below take it.
    var core: ExtraRule {
        let rule = Rule(id, id.lowercased(), severity.core, title, help: "")
        let violations = violations
        return ExtraRule { image in
            violations(InspectedImage(image)).map { violation in
                DerootCore.Finding(rule, violation.message, fix: .none(violation.advice))
                    .with(violation.paths.map { image.evidence(at: TarPath($0)) })
            }
        }
    }
}
