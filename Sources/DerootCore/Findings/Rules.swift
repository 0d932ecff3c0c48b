/// A rule together with its check; one file each.
package protocol ImageRule: SendableMetatype {
    /// What there is to say about the rule.
    static var rule: Rule { get }
    /// What the rule finds in an image.
    static func findings(in image: CheckedImage) -> [Finding]
}

/// The catalogue.
package enum Rules {
    /// Every rule with a check, by id.
    package static let checks: [any ImageRule.Type] = [
        RootUser.self, NamedUser.self, SetuidFile.self, SetgidFile.self, FileCapabilities.self,
    ]

    /// What there is to say about every rule, by id.
    package static let all: [Rule] = checks.map { $0.rule }

    /// Everything that is found in an image: the worst first, then by id, then by place.
    package static func findings(in image: CheckedImage) -> [Finding] {
        checks.flatMap { $0.findings(in: image) }.sorted { a, b in
            a.severity != b.severity ? a.severity > b.severity : a.rule.id < b.rule.id
        }
    }
}
