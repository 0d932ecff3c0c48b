import DerootBytes
import DerootCore
import DerootOCI
import DerootTar

/// One image of a check as JSON.
enum CheckImageJSON {
    static func image(_ image: GradedImage, of report: GradedReport) -> JSON {
        let check = image.check
        return .object([
            "digest": .string(check.digest.description),
            "platform": .string(printable(check.platform.utf8)),
            "verdict": verdict(check.verdict),
            "refusal": check.refusal.map(CheckJSON.error) ?? .null,
            "counts": counts(image),
            "config": config(check),
            "findings": .array(image.findings.map(finding)),
            "layers": .array(layers(check)),
            "added": .array((check.plan?.added ?? []).map(added)),
            "notes": .strings((check.plan?.notes ?? []).map { printable($0.utf8) }),
            "hints": hints(image, of: report),
        ])
    }

    private static func verdict(_ verdict: Verdict) -> JSON {
        var platforms: [String] = []
        var reason: String?
        switch verdict {
        case .readyOn(let names): platforms = names
        case .refused(let text), .skipped(let text): reason = printable(text.utf8)
        case .ready, .needsRecipe, .already: break
        }
        return .object([
            "word": .string(verdict.word), "platforms": .strings(platforms),
            "reason": reason.map(JSON.string) ?? .null,
        ])
    }

    private static func counts(_ image: GradedImage) -> JSON {
        .object([
            "block": .number(image.count(.block)), "error": .number(image.count(.error)),
            "warn": .number(image.count(.warn)), "info": .number(image.count(.info)),
            "ignored": .number(image.ignoredCount),
        ])
    }

    private static func config(_ check: ImageCheck) -> JSON {
        let config = check.details?.config
        let plan = check.plan
        return .object([
            "user": change(check.user, plan?.userAfter),
            "home": change(plan?.homeBefore, plan?.homeAfter),
            "ports": .strings((config?.exposedPorts ?? []).map { printable($0.utf8) }),
            "volumes": .strings((config?.volumes ?? []).map { printable($0.utf8) }),
            "workingDirectory": (config?.workingDirectory).map { .string(printable($0.utf8)) }
                ?? .null,
        ])
    }

    private static func change(_ before: String?, _ after: String?) -> JSON {
        .object([
            "before": before.map { .string(printable($0.utf8)) } ?? .null,
            "after": after.map { .string(printable($0.utf8)) } ?? .null,
        ])
    }

    private static func finding(_ graded: GradedFinding) -> JSON {
        let finding = graded.finding
        var ignored = JSON.null
        if let entry = graded.ignored {
            ignored = .object([
                "reason": .string(printable(entry.reason.utf8)),
                "until": entry.until.map(JSON.string) ?? .null, "line": .number(entry.line),
            ])
        }
        let breaches = graded.breaches.map { breach in
            JSON.object([
                "gate": .string(breach.gate.rawValue), "clause": .string(breach.clause),
            ])
        }
        return .object([
            "rule": .string(finding.rule.id), "name": .string(finding.rule.name),
            "severity": .string(finding.severity.rawValue),
            "confidence": finding.confidence.map { .string($0.rawValue) } ?? .null,
            "message": .string(printable(finding.message.utf8)),
            "fix": fix(finding.fix), "gates": .array(breaches), "ignored": ignored,
            "acceptedPlaces": .number(graded.acceptedPlaces),
            "evidence": .array(finding.evidence.map(evidence)),
            "omitted": .number(finding.omitted),
        ])
    }

    private static func fix(_ fix: Finding.Fix) -> JSON {
        let (kind, text) =
            switch fix {
            case .automatic(let text): ("automatic", text)
            case .option(let text): ("option", text)
            case .recipe(let text): ("recipe", text)
            case .none(let text): ("none", text)
            }
        return .object(["kind": .string(kind), "text": .string(printable(text.utf8))])
    }

    private static func evidence(_ evidence: Finding.Evidence) -> JSON {
        var object = JSONObject()
        switch evidence.place {
        case .file(let path): add(path, to: &object)
        case .config(let key): object["key"] = .string(printable(key.utf8))
        }
        if let layer = evidence.layer { object["layer"] = .string(layer.description) }
        if let entry = evidence.entry { object["entry"] = .number(entry) }
        if let line = evidence.line { object["line"] = .number(line) }
        if let before = evidence.before { object["before"] = .string(printable(before.utf8)) }
        if let after = evidence.after { object["after"] = .string(printable(after.utf8)) }
        return .object(object)
    }

    /// A path as people can read it, and as bytes where that is another thing.
    private static func add(_ path: TarPath, to object: inout JSONObject) {
        let text = path.description
        object["path"] = .string(text)
        guard !text.utf8.dropFirst().elementsEqual(path.bytes) else { return }
        object["pathHex"] = .string(hexadecimal([0x2F] + path.bytes))
    }

    private static func layers(_ check: ImageCheck) -> [JSON] {
        (check.details?.layers ?? []).enumerated().map { index, layer in
            var changes: [JSON] = []
            if let plan = check.plan, index < plan.layers.count, let listing = layer.listing {
                changes = ChangedPath.all(of: plan.layers[index], in: listing).map(change)
            }
            return .object([
                "digest": .string(layer.digest.description), "size": .number(layer.size),
                "createdBy": layer.createdBy.map { .string(printable($0.utf8.prefix(2000))) }
                    ?? .null,
                "entries": layer.listing.map { .number($0.count) } ?? .null,
                "changes": .array(changes),
            ])
        }
    }

    private static func change(_ change: ChangedPath) -> JSON {
        var object = JSONObject()
        add(change.path, to: &object)
        object["letter"] = .string(String(change.letter))
        object["mode"] = .object([
            "before": .string(ModeText.text(change.modeBefore, change.type)),
            "after": .string(ModeText.text(change.modeAfter, change.type)),
        ])
        object["owner"] = .object([
            "before": .string(change.ownerBefore), "after": .string(change.ownerAfter),
        ])
        object["why"] = .string(change.reason)
        return .object(object)
    }

    private static func added(_ entry: AddedEntry) -> JSON {
        var object = JSONObject()
        add(entry.path, to: &object)
        let type: EntryType = if case .directory = entry.kind { .directory } else { .file }
        object["mode"] = .string(ModeText.text(entry.mode, type))
        object["owner"] = .string("\(entry.owner.uid):\(entry.owner.gid)")
        object["why"] = .string(printable(entry.reason.utf8))
        return .object(object)
    }

    private static func hints(_ image: GradedImage, of report: GradedReport) -> JSON {
        guard let hints = RunHints(image, source: report.source) else { return .null }
        return .object([
            "docker": .string(hints.docker), "kubernetes": .string(hints.kubernetes),
        ])
    }
}
