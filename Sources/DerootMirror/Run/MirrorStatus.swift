package import DerootBytes
import DerootOCI
package import DerootRegistry

/// How far a plan is, as the registry shows it; nothing is changed.
package struct MirrorStatus: Sendable {
    /// What is known of an item.
    package enum Standing: Sendable, Hashable {
        /// All of its tags name the result.
        case done
        /// The result is there, and these tags do not name it.
        case untagged([String])
        /// It was refused.
        case refused(String?)
        /// Nothing is known.
        case open

        /// A word for it.
        package var name: String {
            switch self {
            case .done: "done"
            case .untagged: "untagged"
            case .refused: "refused"
            case .open: "open"
            }
        }

        /// What people are told besides.
        package var message: String? {
            switch self {
            case .refused(let why): why
            case .untagged(let tags): "these tags do not name it: \(tags.joined(separator: ", "))"
            case .done, .open: nil
            }
        }
    }

    package let standings: [(item: MirrorPlan.Item, standing: Standing)]
    /// Keys for which different results were made.
    package let contradictions: [LedgerKey]

    /// Asks ledger and tags.
    ///
    /// - Throws: `.denied`, `.transient`, `.interrupted`.
    package init(
        _ plan: MirrorPlan, ledger: Ledger, client: RegistryClient, pool: WorkerPool
    ) throws(DerootError) {
        contradictions = ledger.contradictions
        let found = try pool.map(plan.items) { (item: MirrorPlan.Item) throws(DerootError) in
            try Interruption.check()
            switch ledger[item.key] {
            case nil: return Standing.open
            case .refused?: return .refused(try ledger.refusal(item.key)?.message)
            case .done(let digest)?:
                let repository = try RegistryRepository(
                    ImageName(parsing: item.repository), .read, asTarget: true, client: client)
                var wrong: [String] = []
                for tag in item.tags where try repository.head(tag) != digest { wrong.append(tag) }
                return wrong.isEmpty ? .done : .untagged(wrong)
            }
        }
        standings = zip(plan.items, found).map { (item: $0, standing: $1) }
    }

    /// How many items stand so.
    package func count(_ name: String) -> Int { standings.count { $0.standing.name == name } }

    /// 0 where everything is done, 75 where something is open, else 1.
    package var exitStatus: Int32 {
        if count("open") + count("untagged") > 0 { return 75 }
        return count("refused") > 0 || !contradictions.isEmpty ? 1 : 0
    }

    /// Lines for people: the counts, then what is not done.
    package var lines: [String] {
        let names = ["done", "untagged", "refused", "open"]
        var lines = [names.map { "\(count($0)) \($0)" }.joined(separator: ", ")]
        for (item, standing) in standings {
            let place = "\(item.source) → \(item.repository):\(item.tags.joined(separator: ","))"
            switch standing {
            case .done: continue
            case .untagged(let tags):
                lines.append("untagged  \(place): \(tags.joined(separator: ","))")
            case .refused(let why):
                lines.append(
                    "refused   \(place)" + (why.map { ": \(printable($0.utf8))" } ?? ""))
            case .open: lines.append("open      \(place)")
            }
        }
        lines += contradictions.map { "contradiction  key \($0) has several results" }
        return lines
    }

    /// Writes the same as a document, in pieces.
    ///
    /// - Throws: What `sink` throws.
    package func write(
        to sink: ([UInt8]) throws(DerootError) -> Void
    ) throws(DerootError) {
        let items = standings.lazy.map { item, standing in
            var object: JSONObject = [
                "source": .string(item.source), "repository": .string(item.repository),
                "tags": .strings(item.tags), "key": .string(item.key.description),
                "standing": .string(standing.name),
            ]
            if case .refused(let why?) = standing { object["message"] = .string(why) }
            return JSON.object(object)
        }
        try JSON.write(
            ["deroot": .string("mirror-status"), "version": .number(1)], list: "items", of: items,
            ["contradictions": .strings(contradictions.map(\.description))], to: sink)
    }
}
