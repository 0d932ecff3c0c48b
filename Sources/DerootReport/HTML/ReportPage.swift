package import DerootBytes
package import DerootOCI

/// What a page shows, read from a report's JSON: of `check`, or of `convert --report`.
package struct ReportPage: Sendable {
    /// One report.
    var title = ""
    /// The version of deroot that made the report.
    var tool = ""
    /// The command that was given, or would be.
    var command = ""
    /// Whether the check passed; nil for conversions.
    var passed: Bool?
    /// What was asked of a check: gates, threshold.
    var terms: [String] = []
    var images: [Image] = []
    /// References that could not be read, and why.
    var failures: [(reference: String, message: String)] = []
    /// Accepted findings whose time is over.
    var expired: [String] = []

    enum Tone: String { case good, warn, bad, info, faint }

    struct Image {
        var reference = ""
        var platform = ""
        var badge = (word: "", detail: "", tone: Tone.good)
        /// How many findings of each kind, for the overview.
        var counts: [(word: String, count: Int, tone: Tone)] = []
        var cards: [Card] = []
        var before: [Bar] = []
        var after: [Bar] = []
        var findings: [Finding] = []
        var accepted: [Finding] = []
        /// False for conversions, whose reports hold none.
        var hasFindings = true
        var changes: [Change] = []
        /// Paths that were left out of `changes`.
        var omittedChanges = 0
        var notes: [String] = []
        var hints: [(name: String, text: String)] = []
        var provenance: [(label: String, value: String)] = []
    }

    struct Card {
        let label: String
        let before: String
        /// nil: nothing changes.
        let after: String?
        var note = ""
    }

    struct Bar {
        enum State: String { case same, rewritten, added }

        let digest: String
        let size: UInt64
        var command = ""
        let state: State
    }

    struct Finding {
        let rule: String
        let name: String
        let severity: String
        let tone: Tone
        let message: String
        var gates: [String] = []
        var evidence: [(place: String, before: String?, after: String?, layer: String?)] = []
        var omitted = 0
        var fix: (label: String, text: String)?
        var help = ""
        var accepted: String?
    }

    struct Change {
        let path: String
        let letter: String
        let mode: (before: String, after: String)
        let owner: (before: String, after: String)
        /// `layer 3` or `added`.
        let layer: String
        let why: String
    }

    /// Most rows of changed paths that a page shows; browsers get slow with more.
    static let changeLimit = 4000

    /// Reads a report.
    ///
    /// - Throws: `.limit` for one that is too large, else as for JSON.
    package init(_ file: ReportFile) throws(DerootError) {
        let bytes = try file.whole()
        let json: JSON
        do throws(DerootError) {
            json = try JSON.parse(bytes)
        } catch {
            var error = error.located(in: .init(file: file.path))
            error.advice = Self.advice
            throw error
        }
        try self.init(json, file: file.path)
    }

    private static let advice = "give what check --format json or convert --report wrote"

    /// Reads a report; `file` is what messages call it.
    ///
    /// - Throws: `.malformed` for what is no report of deroot, `.unsupported` for one of another version.
    package init(_ json: JSON, file: String) throws(DerootError) {
        let root = ReportNode(json, file: file)
        let kind = json.object?["deroot"]?.string
        guard let kind, ["check", "report"].contains(kind) else {
            throw DerootError(
                .malformed, "this is no report of deroot", at: .init(file: file),
                advice: Self.advice)
        }
        guard try root.count("version") == 1 else {
            throw DerootError(
                .unsupported, "a report of another version than 1", at: .init(file: file))
        }
        tool = try root.text("tool")
        if kind == "check" {
            try readCheck(root)
        } else {
            try readConversion(root)
        }
    }

    /// A page about an image that could not be converted.
    package init(failure reference: String, message: String, tool: String) {
        title = "Conversion report"
        self.tool = tool
        failures = [(reference, message)]
    }
}
