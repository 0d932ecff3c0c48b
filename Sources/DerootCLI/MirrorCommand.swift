package import ArgumentParser
import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootRegistry
import DerootReport

/// `deroot mirror`: many images, night after night, by many machines.
package struct MirrorCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "mirror",
        abstract: "Convert whole repositories or registries into a target registry.",
        discussion: """
            mirror.yaml says what is read, which tags, and where the results go. What was done is kept \
            in the target registry itself, below TARGET/\(Ledger.repository), so that a rerun does only \
            what is new, whoever runs it. Exit status: 0 all done, 75 worth another try, 1 some images \
            cannot be converted (they are listed), 2 not possible, 64 usage, 130/143 interrupted.
            """,
        subcommands: [
            MirrorPlanCommand.self, MirrorRunCommand.self, MirrorStatusCommand.self,
            MirrorPruneCommand.self,
        ])

    package init() {}
}

/// What all parts of `deroot mirror` share.
struct MirrorFlags: ParsableArguments {
    @Option(
        name: .short, help: ArgumentHelp("What is mirrored, and how.", valueName: "mirror.yaml"),
        completion: .yaml)
    var file: String?

    @Option(
        help: ArgumentHelp("A plan that mirror plan made.", valueName: "file"), completion: .json)
    var plan: String?

    @OptionGroup(title: "Registries") var registries: RegistryFlags
    @OptionGroup(title: "Limits") var limits: LimitFlags
    @OptionGroup(title: "Output") var output: OutputFlags

    /// What the commands work with.
    struct Setup {
        let plan: MirrorPlan
        let ledger: Ledger
        let source: RegistryClient
        let destination: RegistryClient
        let pool: WorkerPool
    }

    /// Reads the plan, or makes one of mirror.yaml for so many shards; `processes` says how many do
    /// so at the same time, `access` what is done with the ledger.
    ///
    /// - Throws: `.usage` for neither or both, and what reading and planning throw.
    func setUp(
        shards: Int, processes: Int = 1, _ access: RegistryAccess
    ) throws(DerootError) -> Setup {
        var source = try registries.client(.source)
        var destination = try registries.client(.destination)
        /// All that is asked of a registry counts, the ledger too.
        func pace(_ paces: RequestPaces) {
            source = source.paced(paces)
            destination = destination.paced(paces, with: source)
        }
        switch (file, plan) {
        case (let file?, nil):
            let config = try MirrorConfig(
                parsing: try InputFile.read(file, atMost: 1 << 20), file: file
            ) { (path) throws(DerootError) in try Self.recipes(path, beside: file) }
            pace(config.paces.divided(among: processes))
            let pool = WorkerPool(jobs: limits.jobs ?? config.jobs)
            let opening = Background { [destination] in
                Result { () throws(DerootError) in
                    try Ledger(target: config.target, client: destination, access)
                }
            }
            let plan = try MirrorPlanner(
                config, source: source, pool: WorkerPool(jobs: max(8, pool.jobs)),
                limits: try limits.limits()
            ) { () throws(DerootError) in try opening.value().get() }
            .plan(shards: shards)
            return Setup(
                plan: plan, ledger: try opening.value().get(), source: source,
                destination: destination, pool: pool)
        case (nil, let path?):
            let plan: MirrorPlan
            do throws(DerootError) {
                plan = try MirrorPlan(parsing: try InputFile.read(path, atMost: 1 << 30))
            } catch { throw error.located(in: .init(file: path)) }
            pace(plan.pacesOfShard)
            return Setup(
                plan: plan, ledger: try Ledger(target: plan.target, client: destination, access),
                source: source, destination: destination, pool: WorkerPool(jobs: limits.jobs))
        case (nil, nil):
            throw DerootError(
                .usage, "there is neither a mirror.yaml nor a plan",
                advice: "give -f mirror.yaml or --plan FILE")
        case (.some, .some):
            throw DerootError(.usage, "-f and --plan are given, and either says what to do")
        }
    }

    /// The recipes of a path in mirror.yaml, which begins in that file's folder.
    private static func recipes(
        _ path: String, beside file: String
    ) throws(DerootError) -> [OwnRecipe] {
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let place =
            path.hasPrefix("/") || folder.isEmpty
            ? path : folder.joined(separator: "/") + "/" + path
        var recipes: [OwnRecipe] = []
        for path in try RecipeFiles.paths(place) {
            // Read as a recipe, so that a mistake in it is found now.
            _ = try RecipeFiles.read(path)
            let bytes = try InputFile.read(path, atMost: UInt64(StrictYAML.size))
            recipes.append(OwnRecipe(file: path, text: String(decoding: bytes, as: UTF8.self)))
        }
        return recipes
    }

    /// Tells of keys with several results, which can only be if two machines gave different bytes.
    func warn(_ ledger: Ledger) {
        for key in ledger.contradictions {
            output.note(
                "deroot: warning: the ledger has several results for \(key): conversions differ")
        }
    }
}

/// `deroot mirror plan`.
struct MirrorPlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Resolve tags and write a plan, as JSON, that never changes.")

    @Option(help: ArgumentHelp("Into how many parts the plan is divided.", valueName: "n"))
    var shards = 1

    @OptionGroup var common: MirrorFlags

    func run() throws {
        try Failure.reportedStatus { () throws(DerootError) in try work() }
    }

    private func work() throws(DerootError) -> Int32 {
        guard (1...100_000).contains(shards) else {
            throw DerootError(.usage, "--shards is \(shards), not a number from 1 to 100000")
        }
        guard common.plan == nil else {
            throw DerootError(.usage, "a plan is made of -f mirror.yaml, not of a plan")
        }
        let setup = try common.setUp(shards: shards, .read)
        common.warn(setup.ledger)
        try common.output.result { (sink) throws(DerootError) in
            try setup.plan.write(to: sink)
        }
        let bytes = setup.plan.items.reduce(UInt64(0)) { $0 + $1.bytes }
        common.output.note(
            "\(setup.plan.items.count) images, \(bytes) bytes of layers to be looked at, "
                + "\(setup.plan.problems.count) sources not looked at")
        for problem in setup.plan.problems {
            Console.error("deroot: \(problem.source): \(problem.message)")
        }
        return MirrorOutcome.exitStatus([], problems: setup.plan.problems)
    }
}

/// `deroot mirror status`.
struct MirrorStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say how far a plan is; nothing is changed.")

    @Option(
        help: ArgumentHelp("Write a dashboard to this file.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var html: String?

    @Option(
        help: ArgumentHelp("Where mirror run --reports wrote its pages.", valueName: "folder"),
        completion: .directory)
    var reports: String?

    @OptionGroup var common: MirrorFlags

    func run() throws {
        try Failure.reportedStatus { () throws(DerootError) in try work() }
    }

    private func work() throws(DerootError) -> Int32 {
        let setup = try common.setUp(shards: 1, .read)
        let status = try MirrorStatus(
            setup.plan, ledger: setup.ledger, client: setup.destination, pool: setup.pool)
        if let html {
            let reports = try self.reports.map { (folder) throws(DerootError) in
                try MirrorReports(folder: folder)
            }
            var history = MirrorHistory()
            history.name(target: setup.plan.target, tool: Version.text)
            for (item, standing) in status.standings {
                history.take(
                    standing: standing.name, source: item.source, repository: item.repository,
                    tags: item.tags, message: standing.message,
                    report: reports?.existing(item), in: reports?.folder)
            }
            try DashboardFile.write(history, to: html)
        }
        if common.output.format == .json {
            try common.output.result { (sink) throws(DerootError) in try status.write(to: sink) }
        } else {
            try common.output.result(status.lines.joined(separator: "\n") + "\n")
        }
        return status.exitStatus
    }
}

/// `deroot mirror prune`.
struct MirrorPruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Delete ledger entries that the plan does not ask for; list them without --yes.",
        discussion: """
            Images and their tags are never deleted. The registry must allow deletion; exit status 2 \
            where it does not.
            """)

    @Flag(help: "Delete, and do not only list.")
    var yes = false

    @OptionGroup var common: MirrorFlags

    func run() throws {
        try Failure.reported { () throws(DerootError) in try work() }
    }

    private func work() throws(DerootError) {
        let setup = try common.setUp(shards: 1, yes ? .write : .read)
        guard setup.plan.problems.isEmpty else {
            throw DerootError(
                .transient, "\(setup.plan.problems.count) sources could not be looked at",
                advice: "their entries would be taken for superfluous; try again later")
        }
        let (gone, kept, refusal) = try setup.ledger.prune(
            keeping: Set(setup.plan.items.map(\.key)), dryRun: !yes)
        try common.output.result(gone.map { $0 + "\n" }.joined())
        common.output.note(
            yes ? "\(gone.count) entries deleted" : "\(gone.count) entries would be deleted")
        guard let refusal else { return }
        throw DerootError(
            refusal.code, "\(kept.count) entries were not deleted: \(refusal.message)",
            advice: refusal.code == .denied
                ? "prune needs the right to delete in \(setup.plan.target)/\(Ledger.repository)"
                : "the registry deletes nothing by its API, or not now; entries that nobody asks for "
                    + "do no harm")
    }
}
