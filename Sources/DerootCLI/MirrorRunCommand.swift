import ArgumentParser
import DerootBytes
import DerootMirror
import DerootOCI
import DerootRegistry
import DerootReport
import Glibc
import Synchronization

/// `deroot mirror run`.
struct MirrorRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Do a plan, or one shard of it.",
        discussion: """
            The shard comes from --shard, DEROOT_SHARD_INDEX and DEROOT_SHARD_COUNT (from 0), or the \
            variables of Kubernetes, Slurm, GitLab, AWS Batch, Cloud Run, CircleCI, Buildkite or \
            Bitbucket. An index without a total is an error.
            """)

    @Option(help: ArgumentHelp("Which part, from 1: 3/8.", valueName: "i/n"))
    var shard: String?

    @Flag(help: "Afterwards, do what other shards have left undone.")
    var sweep = false

    @Option(
        help: ArgumentHelp("Append a JSON line for every image to this file.", valueName: "file"),
        completion: .file())
    var log: String?

    @Option(
        help: ArgumentHelp("Write the figures as OpenMetrics to this file.", valueName: "file"),
        completion: .file())
    var metrics: String?

    @Option(
        help: ArgumentHelp("Write a dashboard of this run to this file.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var html: String?

    @Option(
        help: ArgumentHelp("Write a page about each image into this folder.", valueName: "folder"),
        completion: .directory)
    var reports: String?

    @Option(
        help: ArgumentHelp(
            "Keep what was learnt of layers, and their converted forms, in this folder.",
            discussion: "Any number of processes may use one folder at the same time.",
            valueName: "folder"), completion: .directory)
    var cache: String?

    @Option(help: ArgumentHelp("The most that the cache may hold: 10G, 500M.", valueName: "bytes"))
    var cacheSize = "10G"

    @OptionGroup var common: MirrorFlags

    func run() throws {
        try Failure.reportedStatus { () throws(DerootError) in try work() }
    }

    private func work() throws(DerootError) -> Int32 {
        let environment = try SettingsEnvironment.current()
        let decision = try Shard.detect(flag: shard, variables: environment.variables)
        common.output.note("shard \(decision.shard) (\(decision.reason))")
        let setup = try common.setUp(
            shards: decision.shard.count, processes: decision.shard.count, .write)
        common.warn(setup.ledger)
        let log = try self.log.map { (path) throws(DerootError) in try MirrorLog(path) }
        var run = MirrorRun(
            setup.plan, ledger: setup.ledger, source: setup.source,
            destination: setup.destination)
        run.pool = setup.pool
        run.limits = try common.limits.limits()
        run.reports = try reports.map { (folder) throws(DerootError) in
            try MirrorReports(folder: folder)
        }
        run.cache = try cache.map { (folder) throws(DerootError) in
            try LayerCache(
                folder: folder, bytes: try LimitFlags.bytes(cacheSize, "--cache-size"))
        }
        let history = html == nil ? nil : HistoryHolder()
        let journal = MirrorJournal(decision.shard) { line in
            log?.write(line)
            history?.take(line)
        }
        let output = common.output
        let items = try run.items(of: decision.shard)
        let progress = MirrorProgress(output, items)
        journal.begin(setup.plan, items, reports: run.reports?.folder)
        let isKept = log != nil || history != nil
        run.observer = { event in
            if isKept { journal.take(event) }
            progress.take(event)
        }
        let figures = try run.run(decision.shard, sweep: sweep)
        progress.clear()
        journal.end(figures)
        do throws(DerootError) {
            try tell(figures, history)
        } catch {
            // Why the run ended early is what its exit status says.
            guard figures.failure != nil else { throw error }
            Console.error("deroot: \(error)")
        }
        if let failure = figures.failure { throw failure }
        return figures.exitStatus
    }

    /// Writes what is asked for.
    private func tell(
        _ figures: MirrorFigures, _ history: HistoryHolder?
    ) throws(DerootError) {
        let output = common.output
        if let html, let history { try DashboardFile.write(history.history, to: html) }
        for problem in figures.problems {
            Console.error("deroot: \(problem.source): \(problem.message)")
        }
        if let metrics {
            try OutputFile.write(
                Array(figures.metrics(now: Int64(Glibc.time(nil))).utf8), to: metrics)
        }
        if output.format == .json {
            let document = figures.json(time: Self.time())
            try output.result(
                String(decoding: document.serialized(indented: true), as: UTF8.self) + "\n")
        } else {
            try output.result(figures.text + "\n")
        }
    }

    private static func time() -> String {
        Timestamp(seconds: Int64(Glibc.time(nil))).description
    }
}

/// Collects lines for a dashboard, from any thread.
private final class HistoryHolder: Sendable {
    private let state = Mutex(MirrorHistory())

    var history: MirrorHistory { state.withLock { $0 } }

    func take(_ line: JSON) { state.withLock { $0.take(line) } }
}

/// A file to which lines are appended, whole ones, from any thread and any process.
final class MirrorLog: Sendable {
    private let file: FileHolder

    /// Opens or creates the file.
    ///
    /// - Throws: `.io`.
    init(_ path: String) throws(DerootError) {
        file = FileHolder(
            try File.opening(path, flags: O_WRONLY | O_CREAT | O_APPEND, permissions: 0o644))
    }

    /// Appends a document as a line; where that fails, the run is more important.
    func write(_ json: JSON) {
        // One write(2): the kernel appends it as a whole.
        _ = try? file.file.write(json.serialized() + [0x0A])
    }

    private final class FileHolder: Sendable {
        let file: File
        init(_ file: consuming File) { self.file = file }
    }
}
