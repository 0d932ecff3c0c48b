import DerootBytes

// Reading the JSON of `check`.
extension ReportPage {
    mutating func readCheck(_ root: ReportNode) throws(DerootError) {
        let options = try root.text("options")
        let isConverted = try root.flag("converted")
        title = "Check report"
        command = options.isEmpty ? "deroot convert" : "deroot convert \(options)"
        passed = try root.flag("passed")
        let gates = try root.texts("gates")
        if !gates.isEmpty { terms.append("is held against \(gates.joined(separator: ", "))") }
        switch try root.text("failOn") {
        case "never": terms.append("never fails for findings")
        case "warn": terms.append("fails for errors and warnings")
        default: terms.append("fails for errors")
        }
        if isConverted { terms.append("shows what is found in the converted images") }
        for entry in try root.list("expired") {
            let path = try entry.optionalText("path").map { " \($0)" } ?? ""
            expired.append(
                "\(try entry.text("rule"))\(path), until \(try entry.optionalText("until") ?? ""): "
                    + (try entry.text("reason")))
        }
        var helps: [String: String] = [:]
        for rule in try root.list("rules") { helps[try rule.text("id")] = try rule.text("help") }
        for reference in try root.list("references") {
            let name = try reference.text("reference")
            if let error = try reference.object("error") {
                failures.append((name, try error.text("message")))
            }
            for image in try reference.list("images") {
                images.append(try Self.image(image, name, helps, command))
            }
        }
    }

    private static func image(
        _ node: ReportNode, _ reference: String, _ helps: [String: String], _ command: String
    ) throws(DerootError) -> Image {
        var image = Image()
        image.reference = reference
        image.platform = try node.text("platform")
        image.badge = try badge(node)
        if let counts = try node.object("counts") {
            for (key, one, many, tone) in [
                ("block", "blocking", "blocking", Tone.bad), ("error", "error", "errors", .bad),
                ("warn", "warning", "warnings", .warn), ("info", "note", "notes", .info),
                ("ignored", "accepted", "accepted", .faint),
            ] {
                let count = Int(clamping: try counts.count(key) ?? 0)
                if count > 0 { image.counts.append((count == 1 ? one : many, count, tone)) }
            }
        }
        var layers: [String: Int] = [:]
        for (index, layer) in try node.list("layers").enumerated() {
            layers[try layer.text("digest")] = index + 1
        }
        for finding in try node.list("findings") {
            let read = try self.finding(finding, helps, layers)
            if read.accepted == nil {
                image.findings.append(read)
            } else {
                image.accepted.append(read)
            }
        }
        image.notes = try node.texts("notes")
        try readLayers(node, into: &image)
        image.cards = try cards(node, image)
        if let hints = try node.object("hints") {
            image.hints = [
                ("Docker", try hints.text("docker")),
                ("Kubernetes", try hints.text("kubernetes")),
            ]
        }
        image.provenance = [
            ("manifest", try node.text("digest")), ("would be made by", command),
        ]
        return image
    }

    private static func badge(
        _ node: ReportNode
    ) throws(DerootError) -> (word: String, detail: String, tone: Tone) {
        let verdict = try node.member("verdict")
        let word = try verdict.text("word")
        let platforms = try verdict.texts("platforms").joined(separator: ", ")
        let reason = try verdict.optionalText("reason") ?? ""
        switch word {
        case "READY": return (word, "converts and runs anywhere", .good)
        case "READY-ON": return (word, "converts, and runs on \(platforms)", .good)
        case "ALREADY": return (word, "runs as non-root already", .good)
        case "NEEDS-RECIPE": return (word, "a recipe or an option is needed", .warn)
        case "SKIPPED": return (word, reason, .faint)
        default: return (word, reason, .bad)
        }
    }

    private static func finding(
        _ node: ReportNode, _ helps: [String: String], _ layers: [String: Int]
    ) throws(DerootError) -> Finding {
        let rule = try node.text("rule")
        let severity = try node.text("severity")
        let (word, tone): (String, Tone) =
            switch severity {
            case "block": ("blocking", .bad)
            case "error": ("error", .bad)
            case "warn": ("warning", .warn)
            default: ("note", .info)
            }
        var message = try node.text("message")
        if let confidence = try node.optionalText("confidence") { message += " (\(confidence))" }
        var finding = Finding(
            rule: rule, name: try node.text("name"), severity: word, tone: tone, message: message)
        for gate in try node.list("gates") {
            finding.gates.append("\(try gate.text("gate")): \(try gate.text("clause"))")
        }
        for place in try node.list("evidence") {
            let path = try place.optionalText("path")
            let key = try place.optionalText("key")
            var name = path ?? key ?? ""
            if let line = try place.count("line") { name += ":\(line)" }
            let layer = try place.optionalText("layer")
            finding.evidence.append(
                (
                    name, try place.optionalText("before"), try place.optionalText("after"),
                    layer.map { digest in layers[digest].map { "layer \($0)" } ?? short(digest) }
                ))
        }
        finding.omitted = Int(clamping: try node.count("omitted") ?? 0)
        if let fix = try node.object("fix") {
            let text = try fix.text("text")
            let label =
                switch try fix.text("kind") {
                case "automatic": "convert"
                case "option": "option"
                case "recipe": "recipe"
                default: "to do"
                }
            if !text.isEmpty { finding.fix = (label, text) }
        }
        finding.help = helps[rule] ?? ""
        if let ignored = try node.object("ignored") {
            let until = try ignored.optionalText("until").map { ", until \($0)" } ?? ""
            finding.accepted = (try ignored.text("reason")) + until
        }
        return finding
    }

    private static func readLayers(
        _ node: ReportNode, into image: inout Image
    ) throws(DerootError) {
        for (index, layer) in try node.list("layers").enumerated() {
            let digest = try layer.text("digest")
            let size = try layer.count("size") ?? 0
            let changes = try layer.list("changes")
            let command = CheckTree.command(try layer.optionalText("createdBy") ?? "")
            let state: Bar.State = changes.isEmpty ? .same : .rewritten
            image.before.append(Bar(digest: digest, size: size, command: command, state: state))
            image.after.append(Bar(digest: digest, size: size, command: command, state: state))
            for change in changes {
                guard image.changes.count < changeLimit else {
                    image.omittedChanges += 1
                    continue
                }
                let mode = try change.member("mode")
                let owner = try change.member("owner")
                image.changes.append(
                    Change(
                        path: try change.text("path"), letter: try change.text("letter"),
                        mode: (try mode.text("before"), try mode.text("after")),
                        owner: (try owner.text("before"), try owner.text("after")),
                        layer: "layer \(index + 1)", why: try change.text("why")))
            }
        }
        let added = try node.list("added")
        for entry in added {
            let mode = try entry.text("mode")
            let owner = try entry.text("owner")
            image.changes.append(
                Change(
                    path: try entry.text("path"), letter: "A", mode: (mode, mode),
                    owner: (owner, owner), layer: "added layer", why: try entry.text("why")))
        }
        if !added.isEmpty {
            image.after.append(Bar(digest: "", size: 0, command: "added by deroot", state: .added))
        }
    }

    private static func cards(
        _ node: ReportNode, _ image: Image
    ) throws(DerootError) -> [Card] {
        let config = try node.member("config")
        let user = try config.member("user")
        let before = try user.optionalText("before") ?? ""
        let after = try user.optionalText("after")
        var cards = [
            Card(
                label: "User", before: before.isEmpty ? "root (none set)" : before,
                after: after == before ? nil : after)
        ]
        if let home = try config.object("home"), let after = try home.optionalText("after") {
            cards.append(
                Card(label: "Home", before: try home.optionalText("before") ?? "", after: after))
        }
        let privileged = image.changes.count { $0.letter == "S" }
        cards.append(
            Card(
                label: "Setuid, setgid, capabilities", before: counted(privileged, "file"),
                after: privileged > 0 ? "none" : nil))
        let owned = image.changes.count { $0.letter != "A" && $0.owner.before != $0.owner.after }
        cards.append(
            Card(
                label: "Writable by the user", before: "as they are",
                after: owned > 0 ? counted(owned, "path") + " more" : nil))
        let ports = try config.texts("ports")
        if !ports.isEmpty {
            cards.append(Card(label: "Ports", before: ports.joined(separator: ", "), after: nil))
        }
        let volumes = try config.texts("volumes")
        if !volumes.isEmpty {
            cards.append(
                Card(label: "Volumes", before: volumes.joined(separator: ", "), after: nil))
        }
        let size = ByteCount.sum(image.before.lazy.map(\.size))
        cards.append(
            Card(
                label: "Size", before: ByteCount.text(size), after: nil,
                note: counted(image.before.count, "layer")))
        return cards
    }

    /// The last part of a reference: what people call the image.
    static func shortName(_ reference: String) -> String {
        let last = reference.split(separator: "/").last.map(String.init) ?? reference
        let bare = ["oci:", "oci-archive:", "docker-archive:"].first { last.hasPrefix($0) }
        return Escape.cut(String(last.dropFirst(bare?.count ?? 0)), 100)
    }

    static func counted(_ count: Int, _ noun: String) -> String {
        count == 0 ? "none" : "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `sha256:0123456789ab` of a digest.
    static func short(_ digest: String) -> String {
        let parts = digest.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { return String(digest.prefix(20)) }
        return "\(parts[0]):\(parts[1].prefix(12))"
    }
}
