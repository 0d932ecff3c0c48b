/// What each shard did when: a row a shard, images as bars, restarts and waits as marks.
struct DashboardTimeline {
    private let dashboard: Dashboard

    /// Bars that are drawn in one row at most.
    private static let most = 2000
    /// Images side by side in one row at most.
    private static let lanes = 8
    /// Runs that lie further apart than this belong to different nights.
    private static let pause: Int64 = 30 * 60 * 1000

    init(_ dashboard: Dashboard) { self.dashboard = dashboard }

    private typealias Run = MirrorHistory.Run

    var text: String {
        let runs = session()
        guard let start = runs.compactMap(\.started).min(), let end = runs.map(\.ended).max(),
            end > start
        else { return "" }
        let rows = Dictionary(grouping: runs, by: \.shard).sorted {
            DashboardGrid.isBefore($0.key, $1.key)
        }
        var out = "<h2 class=\"part\">Shards over time</h2>\n"
        out += "<p class=\"soft\">\(summary(rows.map(\.value), start, end))</p>\n"
        out += "<figure class=\"gantt\">\n"
        for (shard, runs) in rows { out += row(shard, runs, start, end) }
        out += "<div class=\"axis\" aria-hidden=\"true\"><span>\(Dashboard.clock(start))</span>"
        out += "<span>\(Dashboard.clock((start + end) / 2))</span>"
        out += "<span>\(Dashboard.clock(end))</span></div>\n</figure>\n"
        out += "<ul class=\"keys\">\n<li><span class=\"mark restart\" aria-hidden=\"true\"></span>"
        out += "a process begins</li>\n<li><span class=\"mark again\" aria-hidden=\"true\"></span>"
        out += "a request is tried again</li>\n"
        out += "<li><span class=\"mark idle\" aria-hidden=\"true\"></span>nothing left to do</li>\n"
        return out + "</ul>\n"
    }

    /// The runs of the last night: those that nothing long separates.
    private func session() -> [Run] {
        let runs = dashboard.history.runs.filter { $0.started != nil }
            .sorted { ($0.started ?? 0) < ($1.started ?? 0) }
        var session: [Run] = []
        var end: Int64 = 0
        for run in runs {
            if (run.started ?? 0) > end + Self.pause { session = [] }
            session.append(run)
            end = max(end, run.ended)
        }
        return session
    }

    private func summary(_ rows: [[Run]], _ start: Int64, _ end: Int64) -> String {
        let tries = rows.joined().reduce(0) { $0 + $1.waits.count }
        let restarts = rows.reduce(0) { $0 + $1.count - 1 }
        var words = [
            "\(rows.count) shard\(rows.count == 1 ? "" : "s") in \(Dashboard.duration(end - start))"
        ]
        if rows.count > 1 {
            // Of all the time that shards could have worked, what passed after their last image.
            let idle = rows.reduce(0.0) { sum, row in
                sum + Double(end - (row.map(\.ended).max() ?? end))
            }
            let share = idle / (Double(end - start) * Double(rows.count))
            words.append("\(Int((share * 100).rounded())) % of it lost to skew")
        }
        if restarts > 0 { words.append("\(restarts) restart\(restarts == 1 ? "" : "s")") }
        words.append(tries == 0 ? "no request was tried again" : "\(tries) requests tried again")
        return words.joined(separator: ", ") + "."
    }

    private func row(_ shard: String, _ runs: [Run], _ start: Int64, _ end: Int64) -> String {
        let bars = runs.flatMap(\.bars).sorted { $0.start < $1.start }
        let last = runs.map(\.ended).max() ?? end
        let scale = 1000 / Double(end - start)
        func x(_ time: Int64) -> Double { max(0, min(1000, Double(time - start) * scale)) }
        var lanes: [Int64] = []
        var drawn = ""
        for bar in bars.prefix(Self.most) {
            var lane = lanes.firstIndex { $0 <= bar.start } ?? lanes.count
            if lane >= Self.lanes { lane = Self.lanes - 1 }
            if lane == lanes.count { lanes.append(0) }
            lanes[lane] = bar.end
            let name = Escape.html(Escape.cut(bar.name, 160))
            drawn +=
                "<rect class=\"\(Dashboard.tone(bar.standing))\" x=\"\(Self.text(x(bar.start)))\" "
            drawn += "y=\"\(lane * 12 + 1)\" "
            drawn += "width=\"\(Self.text(max(0.8, x(bar.end) - x(bar.start))))\" height=\"10\">"
            drawn += "<title>\(name), \(bar.standing.word), "
            drawn += "\(Dashboard.duration(bar.end - bar.start))</title></rect>"
        }
        let height = max(1, lanes.count) * 12
        for wait in runs.flatMap(\.waits).prefix(Self.most) {
            drawn += "<rect class=\"again\" x=\"\(Self.text(x(wait.start)))\" y=\"0\" "
            drawn += "width=\"1.5\" height=\"\(height)\"><title>"
            drawn += "\(wait.isRest ? "rate limit of" : "tried again:") "
            drawn += "\(Escape.html(Escape.cut(wait.host, 80))), "
            drawn += "after \(Dashboard.duration(wait.milliseconds))</title></rect>"
        }
        for run in runs {
            drawn += "<rect class=\"restart\" x=\"\(Self.text(x(run.started ?? start)))\" y=\"0\" "
            drawn += "width=\"2\" height=\"\(height)\"/>"
        }
        if x(last) < 999 {
            drawn += "<rect class=\"idle\" x=\"\(Self.text(x(last)))\" y=\"\(height / 2 - 1)\" "
            drawn += "width=\"\(Self.text(1000 - x(last)))\" height=\"2\"/>"
        }
        let first = runs.compactMap(\.started).min() ?? start
        let facts =
            "\(bars.count) image\(bars.count == 1 ? "" : "s"), \(Dashboard.duration(last - first))"
        let name = Escape.html(Escape.cut(shard, 20))
        return "<div class=\"shard\"><span class=\"name\">\(name) <span class=\"soft\">\(facts)"
            + "\(ending(runs))</span></span><svg viewBox=\"0 0 1000 \(height)\" "
            + "style=\"height:\(max(14, height))px\" preserveAspectRatio=\"none\" role=\"img\" "
            + "aria-label=\"shard \(name): \(facts)\">\(drawn)</svg></div>\n"
    }

    private func ending(_ runs: [Run]) -> String {
        guard let last = runs.max(by: { ($0.started ?? 0) < ($1.started ?? 0) }) else { return "" }
        guard let exit = last.exit else { return ", not ended" }
        return exit == 0 ? "" : ", exit \(exit)"
    }

    /// Two decimals, without a locale.
    private static func text(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
