/// The same in tables, folded away.
struct DashboardTables {
    private let dashboard: Dashboard
    private var history: MirrorHistory { dashboard.history }

    /// Rows of a table at most.
    private static let most = 5000

    init(_ dashboard: Dashboard) { self.dashboard = dashboard }

    var text: String {
        "<h2 class=\"part\">Tables</h2>\n" + missing + problems + all + shards
    }

    private func table(
        _ title: String, _ heads: [String], _ rows: [[String]], isOpen: Bool = false
    ) -> String {
        guard !rows.isEmpty else { return "" }
        var out = "<details class=\"fold\"\(isOpen ? " open" : "")><summary>\(title)</summary>\n"
        out += "<div class=\"scroll\"><table>\n<thead><tr>"
        out += heads.map { "<th scope=\"col\">\($0)</th>" }.joined()
        out += "</tr></thead>\n<tbody>\n"
        for row in rows.prefix(Self.most) {
            out += "<tr>" + row.map { "<td>\($0)</td>" }.joined() + "</tr>\n"
        }
        out += "</tbody></table></div>\n"
        if rows.count > Self.most {
            out += "<p class=\"soft small\">and \(rows.count - Self.most) more</p>\n"
        }
        return out + "</details>\n"
    }

    private func name(_ image: MirrorHistory.Image) -> String {
        let text = "\(image.repository):\(image.tags.joined(separator: ", "))"
        let code = "<code>\(Escape.html(Escape.cut(text, 200)))</code>"
        guard let link = dashboard.link(image) else { return code }
        return "<a href=\"\(link)\">\(code)</a>"
    }

    private static func standing(_ image: MirrorHistory.Image) -> String {
        "\(Dashboard.square(image.standing)) \(image.standing.word)"
    }

    private var missing: String {
        let images = history.images.filter { !$0.standing.isThere }
        return table(
            "\(images.count) images that are not in the target",
            ["Image", "", "Source", "Why"],
            images.map { image in
                [
                    name(image), Self.standing(image),
                    "<code>\(Escape.html(Escape.cut(image.source, 200)))</code>",
                    Escape.html(Escape.cut(image.message, 600)),
                ]
            })
    }

    private var problems: String {
        table(
            "\(history.problems.count) sources that could not be looked at", ["Source", "Why"],
            history.problems.map { problem in
                [
                    "<code>\(Escape.html(Escape.cut(problem.source, 200)))</code>",
                    Escape.html(Escape.cut(problem.message, 600)),
                ]
            })
    }

    private var all: String {
        table(
            "All \(history.images.count) images", ["Image", "", "Result", "Time"],
            history.images.map { image in
                [
                    name(image), Self.standing(image),
                    image.result.isEmpty
                        ? "" : "<code>\(Escape.html(ReportPage.short(image.result)))</code>",
                    image.milliseconds > 0 ? Dashboard.duration(image.milliseconds) : "",
                ]
            })
    }

    private var shards: String {
        table(
            "\(history.runs.count) processes",
            [
                "Shard", "Began (UTC)", "Time", "Images", "Received", "Sent", "Mounted",
                "Tried again", "Exit",
            ],
            history.runs.map { run in
                [
                    Escape.html(Escape.cut(run.shard, 20)),
                    run.started.map(Dashboard.time) ?? "",
                    Dashboard.duration(run.ended - (run.started ?? run.ended)),
                    "\(run.bars.count)", ByteCount.text(UInt64(clamping: run.received)),
                    ByteCount.text(UInt64(clamping: run.sent)),
                    ByteCount.text(UInt64(clamping: run.mounted)), "\(run.waits.count)",
                    run.exit.map { "\($0)" } ?? "did not end",
                ]
            })
    }
}
