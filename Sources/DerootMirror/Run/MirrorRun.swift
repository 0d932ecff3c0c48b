package import DerootBytes
import DerootCore
import DerootOCI
package import DerootRegistry
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
    /// Takes what happens as it comes, from any thread.
    package var observer: MirrorObserver = { _ in }
    /// Where layers are kept from run to run; nil: nowhere.
    package var cache: LayerCache?
    /// Where a page about each image is written; nil: nowhere.
    package var reports: MirrorReports?

    package init(
        _ plan: MirrorPlan, ledger: Ledger, source: RegistryClient, destination: RegistryClient
    ) {
        self.plan = plan
        self.ledger = ledger
        let paces = plan.pacesOfShard
        self.source = source.paced(paces)
        self.destination = destination.paced(paces, with: self.source)
    }

    /// What a shard has to do.
    ///
    /// - Throws: `.usage` for a shard of another plan.
    package func items(of shard: Shard) throws(DerootError) -> [MirrorPlan.Item] {
        guard shard.count == plan.shards || shard == .whole else {
            throw DerootError(
                .usage, "the plan has \(plan.shards) shards, and this is shard \(shard)",
                advice: "make a plan with --shards \(shard.count)")
        }
        return plan.items.filter { isWhole(shard) || $0.shard == shard.index }
    }

    private func isWhole(_ shard: Shard) -> Bool {
        shard.count != plan.shards || plan.shards == 1
    }

    /// Does a shard; with `sweep`, then what others have left undone.
    ///
    /// What ends a run early, a signal above all, is in the figures, which tell what was done until then.
    ///
    /// - Throws: `.usage` for a shard of another plan.
    package func run(_ shard: Shard, sweep: Bool) throws(DerootError) -> MirrorFigures {
        let start = Self.now(CLOCK_MONOTONIC)
        let mine = try items(of: shard)
        let shared = plan.sharedLayers
        var stores: [any LayerStore] = [
            LedgerLayers(plan, shared: shared, ledger, destination: destination)
        ]
        if let cache { stores.insert(cache, at: 0) }
        let observer = observer
        let memory = LayerMemory(shared: shared, stores: stores) { observer(.layer($0)) }
        var outcomes: [MirrorOutcome] = []
        var failure: DerootError?
        var wanted = mine.count
        do throws(DerootError) {
            try process(mine, memory, &outcomes)
            if sweep, !isWhole(shard) {
                try ledger.refresh()
                let rest = plan.items.filter { $0.shard != shard.index && ledger[$0.key] == nil }
                wanted += rest.count
                try process(rest, memory, &outcomes)
            }
        } catch {
            // Where it was at that moment helps nobody.
            failure =
                error.code != .interrupted
                ? error
                : DerootError(
                    .interrupted,
                    "\(error.message) after \(outcomes.count) of \(wanted) images",
                    advice: "a rerun does the rest")
        }
        return MirrorFigures(
            shard: shard, outcomes: outcomes, problems: shard.index == 0 ? plan.problems : [],
            received: source.bytesReceived + destination.bytesReceived,
            sent: source.bytesSent + destination.bytesSent, layers: memory.figures,
            seconds: Self.now(CLOCK_MONOTONIC) - start, failure: failure)
    }

    /// Does items and appends what became of them; those that failed for the time being get another try
    /// when all others are done.
    ///
    /// - Throws: `.interrupted`, with the outcomes of what was done until then.
    private func process(
        _ items: [MirrorPlan.Item], _ memory: LayerMemory, _ outcomes: inout [MirrorOutcome]
    ) throws(DerootError) {
        var failure: DerootError?
        var again: [Int] = []
        for result in try attempt(1, items, memory) {
            switch result {
            case .success(let outcome):
                if outcome.isTransient { again.append(outcomes.count) }
                outcomes.append(outcome)
            case .failure(let error): failure = failure ?? error
            }
        }
        if failure == nil, !again.isEmpty {
            let better = try attempt(2, again.map { outcomes[$0].item }, memory)
            for (index, result) in zip(again, better) {
                switch result {
                case .success(let outcome): outcomes[index] = outcome
                case .failure(let error): failure = failure ?? error
                }
            }
        }
        if let failure { throw failure }
    }

    private func attempt(
        _ number: Int, _ items: [MirrorPlan.Item], _ memory: LayerMemory
    ) throws(DerootError) -> [Result<MirrorOutcome, DerootError>] {
        try pool.map(items) { (item: MirrorPlan.Item) throws(DerootError) in
            Result { () throws(DerootError) in try attempt(number, item, memory) }
        }
    }

    private func attempt(
        _ number: Int, _ item: MirrorPlan.Item, _ memory: LayerMemory
    ) throws(DerootError) -> MirrorOutcome {
        try Interruption.check()
        let start = Self.now(CLOCK_MONOTONIC)
        let started = Self.now(CLOCK_REALTIME)
        self.observer(.began(item))
        let tally = TrafficTally()
        let observer = observer
        let transfers: TransferObserver = { event in
            tally.take(event)
            observer(.transfer(item, event))
        }
        let conversion = ItemConversion(
            item: item, ledger: ledger, source: source.observing(transfers),
            destination: destination.observing(transfers), limits: limits, memory: memory,
            reports: reports, observer: { observer(.conversion(item, $0)) })
        var outcome = try conversion.run(tally)
        outcome = MirrorOutcome(
            item: item, ending: outcome.ending, seconds: Self.now(CLOCK_MONOTONIC) - start,
            started: started, attempt: number, reason: outcome.reason,
            traffic: outcome.traffic, report: outcome.report)
        observer(.ended(outcome))
        return outcome
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
