package import DerootBytes
package import DerootTar

/// One thing found in one image, with what proves it.
package struct Finding: Sendable, Hashable {
    /// How sure a heuristic is; facts have none.
    package enum Confidence: String, Sendable, Hashable, CaseIterable {
        case seen, likely, guess
    }

    /// What becomes of it.
    package enum Fix: Sendable, Hashable {
        /// `convert` does it by itself; the text says what.
        case automatic(String)
        /// An option of `convert` does it; the text names it.
        case option(String)
        /// A recipe has to do it; the text says what.
        case recipe(String)
        /// Nothing in the image helps; the text says what does, and may be empty.
        case none(String)
    }

    /// A place in the image and what stands there.
    package struct Evidence: Sendable, Hashable {
        /// Where it is: a file of the merged view, or a key of the config.
        package enum Place: Sendable, Hashable {
            case file(TarPath)
            /// A key as the config spells it, such as `config.User`.
            case config(String)
        }

        package let place: Place
        /// The layer that holds the file.
        package var layer: Digest?
        /// The entry's position in its layer, from 0.
        package var entry: Int?
        /// The line in the file, from 1.
        package var line: Int?
        /// What stands there; bytes of the image, made printable.
        package var before: String?
        /// What will stand there, or should.
        package var after: String?

        package init(_ place: Place, before: String? = nil, after: String? = nil) {
            self.place = place
            self.before = before
            self.after = after
        }
    }

    package let rule: Rule
    /// The rule's, or what the case or a gate makes of it.
    package var severity: Rule.Severity
    package var confidence: Confidence?
    /// One sentence without a final full stop, with printable names.
    package let message: String
    /// The first is the most telling one; never thousands, `omitted` counts the rest.
    package var evidence: [Evidence]
    /// How many further places were found and left out.
    package var omitted = 0
    package let fix: Fix

    package init(
        _ rule: Rule, severity: Rule.Severity? = nil, confidence: Confidence? = nil,
        _ message: String, evidence: [Evidence] = [], fix: Fix
    ) {
        self.rule = rule
        self.severity = severity ?? rule.severity
        self.confidence = confidence
        self.message = message
        self.evidence = evidence
        self.fix = fix
    }
}
