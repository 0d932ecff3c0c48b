/// The images as squares, a row for each repository.
struct DashboardGrid {
    private let dashboard: Dashboard

    /// Squares that are drawn at most; browsers get slow with more.
    private static let most = 20_000

    init(_ dashboard: Dashboard) { self.dashboard = dashboard }

    private struct Square {
        let tag: String
        let image: MirrorHistory.Image
    }

    var text: String {
        let images = dashboard.history.images
        guard !images.isEmpty else { return "" }
        var rows: [String: [Square]] = [:]
        for image in images {
            for tag in image.tags.isEmpty ? [""] : image.tags {
                rows[image.repository, default: []].append(Square(tag: tag, image: image))
            }
        }
        var left = Self.most
        var omitted = 0
        var out = "<h2 class=\"part\">Repositories and tags</h2>\n<ul class=\"grid\">\n"
        for (name, squares) in rows.sorted(by: { $0.key < $1.key }) {
            let shown = squares.sorted { Self.isBefore($0.tag, $1.tag) }.prefix(left)
            left -= shown.count
            omitted += squares.count - shown.count
            guard !shown.isEmpty else { continue }
            let missing = squares.count { !$0.image.standing.isThere }
            out += "<li><span class=\"name\"><code>\(Escape.html(Escape.cut(short(name), 80)))"
            out += "</code> <span class=\"soft\">\(squares.count - missing)/\(squares.count)</span>"
            out += "</span><span class=\"tiles\">"
            out += shown.map { self.square($0, in: name) }.joined()
            out += "</span></li>\n"
        }
        out += "</ul>\n"
        if omitted > 0 {
            out += "<p class=\"soft small\">\(omitted) more tags are not drawn.</p>\n"
        }
        return out
    }

    /// A repository without the target that all have.
    private func short(_ name: String) -> String {
        let target = dashboard.history.target + "/"
        return name.hasPrefix(target) ? String(name.dropFirst(target.count)) : name
    }

    private func square(_ square: Square, in repository: String) -> String {
        let standing = square.image.standing
        var words = "\(short(repository)):\(square.tag) — \(standing.word)"
        if !square.image.reason.isEmpty { words += ": \(square.image.reason)" }
        let label = Escape.html(Escape.cut(words, 300))
        let tone = Dashboard.tone(standing)
        guard let link = dashboard.link(square.image) else {
            return "<span class=\"tile \(tone)\" title=\"\(label)\">\(standing.letter)</span>"
        }
        return "<a class=\"tile \(tone)\" href=\"\(link)\" title=\"\(label)\" "
            + "aria-label=\"\(label)\">\(standing.letter)</a>"
    }

    /// Tags as people count: runs of digits by their value.
    static func isBefore(_ a: String, _ b: String) -> Bool {
        let (left, right) = (pieces(a), pieces(b))
        for (one, other) in zip(left, right) where one != other {
            if let x = Int(one), let y = Int(other), x != y { return x < y }
            return one < other
        }
        return left.count < right.count
    }

    private static func pieces(_ text: String) -> [String] {
        var out: [String] = []
        var wasDigit: Bool?
        for character in text {
            let isDigit = character.isASCII && character.isNumber
            if isDigit == wasDigit {
                out[out.count - 1].append(character)
            } else {
                out.append(String(character))
            }
            wasDigit = isDigit
        }
        return out
    }
}
