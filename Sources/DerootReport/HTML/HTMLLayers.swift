/// The layers as two bars of proportional parts, source above result, joined by ribbons.
struct HTMLLayers {
    private let image: ReportPage.Image
    private let number: Int

    init(_ image: ReportPage.Image, _ number: Int) {
        self.image = image
        self.number = number
    }

    private struct Part {
        let x: Double
        let width: Double
        let bar: ReportPage.Bar
    }

    /// The drawing's width in its own units; the browser stretches it.
    private static let width = 1000.0
    /// The least width that is still seen.
    private static let least = 6.0

    var text: String {
        guard !image.before.isEmpty else { return "" }
        let rewritten = image.after.count { $0.state == .rewritten }
        let same = image.after.count { $0.state == .same }
        let added = image.after.count { $0.state == .added }
        let summary =
            "\(ReportPage.counted(image.before.count, "layer")): "
            + [(same, "the same"), (rewritten, "rewritten"), (added, "added")]
            .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        var out = "<h3>Layers</h3>\n<figure>\n<span class=\"barname\">source</span>\n"
        out += drawing(summary)
        out += "<span class=\"barname\">result</span>\n"
        out += "<figcaption class=\"small soft\">\(summary); widths by bytes.</figcaption>\n"
        out += "</figure>\n"
        return out + legend
    }

    private func drawing(_ summary: String) -> String {
        // Both bars share one scale.
        let total = { (bars: [ReportPage.Bar]) in bars.reduce(0.0) { $0 + Double($1.size) } }
        let scale = max(total(image.before), total(image.after), 1)
        let before = parts(image.before, scale)
        let after = parts(image.after, scale)
        var out = "<svg class=\"bars\" viewBox=\"0 0 1000 136\" preserveAspectRatio=\"none\" "
        out += "role=\"img\" aria-label=\"\(Escape.html(summary))\">\n"
        out += "<defs><pattern id=\"hatch-\(number)\" width=\"10\" height=\"10\" "
        out += "patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
        out += "<line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"10\"/></pattern></defs>\n"
        for (top, bottom) in zip(before, after) { out += ribbon(top, bottom) }
        for part in before { out += box(part, y: 0, isResult: false) }
        for part in after { out += box(part, y: 96, isResult: true) }
        return out + "</svg>\n"
    }

    /// Parts side by side; small ones are made wide enough to be seen, the others give way.
    private func parts(_ bars: [ReportPage.Bar], _ scale: Double) -> [Part] {
        let gap = bars.count > 60 ? 0.5 : 3.0
        let room = Self.width - gap * Double(bars.count - 1)
        let least = min(Self.least, room / Double(bars.count))
        var widths = bars.map { max(least, Double($0.size) / scale * room) }
        let sum = widths.reduce(0, +)
        if sum > room {
            let spare = widths.reduce(0) { $0 + max(0, $1 - least) }
            let share = spare > 0 ? (sum - room) / spare : 0
            widths = widths.map { $0 - max(0, $0 - least) * share }
        }
        var x = 0.0
        return zip(bars, widths).map { bar, width in
            defer { x += width + gap }
            return Part(x: x, width: width, bar: bar)
        }
    }

    private func ribbon(_ top: Part, _ bottom: Part) -> String {
        let kind = top.bar.state == .same && bottom.bar.state == .same ? "ribbon" : "ribbon re"
        let (a, b) = (number(top.x), number(top.x + top.width))
        let (c, d) = (number(bottom.x + bottom.width), number(bottom.x))
        return "<path class=\"\(kind)\" d=\"M\(a) 40H\(b)C\(b) 68 \(c) 68 \(c) 96"
            + "H\(d)C\(d) 68 \(a) 68 \(a) 40Z\"/>\n"
    }

    private func box(_ part: Part, y: Int, isResult: Bool) -> String {
        let state = isResult ? part.bar.state : .same
        let place =
            "x=\"\(number(part.x))\" y=\"\(y)\" width=\"\(number(part.width))\" height=\"40\""
        let title =
            "\(ByteCount.text(part.bar.size)) \(ReportPage.short(part.bar.digest)) "
            + Escape.cut(part.bar.command, 120)
        var out = "<rect class=\"\(state.rawValue)\" \(place) rx=\"2\">"
        out += "<title>\(Escape.html(title))</title></rect>"
        if state != .same { out += "<rect \(place) fill=\"url(#hatch-\(self.number))\"/>" }
        return out + "\n"
    }

    /// Two decimals, without a locale.
    private func number(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    private var legend: String {
        var out = "<ol class=\"legend\">\n"
        for bar in image.after.prefix(200) {
            let word =
                switch bar.state {
                case .same: "the same"
                case .rewritten: "rewritten"
                case .added: "added"
                }
            out += "<li><span class=\"swatch \(bar.state.rawValue)\" aria-hidden=\"true\"></span>"
            out += "<span>\(word)</span>"
            out += "<span class=\"size\">\(bar.size > 0 ? ByteCount.text(bar.size) : "")</span>"
            let text = bar.command.isEmpty ? ReportPage.short(bar.digest) : bar.command
            out += "<code class=\"command\">\(Escape.html(Escape.cut(text, 160)))</code></li>\n"
        }
        return out + "</ol>\n"
    }
}
