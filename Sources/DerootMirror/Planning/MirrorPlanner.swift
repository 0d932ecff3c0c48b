package import DerootBytes
import DerootCore
import DerootOCI
package import DerootRegistry

/// Looks at the sources and makes a plan: tags, digests, and the layers of what is new.
package struct MirrorPlanner: Sendable {
    private let config: MirrorConfig
    private let source: RegistryClient
    private let ledger: @Sendable () throws(DerootError) -> Ledger
    private let pool: WorkerPool
    private let limits: Limits

    /// Prepares; `pool` says how many requests run at once.
    ///
    /// The ledger is asked for when tags were listed, so that it may be opened meanwhile.
    package init(
        _ config: MirrorConfig, source: RegistryClient, pool: WorkerPool, limits: Limits,
        ledger: @escaping @Sendable () throws(DerootError) -> Ledger
    ) {
        self.config = config
        self.source = source
        self.ledger = ledger
        self.pool = pool
        self.limits = limits
    }

    /// A repository to look at.
    private struct Place: Sendable {
        let name: ImageName
        let source: MirrorConfig.Source

        /// Where its results go, `host/path`.
        var target: String { source.exactTarget ?? "\(source.target)/\(name.repository)" }
    }

    /// A tag to resolve: there may be very many.
    private struct Job: Sendable {
        /// Which of the places.
        let place: Int
        let tag: String
    }

    private enum Found: Sendable {
        case tags([String])
        case candidate(MirrorCandidate)
        case problem(MirrorPlan.Problem)
    }

    /// Makes the plan; what cannot be looked at is listed in it and stops nothing else.
    ///
    /// - Throws: `.usage` where two sources want the same tag, `.interrupted`.
    package func plan(shards: Int) throws(DerootError) -> MirrorPlan {
        var problems: [MirrorPlan.Problem] = []
        var candidates: [MirrorCandidate] = []
        let places = try places(&problems)
        let tagged = try pool.map(places) { (place: Place) throws(DerootError) in
            try isolated(place.name.name) { () throws(DerootError) in try tags(of: place) }
        }
        var jobs: [Job] = []
        for (index, found) in tagged.enumerated() {
            switch found {
            case .tags(let tags): jobs += tags.map { Job(place: index, tag: $0) }
            case .problem(let problem): problems.append(problem)
            case .candidate(let candidate): candidates.append(candidate)
            }
        }
        let ledger = try ledger()
        // Each name is held once, whatever the number of tags.
        let names = places.map { (name: $0.name.name, target: $0.target) }
        let resolved = try pool.map(jobs) { (job: Job) throws(DerootError) in
            let name = names[job.place].name
            return try isolated("\(name):\(job.tag)") { () throws(DerootError) in
                try resolve(job.tag, of: places[job.place], names[job.place], ledger)
            }
        }
        for found in resolved {
            switch found {
            case .candidate(let candidate): candidates.append(candidate)
            case .problem(let problem): problems.append(problem)
            case .tags: continue
            }
        }
        var plan = try PlanArrangement.plan(
            candidates, target: config.target, shards: shards, problems: problems)
        plan.paces = config.paces
        return plan
    }

    private func isolated(
        _ source: String, _ body: () throws(DerootError) -> Found
    ) throws(DerootError) -> Found {
        do throws(DerootError) {
            try Interruption.check()
            return try body()
        } catch {
            guard error.code != .interrupted else { throw error }
            return .problem(Self.problem(source, error))
        }
    }

    private static func problem(_ source: String, _ error: DerootError) -> MirrorPlan.Problem {
        MirrorPlan.Problem(
            source: source, code: error.code.name, message: error.description,
            isTransient: error.code == .transient)
    }

    private func places(
        _ problems: inout [MirrorPlan.Problem]
    ) throws(DerootError) -> [Place] {
        var places: [Place] = []
        for source in config.sources {
            switch source.place {
            case .repository(let name):
                places.append(Place(name: try ImageName(parsing: name), source: source))
            case .registry(let host, let allow, let deny):
                do throws(DerootError) {
                    var names = try RegistryRepository.catalog(of: host, client: self.source)
                    if !allow.isEmpty {
                        var allowed: Set<String> = []
                        for pattern in allow { allowed.formUnion(try pattern.filter(names)) }
                        names = names.filter(allowed.contains)
                    }
                    for pattern in deny {
                        let denied = try pattern.filter(names)
                        names = names.filter { !denied.contains($0) }
                    }
                    for name in names {
                        let name = try ImageName(parsing: "\(host)/\(name)")
                        // What we wrote ourselves is no source.
                        guard !isOurs(name) else { continue }
                        places.append(Place(name: name, source: source))
                    }
                } catch {
                    guard error.code != .interrupted else { throw error }
                    problems.append(Self.problem(host, error))
                }
            }
        }
        return places
    }

    /// True for repositories below the targets.
    private func isOurs(_ name: ImageName) -> Bool {
        let targets = [config.target] + config.sources.map(\.target)
        return targets.contains { name.name.hasPrefix($0 + "/") && $0.contains("/") }
            || name.repository.hasSuffix(Ledger.repository)
    }

    private func tags(of place: Place) throws(DerootError) -> Found {
        let repository = try RegistryRepository(place.name, .read, client: source, limits: limits)
        let all = try repository.tags()
        guard !all.isEmpty else {
            throw DerootError(.notFound, "the repository has no tags, or does not exist")
        }
        return .tags(try place.source.tags.choose(all))
    }

    private func resolve(
        _ tag: String, of place: Place, _ names: (name: String, target: String), _ ledger: Ledger
    ) throws(DerootError) -> Found {
        let repository = try RegistryRepository(place.name, .read, client: source, limits: limits)
        guard let digest = try repository.digest(of: tag) else {
            throw DerootError(.notFound, "the tag is gone")
        }
        let recipe = place.source.recipe
        let key = LedgerKey(
            source: digest, name: "\(names.name):\(tag)", recipe: recipe.digest)
        let layers = ledger[key] == nil ? try layers(of: digest, in: repository) : []
        return .candidate(
            MirrorCandidate(
                name: names.name, tag: tag, digest: digest, recipe: recipe,
                repository: names.target, layers: layers))
    }

    /// The layers of all platforms; only for the order and the balance, so what is odd is left out.
    private func layers(
        of digest: Digest, in repository: RegistryRepository, depth: Int = 0
    ) throws(DerootError) -> [MirrorCandidate.Layer] {
        guard let stored = try repository.manifest(digest.description) else { return [] }
        guard let document = try? Document(parsing: stored.bytes) else { return [] }
        if let index = try? ImageIndex(document) {
            var layers: [MirrorCandidate.Layer] = []
            for child in index.manifests.prefix(64) where depth < 2 {
                if child.platform?.isUnknown ?? false { continue }
                layers += try self.layers(of: child.digest, in: repository, depth: depth + 1)
            }
            return layers
        }
        guard let manifest = try? Manifest(document) else { return [] }
        return manifest.layers.map { .init(digest: $0.digest, size: $0.size) }
    }
}
