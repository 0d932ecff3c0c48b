package import DerootBytes
import DerootCore
import DerootOCI
package import DerootRegistry
import DerootStore
import Glibc

/// Does a plan, or a shard of it; every image for itself, so that a bad one stops no other.
package struct MirrorRun: Sendable {
    package let plan: MirrorPlan
    package let ledger: Ledger
    /// Who reads the sources.
    package let source: RegistryClient
    /// Who writes the results.
    package let destination: RegistryClient
    package var limits = Limits()
    /// Images at once.
    package var pool = WorkerPool()
    /// Takes each outcome as it comes, from any thread.
    package var observer: @Sendable (MirrorOutcome) -> Void = { _ in }
    private let memory: LayerMemory

    package init(
        _ plan: MirrorPlan, ledger: Ledger, source: RegistryClient, destination: RegistryClient
    ) {
        self.plan = plan
        self.ledger = ledger
        self.source = source
        self.destination = destination
        memory = LayerMemory(shared: plan.sharedLayers)
    }

    /// Does a shard; with `sweep`, then what others have left undone.
    ///
    /// - Throws: `.usage` for a shard of another plan, `.interrupted`.
    package func run(_ shard: Shard, sweep: Bool) throws(DerootError) -> MirrorFigures {
        guard shard.count == plan.shards || shard == .whole else {
            throw DerootError(
                .usage, "the plan has \(plan.shards) shards, and this is shard \(shard)",
                advice: "make a plan with --shards \(shard.count)")
        }
        let start = Self.now()
        let isWhole = shard.count != plan.shards || plan.shards == 1
        let mine = plan.items.filter { isWhole || $0.shard == shard.index }
        var outcomes = try process(mine)
        if sweep, !isWhole {
            try ledger.refresh()
            let rest = plan.items.filter { $0.shard != shard.index && ledger[$0.key] == nil }
            outcomes += try process(rest)
        }
        return MirrorFigures(
            shard: shard, outcomes: outcomes, problems: shard.index == 0 ? plan.problems : [],
            received: source.bytesReceived + destination.bytesReceived,
            sent: source.bytesSent + destination.bytesSent, reusedLayers: memory.reused,
            seconds: Self.now() - start)
    }

    private func process(_ items: [MirrorPlan.Item]) throws(DerootError) -> [MirrorOutcome] {
        try pool.map(items) { (item: MirrorPlan.Item) throws(DerootError) in
            let start = Self.now()
            let ending = try self.ending(item)
            let outcome = MirrorOutcome(
                item: item, ending: ending, seconds: Self.now() - start)
            observer(outcome)
            return outcome
        }
    }

    /// Does one image; whatever happens becomes its ending, but for an interruption.
    private func ending(
        _ item: MirrorPlan.Item
    ) throws(DerootError) -> MirrorOutcome.Ending {
        do throws(DerootError) {
            try Interruption.check()
            switch ledger[item.key] {
            case .refused?:
                return .refused(
                    code: "remembered", message: "refused by an earlier run", isRemembered: true)
            case .done(let digest)?:
                if let retagged = try retag(item, digest, item.tags) {
                    return .reused(digest, retagged: retagged)
                }
            // The result itself is gone, so it is made once more.
            case nil: break
            }
            return try convert(item)
        } catch {
            guard error.code != .interrupted else { throw error }
            return MirrorOutcome.ending(error, isPublishing: true)
        }
    }

    /// Makes tags name a result that the repository has; gives how many did not, nil where the result
    /// is not there.
    private func retag(
        _ item: MirrorPlan.Item, _ digest: Digest, _ tags: [String]
    ) throws(DerootError) -> Int? {
        let repository = try RegistryRepository(
            ImageName(parsing: item.repository), .write, client: destination, limits: limits)
        var wrong: [String] = []
        for tag in tags where try repository.head(tag) != digest { wrong.append(tag) }
        guard !wrong.isEmpty else { return 0 }
        guard let manifest = try repository.manifest(digest.description) else { return nil }
        for tag in wrong {
            try Interruption.check()
            try repository.put(manifest.bytes, manifest.type, as: tag)
        }
        return wrong.count
    }

    private func convert(
        _ item: MirrorPlan.Item
    ) throws(DerootError) -> MirrorOutcome.Ending {
        let name = try ImageName(parsing: item.pinned)
        let place = RegistryDestination(
            try ImageName(parsing: "\(item.repository):\(item.tags[0])"), client: destination,
            mounting: name, limits: limits)
        let transaction = try place.begin()
        let result: ConversionResult
        do throws(DerootError) {
            var conversion = Conversion(
                try RegistrySource(name, client: source, limits: limits), item.recipe.options)
            conversion.platform = try item.recipe.platform.map { (text) throws(DerootError) in
                try Platform(parsing: text)
            }
            conversion.limits = limits
            // The threads are busy with other images; within one, layers come one after the other.
            conversion.pool = WorkerPool(jobs: 1)
            conversion.memory = memory
            result = try conversion.build(into: transaction)
        } catch {
            transaction.abort()
            guard error.code != .interrupted else { throw error }
            let ending = MirrorOutcome.ending(error, isPublishing: false)
            if case .refused(let code, _, isRemembered: true) = ending {
                try ledger.note(
                    .refused, for: item.key,
                    details(
                        item,
                        (
                            "refusal",
                            .object(["code": .string(code), "message": .string(error.message)])
                        )
                    ))
            }
            return ending
        }
        do throws(DerootError) {
            try transaction.commit(root: result.root, name: nil)
        } catch {
            transaction.abort()
            throw error
        }
        // Tags first, the ledger last: what it holds is true.
        _ = try retag(item, result.root.digest, Array(item.tags.dropFirst()))
        try ledger.note(
            .done(result.root.digest), for: item.key,
            details(
                item,
                (
                    "result",
                    .object([
                        "digest": .string(result.root.digest.description),
                        "mediaType": .string(result.root.mediaType.rawValue),
                        "size": .number(result.root.size),
                    ])
                )))
        return result.isUnchanged ? .unchanged(result.root.digest) : .converted(result.root.digest)
    }

    /// What an entry of the ledger holds; nothing in it depends on where or when.
    private func details(_ item: MirrorPlan.Item, _ more: (String, JSON)) -> JSONObject {
        var details: JSONObject = [
            "source": .string(item.digest.description),
            "options": .string(item.recipe.options.description),
            "platform": item.recipe.platform.map(JSON.string) ?? .null,
            "compressors": .string(CompressorVersions.text),
        ]
        details[more.0] = more.1
        return details
    }

    private static func now() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
