import DerootBytes
package import DerootCore
import DerootTar

/// A check in lines for people: a verdict for each image, then what was found, the worst first.
package struct CheckText: Sendable {
    private let style: TextStyle
    /// Shows every place, not only the first few.
    private let isDetailed: Bool
    private let showsTree: Bool
    private let showsHints: Bool

    /// How many places a finding shows.
    private static let places = 4

    package init(
        _ style: TextStyle, isDetailed: Bool = false, showsTree: Bool = false,
        showsHints: Bool = false
    ) {
        self.style = style
        self.isDetailed = isDetailed
        self.showsTree = showsTree
        self.showsHints = showsHints
    }

    /// One line for each image: what it is called and its verdict.
    package func verdictLines(_ report: GradedReport) -> [String] {
        report.images.map { image in
            let verdict = verdict(image, isConverted: false, wraps: false)
                .joined(separator: " ")
            return "\(printable(report.source.utf8))  \(printable(image.check.platform.utf8))  "
                + verdict
        }
    }

    /// The lines of one reference; an empty one ends each image.
    package func lines(_ report: GradedReport, isConverted: Bool) -> [String] {
        var lines: [String] = []
        for image in report.images {
            lines += self.lines(image, of: report, isConverted: isConverted)
            lines.append("")
        }
        return lines
    }

    private func lines(
        _ image: GradedImage, of report: GradedReport, isConverted: Bool
    ) -> [String] {
        let check = image.check
        let name = style.shortened(printable(report.source.utf8), to: (style.width ?? 4096) - 34)
        let short = "\(check.digest.algorithm.rawValue):\(check.digest.short)"
        var lines = [
            style.paint(name, .strong) + "  \(printable(check.platform.utf8))  "
                + style.paint(short, .faint)
        ]
        lines += verdict(image, isConverted: isConverted)
        for severity in Rule.Severity.allCases.reversed() {
            let group = image.findings.filter { $0.counts && $0.severity == severity }
            guard !group.isEmpty else { continue }
            let (word, tone) = Self.heading(severity)
            lines.append("")
            lines.append(style.paint(word, tone))
            for finding in group { lines += self.lines(finding, check.details) }
        }
        let ignored = image.findings.filter { !$0.counts }
        if !ignored.isEmpty {
            lines += ["", style.paint("accepted", .faint)]
            for finding in ignored { lines += accepted(finding) }
        }
        if showsTree { lines += CheckTree(style).lines(image) }
        if showsHints { lines += hints(image, report) }
        return lines
    }

    private static func heading(_ severity: Rule.Severity) -> (String, TextStyle.Tone) {
        switch severity {
        case .block: ("blocking", .bad)
        case .error: ("errors", .bad)
        case .warn: ("warnings", .warning)
        case .info: ("notes", .note)
        }
    }

    /// The verdict, who the image runs as, and the counts.
    private func verdict(
        _ image: GradedImage, isConverted: Bool, wraps: Bool = true
    ) -> [String] {
        let check = image.check
        var words = [VerdictText.mark(check.verdict, style) + check.verdict.word]
        var reason: String?
        switch check.verdict {
        case .readyOn(let platforms): words[0] += " " + platforms.joined(separator: ",")
        // The refusal says where, and what to do.
        case .refused(let text): reason = check.refusal.map(\.description) ?? printable(text.utf8)
        case .skipped(let text): reason = printable(text.utf8)
        case .ready, .needsRecipe, .already: break
        }
        var width = TextWidth.columns(of: words[0])
        words[0] = style.paint(words[0], VerdictText.tone(check.verdict))
        let before = VerdictText.user(check.user)
        if let after = check.plan?.userAfter {
            words.append(check.user == after ? "user \(after)" : "user \(before) → \(after)")
        } else {
            words.append("user \(before)")
        }
        words.append(VerdictText.counts(image))
        if isConverted { words.append("as converted") }
        var lines = [words[0]]
        for word in words.dropFirst() {
            width += 2 + TextWidth.columns(of: word)
            if wraps, width > style.width ?? 4096 {
                width = 2 + TextWidth.columns(of: word)
                lines.append("  " + word)
            } else {
                lines[lines.count - 1] += "  " + word
            }
        }
        if let reason {
            lines += style.wrapped(reason, to: style.width.map { $0 - 2 }).map { "  " + $0 }
        }
        return lines
    }

    /// Where texts begin, after the rule's id and name.
    private static let column = 26

    private func lines(_ graded: GradedFinding, _ details: ImageDetails?) -> [String] {
        let finding = graded.finding
        var message = printable(finding.message.utf8)
        if let confidence = finding.confidence { message += " (\(confidence.rawValue))" }
        if graded.acceptedPlaces > 0 { message += " (\(graded.acceptedPlaces) accepted)" }
        for breach in graded.breaches {
            message += " [\(breach.gate.rawValue): \(breach.clause)]"
        }
        let label = "  \(finding.rule.id) \(finding.rule.name)"
        let isLong = label.utf8.count > Self.column - 2
        var lines = block(isLong ? "" : label, message)
        if isLong { lines.insert(label, at: 0) }
        let shown = isDetailed ? finding.evidence.count : Self.places
        lines += places(finding.evidence.prefix(shown), details)
        let rest = finding.evidence.count - min(shown, finding.evidence.count) + finding.omitted
        if rest > 0 { lines += block("", "\(style.ellipsis) and \(rest) more") }
        let (lead, text) =
            switch finding.fix {
            case .automatic(let text): ("convert:", text)
            case .option(let text): ("option:", text)
            case .recipe(let text): ("recipe:", text)
            case .none(let text): ("to do:", text)
            }
        if !text.isEmpty { lines += block("", "\(lead) \(printable(text.utf8))", .faint) }
        return lines
    }

    /// Places in a column, what stands there beside them.
    private func places(
        _ evidence: ArraySlice<Finding.Evidence>, _ details: ImageDetails?
    ) -> [String] {
        let room = style.width.map { max($0 - Self.column, 24) } ?? .max
        let rows = evidence.map { evidence in
            let name = place(evidence)
            guard room < .max else { return (name, beside(evidence, details)) }
            let columns = TextWidth.columns(of: name)
            let rest = style.shortened(
                beside(evidence, details), to: max(room / 2, room - columns - 2))
            return (style.shortened(name, to: room - TextWidth.columns(of: rest) - 2), rest)
        }
        let widest = min(rows.map { TextWidth.columns(of: $0.0) }.max() ?? 0, 40)
        return rows.map { head, rest in
            let lead = String(repeating: " ", count: Self.column) + head
            guard !rest.isEmpty else { return lead }
            let column = min(widest, room - TextWidth.columns(of: rest) - 2)
            let pad = max(0, column - TextWidth.columns(of: head)) + 2
            return lead + String(repeating: " ", count: pad) + rest
        }
    }

    /// What stands beside a place: before, after, and the layer's number.
    private func beside(_ evidence: Finding.Evidence, _ details: ImageDetails?) -> String {
        var text = evidence.before.map { printable($0.utf8) } ?? ""
        if let after = evidence.after {
            text += (text.isEmpty ? "" : " ") + "→ " + printable(after.utf8)
        }
        guard let layer = evidence.layer else { return text }
        let number = details?.layers.firstIndex { $0.digest == layer }
        text += text.isEmpty ? "" : "  "
        return text + "layer \(number.map { "\($0 + 1)" } ?? layer.short)"
    }

    private func place(_ evidence: Finding.Evidence) -> String {
        let name =
            switch evidence.place {
            case .file(let path): path.description
            case .config(let key): printable(key.utf8)
            }
        return evidence.line.map { "\(name):\($0)" } ?? name
    }

    private func accepted(_ graded: GradedFinding) -> [String] {
        guard let entry = graded.ignored else { return [] }
        let until = entry.until.map { ", until \($0)" } ?? ""
        return block(
            "  \(graded.finding.rule.id) \(graded.finding.rule.name)",
            "\(printable(entry.reason.utf8))\(until)", .faint)
    }

    /// A label and a text beside it, wrapped below itself.
    private func block(_ label: String, _ text: String, _ tone: TextStyle.Tone? = nil) -> [String] {
        let room = style.width.map { max($0 - Self.column, 24) }
        let pad = max(1, Self.column - label.utf8.count)
        return style.wrapped(text, to: room).enumerated().map { index, line in
            let lead =
                index == 0
                ? label + String(repeating: " ", count: pad)
                : String(repeating: " ", count: Self.column)
            return lead + (tone.map { style.paint(line, $0) } ?? line)
        }
    }

    private func hints(_ image: GradedImage, _ report: GradedReport) -> [String] {
        guard let hints = RunHints(image, source: report.source) else { return [] }
        var lines = ["", style.paint("docker", .note)]
        lines += hints.docker.split(separator: "\n").map(String.init)
        lines += ["", style.paint("kubernetes", .note)]
        lines += hints.kubernetes.split(separator: "\n").map(String.init)
        return lines
    }
}

/// A verdict in words and signs.
enum VerdictText {
    static func mark(_ verdict: Verdict, _ style: TextStyle) -> String {
        guard style.usesUnicode else { return "" }
        switch verdict {
        case .ready, .readyOn, .already: return "✔ "
        case .needsRecipe: return "▲ "
        case .refused: return "✘ "
        case .skipped: return "– "
        }
    }

    static func tone(_ verdict: Verdict) -> TextStyle.Tone {
        switch verdict {
        case .ready, .readyOn, .already: .good
        case .needsRecipe: .warning
        case .refused: .bad
        case .skipped: .faint
        }
    }

    /// The config's User, with a word where it is empty.
    static func user(_ user: String?) -> String {
        guard let user, !user.isEmpty else { return "root (none set)" }
        return printable(user.utf8)
    }

    /// `1 blocking, 3 errors, 2 warnings`.
    static func counts(_ image: GradedImage) -> String {
        var parts: [String] = []
        for (count, one, many) in [
            (image.count(.block), "blocking", "blocking"),
            (image.count(.error), "error", "errors"),
            (image.count(.warn), "warning", "warnings"), (image.count(.info), "note", "notes"),
            (image.ignoredCount, "accepted", "accepted"),
        ] where count > 0 {
            parts.append("\(count) \(count == 1 ? one : many)")
        }
        return parts.isEmpty ? "nothing found" : parts.joined(separator: ", ")
    }
}
