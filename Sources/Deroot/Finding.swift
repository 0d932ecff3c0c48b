import DerootCore
import DerootTar

/// How bad a finding is.
public enum Severity: Int, Sendable, Hashable, Comparable {
    /// Worth knowing.
    case info
    /// Fails probably when it runs, or fails a lenient gate.
    case warning
    /// Fails a mandatory gate.
    case error
    /// The converted image would not start; conversion stops.
    case block

    /// Compares how bad they are.
    public static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }

    init(_ severity: Rule.Severity) {
        switch severity {
        case .info: self = .info
        case .warn: self = .warning
        case .error: self = .error
        case .block: self = .block
        }
    }

    var core: Rule.Severity {
        switch self {
        case .info: .info
        case .warning: .warn
        case .error: .error
        case .block: .block
        }
    }
}

/// One thing found in one image, with what proves it.
public struct Finding: Sendable, Hashable {
    /// What becomes of it.
    public enum Remedy: Sendable, Hashable {
        /// A conversion does it by itself; the text says what.
        case automatic(String)
        /// An option does it; the text names it as the command line spells it.
        case option(String)
        /// A recipe has to do it; the text says what.
        case recipe(String)
        /// Nothing in the image helps; the text says what does, and may be empty.
        case none(String)
    }

    /// A place in the image and what stands there.
    public struct Place: Sendable, Hashable {
        /// Where it is.
        public enum Location: Sendable, Hashable {
            /// A file, by its path from the root; bytes that are no text are escaped.
            case file(String)
            /// A key of the config, such as `config.User`.
            case config(String)
        }

        /// Where it is.
        public let location: Location
        /// The layer that holds the file.
        public let layer: Digest?
        /// The line in the file, from 1.
        public let line: Int?
        /// What stands there, made printable.
        public let before: String?
        /// What will stand there, or should.
        public let after: String?
    }

    /// A demand of a standard that the finding breaks.
    public struct Breach: Sendable, Hashable {
        /// The standard.
        public let gate: Gate
        /// Its own name for the demand.
        public let clause: String
    }

    /// The rule's stable id: `NR` and three digits, or a custom rule's own.
    public let rule: String
    /// What the rule says, in one line.
    public let title: String
    /// The rule's, or what the case or a gate makes of it.
    public let severity: Severity
    /// One sentence without a final full stop.
    public let message: String
    /// The first is the most telling one.
    public let places: [Place]
    /// How many further places there are.
    public let omittedPlaces: Int
    /// What becomes of it.
    public let remedy: Remedy
    /// What it breaks of the gates that were asked for.
    public let breaches: [Breach]

    init(_ graded: GradedFinding) {
        let finding = graded.finding
        rule = finding.rule.id
        title = finding.rule.title
        severity = Severity(graded.severity)
        message = finding.message
        places = finding.evidence.map { Place($0) }
        omittedPlaces = finding.omitted
        remedy =
            switch finding.fix {
            case .automatic(let text): .automatic(text)
            case .option(let text): .option(text)
            case .recipe(let text): .recipe(text)
            case .none(let text): .none(text)
            }
        breaches = graded.breaches.compactMap { breach in
            Gate(rawValue: breach.gate.rawValue).map { Breach(gate: $0, clause: breach.clause) }
        }
    }
}

extension Finding.Place {
    fileprivate init(_ evidence: DerootCore.Finding.Evidence) {
        location =
            switch evidence.place {
            case .file(let path): .file(path.description)
            case .config(let key): .config(key)
            }
        layer = evidence.layer
        line = evidence.line
        before = evidence.before
        after = evidence.after
    }
}
