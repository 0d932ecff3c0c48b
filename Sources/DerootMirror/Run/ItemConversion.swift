import DerootBytes
import DerootCore
import DerootOCI
import DerootRegistry
import DerootStore

/// Does one image: asks what is known, converts, tags, and notes the result.
struct ItemConversion {
    let item: MirrorPlan.Item
    let ledger: Ledger
    let source: RegistryClient
    let destination: RegistryClient
    let limits: Limits
    let memory: LayerMemory
    let reports: MirrorReports?
    let observer: ConversionObserver

    /// Does it; whatever happens becomes its ending, but for an interruption.
    ///
    /// - Throws: `.interrupted`.
    func run(_ tally: TrafficTally) throws(DerootError) -> MirrorOutcome {
        var outcome: MirrorOutcome
        do throws(DerootError) {
            outcome = try done(tally)
        } catch {
            guard error.code != .interrupted else { throw error }
            outcome = self.outcome(MirrorOutcome.ending(error, isPublishing: true))
            outcome.reason = error.message
            outcome.traffic = tally.traffic(nil)
        }
        if outcome.report == nil { outcome.report = reports?.page(outcome) }
        return outcome
    }

    private func outcome(_ ending: MirrorOutcome.Ending) -> MirrorOutcome {
        MirrorOutcome(item: item, ending: ending, seconds: 0)
    }

    private func done(_ tally: TrafficTally) throws(DerootError) -> MirrorOutcome {
        try Interruption.check()
        switch ledger[item.key] {
        case .refused?:
            let known = try ledger.refusal(item.key)
            // What was beyond the limits of that run may be within ours.
            if let given = known?.limits, given != Self.text(limits) { break }
            var outcome = outcome(
                .refused(
                    code: known?.code ?? "remembered",
                    message: known?.message ?? "refused by an earlier run", isRemembered: true))
            outcome.reason = known?.message ?? "refused by an earlier run"
            return outcome
        case .done(let digest)?:
            if let retagged = try retag(digest, item.tags) {
                return outcome(.reused(digest, retagged: retagged))
            }
        // The result itself is gone, so it is made once more.
        case nil: break
        }
        return try convert(tally)
    }

    /// Makes tags name a result that the repository has; gives how many did not, nil where the result
    /// is not there.
    ///
    /// A tag that is refused, as an immutable one is, keeps no other from being set.
    private func retag(_ digest: Digest, _ tags: [String]) throws(DerootError) -> Int? {
        let repository = try RegistryRepository(
            ImageName(parsing: item.repository), .write, client: destination, limits: limits)
        var wrong: [String] = []
        for tag in tags where try repository.head(tag) != digest { wrong.append(tag) }
        guard !wrong.isEmpty else { return 0 }
        guard let manifest = try repository.manifest(digest.description) else { return nil }
        var refusal: DerootError?
        for tag in wrong {
            try Interruption.check()
            do throws(DerootError) {
                try repository.put(manifest.bytes, manifest.type, as: tag)
            } catch  where Self.isRefused(error) { refusal = refusal ?? error }
        }
        if let refusal { throw refusal }
        return wrong.count
    }

    private static func isRefused(_ error: DerootError) -> Bool {
        error.code == .denied || error.code == .unsupported
    }

    private func hasResult(_ digest: Digest) -> Bool {
        let repository = try? RegistryRepository(
            ImageName(parsing: item.repository), .write, client: destination, limits: limits)
        return (try? repository?.head(digest.description)) == digest
    }

    /// Makes the tags name the result; gives the refusal of one of them, where the result is there all
    /// the same.
    private func tag(
        _ root: Descriptor, _ transaction: any DestinationTransaction
    ) throws(DerootError) -> DerootError? {
        var refusal: DerootError?
        do throws(DerootError) {
            try transaction.commit(root: root, name: nil)
        } catch {
            transaction.abort()
            guard Self.isRefused(error), hasResult(root.digest) else { throw error }
            refusal = error
        }
        let others = Array(item.tags.dropFirst())
        do throws(DerootError) {
            let retagged = others.isEmpty ? 0 : try retag(root.digest, others)
            guard retagged != nil else {
                throw DerootError(.transient, "the registry does not show the result yet")
            }
        } catch  where Self.isRefused(error) { refusal = refusal ?? error }
        return refusal
    }

    private func conversion(_ name: ImageName) throws(DerootError) -> Conversion {
        var conversion = Conversion(
            try RegistrySource(name, client: source, limits: limits), item.recipe.options)
        conversion.platform = try item.recipe.platform.map { (text) throws(DerootError) in
            try Platform(parsing: text)
        }
        if !item.recipe.own.isEmpty {
            conversion.recipes = try OwnRecipe.library(item.recipe.own)
        }
        conversion.limits = limits
        // The threads are busy with other images; within one, layers come one after the other.
        conversion.pool = WorkerPool(jobs: 1)
        conversion.memory = memory
        conversion.observer = observer
        conversion.stopsAtFindings = true
        return conversion
    }

    private func convert(_ tally: TrafficTally) throws(DerootError) -> MirrorOutcome {
        let name = try ImageName(parsing: item.pinned)
        let place = RegistryDestination(
            try ImageName(parsing: "\(item.repository):\(item.tags[0])"), client: destination,
            mounting: name,
            // Other images keep the line busy, and want to know at once what is there.
            overlaps: false, limits: limits)
        let transaction = try place.begin()
        let result: ConversionResult
        do throws(DerootError) {
            result = try conversion(name).build(into: transaction)
        } catch {
            transaction.abort()
            guard error.code != .interrupted else { throw error }
            return try refused(error, tally)
        }
        observer(.committing)
        // Tags first, the ledger last: what it holds is true. A result whose tag is refused is held as
        // well, so that no other run makes it again.
        let refusal = try tag(result.root, transaction)
        try ledger.note(.done(result.root.digest), for: item.key, details(result))
        if let refusal { throw refusal }
        var outcome = outcome(
            result.isUnchanged ? .unchanged(result.root.digest) : .converted(result.root.digest))
        outcome.traffic = tally.traffic(result)
        outcome.report = reports?.page(result, item)
        return outcome
    }

    /// The limits that options set, as an entry holds them.
    private static func text(_ limits: Limits) -> String {
        "layer-bytes=\(limits.layerBytes) ratio=\(limits.ratio) entries=\(limits.entries)"
    }

    private func refused(
        _ error: DerootError, _ tally: TrafficTally
    ) throws(DerootError) -> MirrorOutcome {
        let ending = MirrorOutcome.ending(error, isPublishing: false)
        if case .refused(let code, _, isRemembered: true) = ending {
            var refusal: JSONObject = [
                "code": .string(code), "message": .string(error.message),
            ]
            if error.code == .limit {
                refusal["limits"] = .string(Self.text(limits))
            }
            try ledger.note(.refused, for: item.key, details("refusal", .object(refusal)))
        }
        var outcome = outcome(ending)
        outcome.reason = error.message
        outcome.traffic = tally.traffic(nil)
        return outcome
    }

    private func details(_ result: ConversionResult) -> JSONObject {
        var details = details(
            "result",
            .object([
                "digest": .string(result.root.digest.description),
                "mediaType": .string(result.root.mediaType.rawValue),
                "size": .number(result.root.size),
            ]))
        details["layers"] = LedgerLayers.json(result)
        return details
    }

    /// What an entry of the ledger holds; nothing in it depends on where or when.
    private func details(_ name: String, _ value: JSON) -> JSONObject {
        var details: JSONObject = [
            "source": .string(item.digest.description),
            "options": .string(item.recipe.options.description),
            "platform": item.recipe.platform.map(JSON.string) ?? .null,
            "compressors": .string(CompressorVersions.text),
        ]
        details[name] = value
        return details
    }
}
