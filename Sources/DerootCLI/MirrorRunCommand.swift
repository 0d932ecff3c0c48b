import ArgumentParser
import DerootBytes
import DerootMirror
import DerootOCI
import DerootRegistry
import Glibc

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

    @OptionGroup var common: MirrorFlags

    func run() throws {
        try Failure.reportedStatus { () throws(DerootError) in try work() }
    }

    private func work() throws(DerootError) -> Int32 {
        let environment = try SettingsEnvironment.current()
        let decision = try Shard.detect(flag: shard, variables: environment.variables)
        common.output.note("shard \(decision.shard) (\(decision.reason))")
        let setup = try common.setUp(shards: decision.shard.count)
        common.warn(setup.ledger)
        let log = try self.log.map { (path) throws(DerootError) in try MirrorLog(path) }
        var run = MirrorRun(
            setup.plan, ledger: setup.ledger, source: setup.source,
            destination: setup.destination)
        run.pool = setup.pool
        run.limits = try common.limits.limits()
        let output = common.output
        run.observer = { outcome in
            log?.write(outcome.json(time: Self.time()))
            output.note(Self.line(outcome))
        }
        let figures = try run.run(decision.shard, sweep: sweep)
        for problem in figures.problems {
            Console.error("deroot: \(problem.source): \(problem.message)")
        }
        log?.write(figures.json(time: Self.time()))
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
        return figures.exitStatus
    }

    private static func time() -> String {
        Timestamp(seconds: Int64(Glibc.time(nil))).description
    }

    /// A line for people about an image.
    private static func line(_ outcome: MirrorOutcome) -> String {
        let name = outcome.ending.name
        let padded = name + String(repeating: " ", count: max(1, 11 - name.utf8.count))
        let item = outcome.item
        var line =
            "\(padded)\(item.source) → \(item.repository):\(item.tags.joined(separator: ","))"
        switch outcome.ending {
        case .converted(let digest), .unchanged(let digest), .reused(let digest, _):
            line += "  \(digest.short)"
        case .refused(_, let message, _), .failed(_, let message), .transient(let message):
            line += ": \(message)"
        }
        return line
    }
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
