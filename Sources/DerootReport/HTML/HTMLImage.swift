/// One image of a page.
struct HTMLImage {
    private let image: ReportPage.Image
    private let number: Int

    init(_ image: ReportPage.Image, _ number: Int) {
        self.image = image
        self.number = number
    }

    var text: String {
        var out = "<article class=\"image\" id=\"image-\(number)\">\n<header>"
        out += "<h2>\(Escape.html(ReportPage.shortName(image.reference))) "
        out += "<span class=\"platform\">\(Escape.html(Escape.cut(image.platform, 80)))</span></h2>"
        out += Self.badge(image)
        out += "<p class=\"sub\">"
        out += "<code>\(Escape.html(Escape.cut(image.reference, 300)))</code>"
        if !image.badge.detail.isEmpty {
            out += " · \(Escape.html(Escape.cut(image.badge.detail, 600)))"
        }
        out += "</p>\(Self.counts(image))</header>\n"
        out += cards + HTMLLayers(image, number).text + findings
        out += HTMLTree(image).text + notes + hints + provenance
        return out + "</article>\n"
    }

    /// The verdict: a sign and a word, in a colour.
    static func badge(_ image: ReportPage.Image) -> String {
        let mark =
            switch image.badge.tone {
            case .good: "✔"
            case .warn: "▲"
            case .bad: "✘"
            case .info, .faint: "–"
            }
        return "<span class=\"badge \(image.badge.tone.rawValue)\">"
            + "<span aria-hidden=\"true\">\(mark)</span>"
            + "\(Escape.html(Escape.cut(image.badge.word, 40)))</span>"
    }

    static func counts(_ image: ReportPage.Image) -> String {
        guard !image.counts.isEmpty else { return "" }
        let parts = image.counts.map { count in
            "<span class=\"\(count.tone.rawValue)\">\(count.count) \(count.word)</span>"
        }
        return "<span class=\"counts\">\(parts.joined())</span>"
    }

    private var cards: String {
        var out = "<h3>Before and after</h3>\n<ul class=\"cards\">\n"
        for card in image.cards {
            out += "<li class=\"card\"><span class=\"label\">\(Escape.html(card.label))</span>"
            out += "<span class=\"value\">"
            let before = Escape.html(Escape.cut(card.before, 160))
            if let after = card.after {
                out += "<span class=\"was\">\(before)</span> "
                out += "<span class=\"arrow\" aria-label=\"becomes\">→</span> "
                out += "<span class=\"now\">\(Escape.html(Escape.cut(after, 160)))</span>"
            } else {
                out += before
            }
            out += "</span>"
            if !card.note.isEmpty {
                out += "<span class=\"note\">\(Escape.html(Escape.cut(card.note, 160)))</span>"
            }
            out += "</li>\n"
        }
        return out + "</ul>\n"
    }

    private var findings: String {
        guard image.hasFindings else { return "" }
        var out = "<h3>Findings</h3>\n"
        if image.findings.isEmpty {
            out += "<p>Nothing was found.</p>\n"
        } else {
            out += "<ul class=\"findings\">\n"
            for finding in image.findings { out += self.finding(finding) }
            out += "</ul>\n"
        }
        guard !image.accepted.isEmpty else { return out }
        out += "<details class=\"fold\"><summary>"
        out += "\(ReportPage.counted(image.accepted.count, "accepted finding"))</summary>\n"
        out += "<ul class=\"findings\">\n"
        for finding in image.accepted { out += self.finding(finding) }
        return out + "</ul></details>\n"
    }

    /// How many places are shown before the rest is folded away.
    private static let places = 8

    private func finding(_ finding: ReportPage.Finding) -> String {
        let tone = finding.accepted == nil ? finding.tone : .faint
        let mark =
            switch tone {
            case .bad: "✘"
            case .warn: "▲"
            case .good, .info, .faint: "●"
            }
        var out = "<li class=\"finding \(tone.rawValue)\"><div class=\"head\">"
        out += "<span class=\"sev \(tone.rawValue)\"><span aria-hidden=\"true\">\(mark)</span> "
        out += "\(Escape.html(finding.accepted == nil ? finding.severity : "accepted"))</span>"
        out += "<h4>\(Escape.html(Escape.cut(finding.message, 600)))</h4>"
        out += "<span class=\"rule mono\">\(Escape.html(Escape.cut(finding.rule, 20))) "
        out += "\(Escape.html(Escape.cut(finding.name, 60)))</span></div>\n"
        if let reason = finding.accepted {
            out += "<p class=\"small\">Accepted: \(Escape.html(Escape.cut(reason, 600)))</p>\n"
        }
        if !finding.gates.isEmpty {
            let names = finding.gates.map { Escape.html(Escape.cut($0, 120)) }
            out += "<p class=\"small soft\">breaks \(names.joined(separator: "; "))</p>\n"
        }
        out += places(finding)
        if let fix = finding.fix {
            out += "<p class=\"fix\"><b>\(Escape.html(fix.label))</b>"
            out += "<span>\(Escape.html(Escape.cut(fix.text, 600)))</span></p>\n"
        }
        if !finding.help.isEmpty {
            out += "<details><summary>Why it matters</summary>"
            out += "<p>\(Escape.html(Escape.cut(finding.help, 2000)))</p></details>\n"
        }
        return out + "</li>\n"
    }

    private func places(_ finding: ReportPage.Finding) -> String {
        guard !finding.evidence.isEmpty else { return "" }
        let rows = finding.evidence.map { place in
            var row =
                "<li><code class=\"where\">\(Escape.html(Escape.cut(place.place, 240)))</code>"
            var what = place.before.map { Escape.html(Escape.cut($0, 160)) } ?? ""
            if let after = place.after { what += " → \(Escape.html(Escape.cut(after, 160)))" }
            if let layer = place.layer {
                what += (what.isEmpty ? "" : " · ") + Escape.html(Escape.cut(layer, 40))
            }
            if !what.isEmpty { row += "<span class=\"what mono\">\(what)</span>" }
            return row + "</li>"
        }
        let more = finding.omitted > 0 ? "<li class=\"soft\">and \(finding.omitted) more</li>" : ""
        var out = "<ul class=\"places\">\(rows.prefix(Self.places).joined(separator: "\n"))"
        guard rows.count > Self.places else { return out + more + "</ul>\n" }
        out += "</ul>\n<details><summary>\(rows.count - Self.places) more places</summary>"
        out += "<ul class=\"places\">\(rows.dropFirst(Self.places).joined(separator: "\n"))"
        return out + more + "</ul></details>\n"
    }

    private var notes: String {
        guard !image.notes.isEmpty else { return "" }
        let items = image.notes.prefix(200).map { "<li>\(Escape.html(Escape.cut($0, 600)))</li>\n" }
        return "<h3>Notes</h3>\n<ul>\n\(items.joined())</ul>\n"
    }

    private var hints: String {
        guard !image.hints.isEmpty else { return "" }
        var out = "<h3>How to run it</h3>\n"
        for hint in image.hints {
            out += "<details class=\"fold\"><summary>\(Escape.html(hint.name))</summary>"
            out += "<pre><code>\(Escape.lines(hint.text))</code></pre></details>\n"
        }
        return out
    }

    private var provenance: String {
        var out = "<h3>Provenance</h3>\n<dl>\n"
        for row in image.provenance {
            out += "<dt>\(Escape.html(Escape.cut(row.label, 60)))</dt>"
            out += "<dd><code>\(Escape.html(Escape.cut(row.value, 1000)))</code></dd>\n"
        }
        return out + "</dl>\n"
    }
}
