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

    private struct Job: Sendable {
        let name: ImageName
        let source: MirrorConfig.Source
    }

    private enum Found: Sendable {
        case jobs([Job])
        case candidate(MirrorCandidate)
        case problem(MirrorPlan.Problem)
    }

    /// Makes the plan; what cannot be looked at is listed in it and stops nothing else.
    ///
    /// - Throws: `.usage` where two sources want the same tag, `.interrupted`.
    package func plan(shards: Int) throws(DerootError) -> MirrorPlan {
        var problems: [MirrorPlan.Problem] = []
        var candidates: [MirrorCandidate] = []
        var jobs: [Job] = []
        let repositories = try repositories(&problems)
        let tagged = try pool.map(repositories) { (job: Job) throws(DerootError) in
            try isolated(job.name.name) { () throws(DerootError) in try tags(of: job) }
        }
        for found in tagged {
            switch found {
            case .jobs(let more): jobs += more
            case .problem(let problem): problems.append(problem)
            case .candidate(let candidate): candidates.append(candidate)
            }
        }
        let ledger = try ledger()
        let resolved = try pool.map(jobs) { (job: Job) throws(DerootError) in
            try isolated(job.name.description) { () throws(DerootError) in
                try resolve(job, ledger)
            }
        }
        for found in resolved {
            switch found {
            case .candidate(let candidate): candidates.append(candidate)
            case .problem(let problem): problems.append(problem)
            case .jobs: continue
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

    private func repositories(
        _ problems: inout [MirrorPlan.Problem]
    ) throws(DerootError) -> [Job] {
        var jobs: [Job] = []
        for source in config.sources {
            switch source.place {
            case .repository(let name):
                jobs.append(Job(name: try ImageName(parsing: name), source: source))
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
                        jobs.append(Job(name: name, source: source))
                    }
                } catch {
                    guard error.code != .interrupted else { throw error }
                    problems.append(Self.problem(host, error))
                }
            }
        }
        return jobs
    }

    /// True for repositories below the targets.
    private func isOurs(_ name: ImageName) -> Bool {
        let targets = [config.target] + config.sources.map(\.target)
        return targets.contains { name.name.hasPrefix($0 + "/") && $0.contains("/") }
            || name.repository.hasSuffix(Ledger.repository)
    }

    private func tags(of job: Job) throws(DerootError) -> Found {
        let repository = try RegistryRepository(job.name, .read, client: source, limits: limits)
        let all = try repository.tags()
        guard !all.isEmpty else {
            throw DerootError(.notFound, "the repository has no tags, or does not exist")
        }
        var jobs: [Job] = []
        for tag in try job.source.tags.choose(all) {
            jobs.append(
                Job(
                    name: try ImageName(parsing: "\(job.name.name):\(tag)"), source: job.source))
        }
        return .jobs(jobs)
    }

    private func resolve(_ job: Job, _ ledger: Ledger) throws(DerootError) -> Found {
        let repository = try RegistryRepository(job.name, .read, client: source, limits: limits)
        let tag = job.name.tag ?? "latest"
        guard let digest = try repository.digest(of: tag) else {
            throw DerootError(.notFound, "the tag is gone")
        }
        let recipe = job.source.recipe
        let key = LedgerKey(
            source: digest, name: job.name.description, recipe: recipe.digest)
        let layers = ledger[key] == nil ? try layers(of: digest, in: repository) : []
        let target = job.source.exactTarget ?? "\(job.source.target)/\(job.name.repository)"
        return .candidate(
            MirrorCandidate(
                source: job.name.description, digest: digest, recipe: recipe, repository: target,
                tag: tag, layers: layers))
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
