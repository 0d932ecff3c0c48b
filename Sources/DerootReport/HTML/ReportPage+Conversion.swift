import DerootBytes

// Reading the JSON of `convert --report`.
extension ReportPage {
    mutating func readConversion(_ root: ReportNode) throws(DerootError) {
        let source = try root.member("source")
        let destination = try root.member("destination")
        let options = try root.text("options")
        let reference = try source.text("reference")
        title = "Conversion report"
        command =
            "deroot convert \(options.isEmpty ? "" : options + " ")\(reference) "
            + (try destination.text("reference"))
        let isUnchanged = try root.flag("unchanged")
        let dropped = try root.texts("dropped")
        let carried = try root.texts("carried")
        for node in try root.list("images") {
            var image = try Self.conversion(node, isUnchanged)
            image.reference = reference
            image.provenance = [
                ("source", "\(reference)@\(try source.text("digest"))"),
                (
                    "result",
                    "\(try destination.text("reference"))@\(try destination.text("digest"))"
                ),
                ("manifest before", try node.member("manifest").text("before")),
                ("manifest after", try node.member("manifest").text("after")),
                ("command", command),
            ]
            for text in dropped { image.provenance.append(("dropped", text)) }
            for text in carried { image.provenance.append(("carried", text)) }
            images.append(image)
        }
    }

    private static func conversion(
        _ node: ReportNode, _ isUnchanged: Bool
    ) throws(DerootError) -> Image {
        var image = Image()
        let plan = try node.member("plan")
        image.platform = try plan.text("platform")
        image.hasFindings = false
        image.badge =
            isUnchanged
            ? ("UNCHANGED", "nothing had to change", .good)
            : ("CONVERTED", "runs as non-root", .good)
        image.notes = try plan.texts("notes")
        try readBars(node, into: &image)
        for (index, layer) in try plan.list("layers").enumerated() {
            for entry in try layer.list("entries") {
                guard image.changes.count < changeLimit else {
                    image.omittedChanges += 1
                    continue
                }
                image.changes.append(try change(entry, "layer \(index + 1)"))
            }
        }
        for entry in try plan.list("added") {
            let owner = try entry.member("owner")
            let uid = try owner.count("uid") ?? 0
            let gid = try owner.count("gid") ?? 0
            let ids = "\(uid):\(gid)"
            let mode = try entry.text("mode")
            image.changes.append(
                Change(
                    path: try entry.path("path"), letter: "A", mode: (mode, mode),
                    owner: (ids, ids), layer: "added layer", why: try entry.text("why")))
        }
        image.cards = try cards(conversion: node, plan, image)
        return image
    }

    private static func readBars(
        _ node: ReportNode, into image: inout Image
    ) throws(DerootError) {
        for layer in try node.list("layers") {
            let before = try layer.member("before").text("digest")
            let written = try layer.member("after")
            let after = try written.text("digest")
            // The report has no sizes of source layers; header edits hardly change them.
            let size = try written.count("size") ?? 0
            let state: Bar.State = before == after ? .same : .rewritten
            image.before.append(Bar(digest: before, size: size, state: state))
            image.after.append(Bar(digest: after, size: size, state: state))
        }
        guard let added = try node.object("added") else { return }
        image.after.append(
            Bar(
                digest: try added.text("digest"), size: try added.count("size") ?? 0,
                command: "added by deroot", state: .added))
    }

    private static func change(
        _ entry: ReportNode, _ layer: String
    ) throws(DerootError) -> Change {
        let mode = try entry.object("mode")
        // Where the names of a layer were not read, `owner` is only true.
        let owner = (try? entry.object("owner")) ?? nil
        let why = try entry.texts("why")
        let isPrivileged = why.contains { $0 != "owned" }
        let index = try entry.count("index") ?? 0
        return Change(
            path: (try? entry.path("path")) ?? "entry \(index)",
            letter: isPrivileged ? "S" : "M",
            mode: try pair(mode), owner: try pair(owner),
            layer: layer,
            why: why.map { $0 == "owned" ? "new owner" : "\($0) removed" }.joined(separator: ", "))
    }

    /// `before` and `after`; empty texts where nothing is known.
    private static func pair(
        _ node: ReportNode?
    ) throws(DerootError) -> (before: String, after: String) {
        guard let node else { return ("", "") }
        return (try node.text("before"), try node.text("after"))
    }

    private static func cards(
        conversion node: ReportNode, _ plan: ReportNode, _ image: Image
    ) throws(DerootError) -> [Card] {
        let config = try plan.member("config")
        let user = try config.member("user")
        let before = try user.optionalText("before") ?? ""
        let after = try user.text("after")
        var cards = [
            Card(
                label: "User", before: before.isEmpty ? "root (none set)" : before,
                after: before == after ? nil : after)
        ]
        if let home = try config.object("home") {
            cards.append(
                Card(
                    label: "Home", before: try home.optionalText("before") ?? "",
                    after: try home.optionalText("after")))
        }
        let privileged = image.changes.count { $0.letter == "S" }
        let below = Int(clamping: try node.count("privilegesBelow") ?? 0)
        cards.append(
            Card(
                label: "Setuid, setgid, capabilities", before: counted(privileged, "file"),
                after: privileged > 0 ? "none" : nil,
                note: below > 0 ? "\(below) stay in the layers below" : ""))
        let owned = image.changes.count { $0.letter != "A" && $0.owner.before != $0.owner.after }
        cards.append(
            Card(
                label: "Writable by the user", before: "as they were",
                after: owned > 0 ? counted(owned, "path") + " more" : nil))
        let bytes = try node.member("bytes")
        let old = try bytes.count("before") ?? 0
        let new = try bytes.count("after") ?? 0
        cards.append(
            Card(
                label: "Size", before: ByteCount.text(old),
                after: old == new ? nil : ByteCount.text(new),
                note: ByteCount.change(from: old, to: new)))
        return cards
    }
}
