import DerootBytes
package import DerootCore
package import DerootTar

/// A conversion in a few lines for people: what was, what is, and what it cost.
package struct ConversionText {
    private let listings: [[LayerListing]]
    /// Lists every changed path.
    private let isDetailed: Bool

    /// - Parameters:
    ///   - listings: What is known of each image's layers.
    ///   - isDetailed: Lists every changed path as well.
    package init(listings: [[LayerListing]], isDetailed: Bool) {
        self.listings = listings
        self.isDetailed = isDetailed
    }

    /// The lines of a finished conversion.
    package func lines(_ result: ConversionResult) -> [String] {
        var lines: [String] = []
        for (index, image) in result.images.enumerated() {
            lines += self.lines(image.plan, index)
            guard !image.plan.isEmpty || image.manifest != image.plan.manifest else { continue }
            let rewritten = zip(image.plan.layers, image.layers).count { $0.digest != $1.digest }
            let below = PrivilegesBelow(image, index < listings.count ? listings[index] : [])
            let added = image.added.map { ", one added of \(ByteCount.text($0.size))" } ?? ""
            lines.append(
                row("layers", "\(rewritten) of \(image.layers.count) rewritten\(added)"))
            lines.append(
                row(
                    "size",
                    "\(ByteCount.text(image.sizeBefore)) → \(ByteCount.text(image.sizeAfter))"
                        + " (\(ByteCount.change(from: image.sizeBefore, to: image.sizeAfter)))"))
            if result.plan.options.layers == .append, below.count > 0 {
                lines.append(
                    row("below", "\(below.count) privileged files stay in the layers below"))
            }
        }
        lines += result.carried.map { "carried: \($0)" }
        lines += result.dropped.map { "dropped: \($0)" }
        return lines
    }

    /// The lines of a plan.
    package func lines(_ plan: ConversionPlan) -> [String] {
        plan.images.enumerated().flatMap { lines($1, $0) }
    }

    private func row(_ name: String, _ text: String) -> String {
        "  " + name + String(repeating: " ", count: max(1, 12 - name.utf8.count)) + text
    }

    private func lines(_ plan: ImagePlan, _ index: Int) -> [String] {
        var lines = ["\(plan.platform)  \(plan.manifest.algorithm.rawValue):\(plan.manifest.short)"]
        guard !plan.isEmpty else {
            return lines + [row("unchanged", "runs as \(plan.userAfter), nothing to change")]
        }
        let before = plan.userBefore.map { $0.isEmpty ? "root (none set)" : printable($0.utf8) }
        let name = printable(plan.owner.userName)
        let after = "\(plan.userAfter) (\(name))"
        lines.append(
            row(
                "user",
                plan.userBefore == plan.userAfter
                    ? after : "\(before ?? "root (none set)") → \(after)"))
        if let recipe = plan.recipe {
            lines.append(row("recipe", "\(recipe.id): \(printable(recipe.title.utf8))"))
            lines += recipe.steps.map { row("", printable($0.utf8)) }
            lines += recipe.requires.map { row("", "requires: \(printable($0.utf8))") }
        }
        lines += configLines(plan.config)
        if let home = plan.homeAfter, home != plan.homeBefore {
            lines.append(
                row("home", "\(plan.homeBefore.map { printable($0.utf8) } ?? "") → \(home)"))
        }
        let counts = Counts(plan)
        if counts.setid + counts.capabilities > 0 {
            var parts: [String] = []
            if counts.setid > 0 { parts.append("setuid/setgid of \(counts.setid) cleared") }
            if counts.capabilities > 0 {
                let what = counts.isPermitted ? "made permitted only" : "removed"
                parts.append("file capabilities of \(counts.capabilities) \(what)")
            }
            lines.append(row("privileges", parts.joined(separator: ", ")))
        }
        if counts.owned > 0 {
            let entries =
                counts.owned == 1 ? "1 entry now belongs" : "\(counts.owned) entries now belong"
            lines.append(row("owned", "\(entries) to \(plan.userAfter)"))
        }
        if !plan.added.isEmpty {
            let names = plan.added.map(\.path.description)
            let shown = names.prefix(6).joined(separator: " ")
            let rest = names.count > 6 ? " and \(names.count - 6) more" : ""
            lines.append(row("added", shown + rest))
        }
        lines += plan.notes.map { row("note", $0) }
        if isDetailed { lines += details(plan, index) }
        return lines
    }

    private func configLines(_ changes: ConfigChanges) -> [String] {
        func shown(_ words: [String]?) -> String {
            printable((words ?? []).joined(separator: " ").utf8)
        }
        var lines: [String] = []
        if let change = changes.exposedPorts {
            lines.append(row("ports", "\(shown(change.before)) → \(shown(change.after))"))
        }
        if let change = changes.entrypoint {
            lines.append(row("entrypoint", "\(shown(change.before)) → \(shown(change.after))"))
        }
        if let change = changes.cmd {
            lines.append(row("cmd", "\(shown(change.before)) → \(shown(change.after))"))
        }
        if let change = changes.workingDirectory {
            lines.append(
                row("workdir", "\(shown([change.before ?? ""])) → \(shown([change.after ?? ""]))"))
        }
        for variable in changes.environment {
            let after = variable.after.map { "= \(printable($0.utf8))" } ?? "removed"
            lines.append(row("env", "\(printable(variable.name.utf8)) \(after)"))
        }
        return lines
    }

    private struct Counts {
        var setid = 0
        var capabilities = 0
        var owned = 0
        var isPermitted = false

        init(_ plan: ImagePlan) {
            for layer in plan.layers {
                for change in layer.changes {
                    if change.change.clear & 0o6000 != 0 { setid += 1 }
                    if change.change.capabilities != nil { capabilities += 1 }
                    if change.change.capabilities == .permit { isPermitted = true }
                    if change.change.owner != nil { owned += 1 }
                }
            }
        }
    }

    private func details(_ plan: ImagePlan, _ index: Int) -> [String] {
        guard index < listings.count else { return [] }
        var lines: [String] = []
        for (number, (layer, listing)) in zip(plan.layers, listings[index]).enumerated()
        where !layer.changes.isEmpty {
            lines.append(
                "  layer \(number + 1)  \(layer.digest.algorithm.rawValue):\(layer.digest.short)")
            for change in layer.changes where change.index < listing.count {
                lines.append("    " + detail(change, listing))
            }
        }
        return lines
    }

    private func detail(_ change: EntryChange, _ listing: LayerListing) -> String {
        let entry = listing.entries[change.index]
        var parts: [String] = []
        let mode = change.change.mode(from: entry.mode)
        if mode != entry.mode {
            parts.append("mode \(PlanJSON.octal(entry.mode)) → \(PlanJSON.octal(mode))")
        }
        if let owner = change.change.owner {
            parts.append("owner \(entry.uid):\(entry.gid) → \(owner.uid):\(owner.gid)")
        }
        switch change.change.capabilities {
        case .strip: parts.append("capabilities removed")
        case .permit: parts.append("capabilities +ep → +p")
        case nil: break
        }
        return "\(listing.path(change.index))  \(parts.joined(separator: ", "))"
    }
}
