import DerootBytes

/// What mirror runs did, as one HTML file that needs nothing else.
package struct Dashboard {
    let history: MirrorHistory
    /// The absolute path of the folder that the page is in; links lead from there.
    let folder: String
    /// Where the pages of images are; nil: where the logs say.
    let reports: String?

    /// Prepares a page.
    package init(_ history: MirrorHistory, in folder: String, reports: String? = nil) {
        self.history = history
        self.folder = folder
        self.reports = reports
    }

    /// The page.
    package var text: String {
        let title = "\(Escape.html(Escape.cut(history.target, 80))) · Mirror · deroot"
        var body = masthead + "<main>\n"
        body += DashboardGrid(self).text + reasons + DashboardTimeline(self).text + moved
        body += DashboardTables(self).text + "</main>\n"
        let tools = history.tools.sorted().joined(separator: ", ")
        body += "<footer><p>Made by deroot \(Escape.html(Escape.cut(tools, 80))). "
        body += "Times are UTC.</p></footer>\n"
        return HTMLPage.document(
            title: title, style: HTMLStyle.sheet + DashboardStyle.sheet, body: body)
    }

    /// The tone of a standing, as the style sheet calls it.
    static func tone(_ standing: MirrorHistory.Standing) -> String {
        switch standing {
        case .converted, .done: "good"
        case .reused: "accent"
        case .unchanged: "info"
        case .refused: "bad"
        case .failed: "ink"
        case .transient: "warn"
        case .open: "faint"
        }
    }

    private var masthead: String {
        let images = history.images
        let missing = images.count { !$0.standing.isThere }
        let bad = missing + history.problems.count
        var out = "<header class=\"masthead\">\n<p class=\"kicker\">deroot · mirror</p>\n"
        out += "<h1>\(Escape.html(Escape.cut(history.target, 120)))</h1>\n<p class=\"lede\">"
        out += "<strong class=\"\(bad == 0 ? "good" : "bad")\">"
        if bad == 0 {
            out += "✔ All \(images.count) images are in the target"
        } else {
            out += "✘ \(missing) of \(images.count) images are not in the target"
        }
        out += "</strong>"
        if !history.problems.isEmpty {
            out += ", \(history.problems.count) sources could not be looked at"
        }
        if let end = history.runs.map(\.ended).max(), end > 0 {
            out += ". Last work: \(Self.time(end)) UTC"
        }
        out += ".</p>\n" + bar(images.count)
        return out + "</header>\n"
    }

    /// The stacked bar of how the images stand.
    private func bar(_ all: Int) -> String {
        guard all > 0 else { return "" }
        let parts = MirrorHistory.Standing.allCases.map { ($0, history.count($0)) }
            .filter { $0.1 > 0 }
        let words = parts.map { "\($0.1) \($0.0.word)" }.joined(separator: ", ")
        var out = "<div class=\"stack\" role=\"img\" aria-label=\"\(words)\">"
        for (standing, count) in parts {
            out += "<span class=\"part \(Self.tone(standing))\" style=\"flex-grow:\(count)\" "
            out += "title=\"\(count) \(standing.word)\">"
            // A letter fits from about a twentieth on.
            out += count * 20 >= all ? standing.letter : ""
            out += "</span>"
        }
        out += "</div>\n<ul class=\"keys\">\n"
        for (standing, count) in parts {
            out += "<li>\(Self.square(standing))<b>\(count)</b> \(standing.word)</li>\n"
        }
        return out + "</ul>\n"
    }

    /// A square with a letter, for keys.
    static func square(_ standing: MirrorHistory.Standing) -> String {
        "<span class=\"tile \(tone(standing))\" aria-hidden=\"true\">\(standing.letter)</span>"
    }

    /// How many different reasons are shown.
    private static let reasons = 12

    private var reasons: String {
        var counts: [String: (count: Int, standing: MirrorHistory.Standing)] = [:]
        for image in history.images where !image.standing.isThere && image.standing != .open {
            let code = image.code.isEmpty ? "" : image.code + ": "
            let reason = code + Self.general(image.reason.isEmpty ? "no reason" : image.reason)
            counts[reason, default: (0, image.standing)].count += 1
        }
        guard !counts.isEmpty else { return "" }
        let sorted = counts.sorted {
            $0.value.count != $1.value.count ? $0.value.count > $1.value.count : $0.key < $1.key
        }
        let most = sorted.first?.value.count ?? 1
        var out = "<h2 class=\"part\">Why images are missing</h2>\n<ul class=\"reasons\">\n"
        for (reason, value) in sorted.prefix(Self.reasons) {
            out += "<li><span class=\"count\">\(value.count)</span>"
            out += "<span class=\"track\"><span class=\"fill \(Self.tone(value.standing))\" "
            out += "style=\"width:\(max(1, value.count * 100 / most))%\"></span></span>"
            out += "<span class=\"why\">\(Self.square(value.standing)) "
            out += "\(Escape.html(Escape.cut(reason, 240)))</span></li>\n"
        }
        out += "</ul>\n"
        let rest = sorted.dropFirst(Self.reasons).reduce(0) { $0 + $1.value.count }
        if rest > 0 { out += "<p class=\"soft small\">and \(rest) for other reasons</p>\n" }
        return out
    }

    /// A reason without what differs from image to image: numbers, digests, names in quotes.
    static func general(_ reason: String) -> String {
        var out = ""
        var quote = false
        var isNumber = false
        for character in reason.unicodeScalars {
            if character == "'" {
                out += quote ? "…'" : "'"
                quote.toggle()
                continue
            }
            guard !quote else { continue }
            let isDigit = (0x30...0x39).contains(character.value)
            let isHex = (0x61...0x66).contains(character.value)
            if isDigit || (isNumber && isHex) {
                if !isNumber { out += "n" }
                isNumber = true
            } else {
                isNumber = false
                out.unicodeScalars.append(character)
            }
        }
        return out
    }

    /// Bytes that travelled against bytes that did not have to.
    private var moved: String {
        let runs = history.runs
        func sum(_ value: (MirrorHistory.Run) -> Int64) -> UInt64 {
            UInt64(clamping: runs.reduce(0) { LogNumber.sum($0, value($1)) })
        }
        let (received, sent) = (sum(\.received), sum(\.sent))
        let (mounted, present) = (sum(\.mounted), sum(\.present))
        guard received + sent + mounted + present > 0 else { return "" }
        let parts: [(word: String, bytes: UInt64, fill: String)] = [
            ("sent to the target", sent, "rewritten"),
            ("mounted inside the registry", mounted, "added"),
            ("there already", present, "same"),
        ]
        var out = "<h2 class=\"part\">Bytes moved and mounted</h2>\n"
        let words = parts.map { "\(ByteCount.text($0.bytes)) \($0.word)" }
        out += "<div class=\"stack thin\" role=\"img\" "
        out += "aria-label=\"\(words.joined(separator: ", "))\">"
        let all = max(1, parts.reduce(0) { $0 + $1.bytes })
        for part in parts where part.bytes > 0 {
            // Whole numbers, in thousandths, without a locale.
            out += "<span class=\"swatch \(part.fill)\" "
            out +=
                "style=\"flex-grow:\(max(4, Double(part.bytes) / Double(all) * 1000).rounded())\">"
            out += "</span>"
        }
        out += "</div>\n<ul class=\"keys\">\n"
        for part in parts {
            out += "<li><span class=\"swatch \(part.fill)\" aria-hidden=\"true\"></span>"
            out += "<b>\(ByteCount.text(part.bytes))</b> \(part.word)</li>\n"
        }
        out += "<li><b>\(ByteCount.text(received))</b> came from registries</li>\n</ul>\n"
        func layers(_ name: String) -> Int64 {
            runs.reduce(0) { LogNumber.sum($0, $1.layers[name] ?? 0) }
        }
        let twice = history.forms.values.count { $0 > 1 }
        let facts = [
            (layers("read"), "read"),
            (
                Int64(history.forms.count),
                twice == 0 ? "rewritten, each once" : "rewritten, \(twice) of them more than once"
            ), (layers("reused"), "readings spared within a process"),
            (layers("recalled"), "readings spared by the cache"),
            (layers("recalledForms"), "rewritings spared by the cache or other shards"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if !facts.isEmpty {
            out += "<p class=\"soft\">Layers: \(facts.joined(separator: ", ")).</p>\n"
        }
        return out
    }

    /// Where an image's page is, as a link from this page; nil where there is none.
    func link(_ image: MirrorHistory.Image) -> String? {
        guard let report = image.report, let name = report.name.split(separator: "/").last,
            name != "..", name != "."
        else { return nil }
        guard let place = reports ?? report.folder else { return Self.encoded(String(name)) }
        return Self.encoded(Self.relative(place, from: folder) + String(name))
    }

    /// The way from one folder to another, `../reports/`; the other itself where it is relative.
    static func relative(_ path: String, from folder: String) -> String {
        guard path.hasPrefix("/"), folder.hasPrefix("/") else { return path + "/" }
        let to = path.split(separator: "/")
        let from = folder.split(separator: "/")
        let same = zip(to, from).prefix { $0 == $1 }.count
        let up = Array(repeating: Substring(".."), count: from.count - same)
        let parts = up + to.dropFirst(same)
        return parts.isEmpty ? "" : parts.joined(separator: "/") + "/"
    }

    /// Percent-encoded (RFC 3986), so that no name is taken for a scheme or leaves the attribute.
    static func encoded(_ path: String) -> String {
        var out = ""
        for byte in path.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || [0x2D, 0x2E, 0x2F, 0x5F, 0x7E].contains(byte)
            if isPlain {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }

    /// `2026-11-28 21:04:16` of milliseconds since 1970.
    static func time(_ milliseconds: Int64) -> String {
        let days = milliseconds / 86_400_000
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
        let z = days + 719_468
        let era = z / 146_097
        let doe = z - era * 146_097
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
        let mp = (5 * doy + 2) / 153
        let day = doy - (153 * mp + 2) / 5 + 1
        let month = mp < 10 ? mp + 3 : mp - 9
        let year = yoe + era * 400 + (month <= 2 ? 1 : 0)
        return "\(year)-\(two(month))-\(two(day)) \(clock(milliseconds))"
    }

    /// `21:04:16` of milliseconds since 1970.
    static func clock(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000 % 86_400
        return "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    /// `840 ms`, `4.2 s`, `2 min 05 s`, `3 h 10 min`.
    static func duration(_ milliseconds: Int64) -> String {
        let time = max(0, milliseconds)
        if time < 1000 { return "\(time) ms" }
        if time < 60_000 { return "\(time / 1000).\(time % 1000 / 100) s" }
        let seconds = time / 1000
        if seconds < 3600 { return "\(seconds / 60) min \(two(seconds % 60)) s" }
        return "\(seconds / 3600) h \(two(seconds / 60 % 60)) min"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
