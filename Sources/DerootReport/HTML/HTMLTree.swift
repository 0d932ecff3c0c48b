import DerootOCI

/// The changed paths as a tree of folders that open and close by themselves.
struct HTMLTree {
    private final class Folder {
        var folders: [(name: String, folder: Folder)] = []
        var rows: [(name: String, change: ReportPage.Change)] = []
        var count = 0

        func folder(_ name: String) -> Folder {
            if let found = folders.last(where: { sameBytes($0.name, name) }) { return found.folder }
            let made = Folder()
            folders.append((name, made))
            return made
        }
    }

    private let image: ReportPage.Image
    /// Folders deeper than this are written as one.
    private static let depth = 16
    /// Trees of at most so many paths are open from the start.
    private static let openLimit = 60

    init(_ image: ReportPage.Image) { self.image = image }

    var text: String {
        guard !image.changes.isEmpty else { return "" }
        let root = Folder()
        // Sorted, so that paths of one folder follow each other whatever layer they are in.
        let sorted = image.changes.enumerated().sorted { a, b in
            a.element.path != b.element.path
                ? a.element.path < b.element.path : a.offset < b.offset
        }
        for (_, change) in sorted { add(change, to: root) }
        let total = image.changes.count + image.omittedChanges
        var out = "<h3>What changes</h3>\n<div class=\"tree\">\n"
        let isOpen = image.changes.count <= Self.openLimit
        out += "<details\(isOpen ? " open" : "")><summary><strong>"
        out += "\(ReportPage.counted(total, "path"))</strong> "
        out += "<span class=\"count\">S privileges go · M owner or mode changes · A added</span>"
        out += "</summary>\n"
        out += list(root, isOpen: isOpen)
        if image.omittedChanges > 0 {
            out +=
                "<p class=\"soft\">\(image.omittedChanges) more paths are in the JSON report.</p>\n"
        }
        return out + "</details>\n</div>\n"
    }

    private func add(_ change: ReportPage.Change, to root: Folder) {
        let parts = change.path.split(separator: "/").map(String.init)
        var folder = root
        folder.count += 1
        let folders = max(0, parts.count - 1)
        for part in parts.prefix(min(folders, Self.depth)) {
            folder = folder.folder(part)
            folder.count += 1
        }
        let name = parts.dropFirst(min(folders, Self.depth)).joined(separator: "/")
        folder.rows.append((name.isEmpty ? "/" : name, change))
    }

    private func list(_ folder: Folder, isOpen: Bool) -> String {
        var out = "<ul>\n"
        for (first, child) in folder.folders {
            // A folder that holds one folder and nothing else is written with it.
            var (name, inner) = (first, child)
            while inner.rows.isEmpty, inner.folders.count == 1, let only = inner.folders.first {
                name += "/" + only.name
                inner = only.folder
            }
            out += "<li><details\(isOpen ? " open" : "")><summary>"
            out += "<code>\(Escape.html(Escape.cut(name, 160)))/</code> "
            out +=
                "<span class=\"count\">\(ReportPage.counted(inner.count, "path"))</span></summary>\n"
            out += list(inner, isOpen: isOpen) + "</details></li>\n"
        }
        for (name, change) in folder.rows { out += row(name, change) }
        return out + "</ul>\n"
    }

    private func pair(_ pair: (before: String, after: String)) -> String {
        let before = Escape.html(Escape.cut(pair.before, 60))
        guard !sameBytes(pair.before, pair.after) else { return before }
        return "\(before) → \(Escape.html(Escape.cut(pair.after, 60)))"
    }

    private func row(_ name: String, _ change: ReportPage.Change) -> String {
        var out = "<li class=\"row\"><span class=\"letter mono\">"
        out += "\(Escape.html(Escape.cut(change.letter, 2)))</span>"
        out += "<code>\(Escape.html(Escape.cut(name, 240)))</code><span class=\"facts\">"
        out += "<span class=\"mono\">\(pair(change.mode))</span>"
        out += "<span class=\"mono\">\(pair(change.owner))</span>"
        out += "<span>\(Escape.html(Escape.cut(change.why, 160)))</span>"
        out += "<span>\(Escape.html(Escape.cut(change.layer, 40)))</span></span></li>\n"
        return out
    }
}
