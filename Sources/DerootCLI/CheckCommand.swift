package import ArgumentParser
import DerootBytes
import DerootCore
import DerootOCI
import DerootRegistry
import DerootReport
import DerootStore

/// `deroot check`: what makes images need root, and would they pass.
package struct CheckCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say what makes images need root, and whether they would pass.",
        discussion: """
            IMAGE is what convert takes as SRC. Nothing is written. Each image gets a verdict: READY \
            (converts and starts), READY-ON platforms (where low ports may be bound), NEEDS-RECIPE, \
            REFUSED, SKIPPED, ALREADY (is non-root). The options of convert count here too, since \
            they decide what comes out.

            Exit status: 0 passed, 1 findings of severity error (--fail-on), 2 an image could not be \
            read, 64 usage, 75 try again later. One image that cannot be read does not stop the others.
            """)

    @Argument(
        help: ArgumentHelp("The images to look at.", valueName: "image"), completion: .image)
    var images: [String]

    @OptionGroup(title: "What fails") var policy: PolicyFlags

    @Flag(help: "Show what would be found in the converted images.")
    var converted = false

    @OptionGroup(title: "What convert would be asked for") var conversion: ConversionFlags
    @OptionGroup(title: "Limits") var limits: LimitFlags
    @OptionGroup(title: "Registries") var registries: RegistryFlags
    @OptionGroup(title: "Output") var output: CheckOutputFlags

    package init() {}

    package func run() throws {
        var status: Int32 = 0
        try Failure.reported { () throws(DerootError) in status = try work() }
        if status != 0 { throw ExitCode(status) }
    }

    private func work() throws(DerootError) -> Int32 {
        guard !images.isEmpty else { throw DerootError(.usage, "no image is named") }
        // Everything that is wrong with the command line comes before any work.
        let policy = try policy.policy(now: Environment.now)
        let limits = try limits.limits()
        let platform = try conversion.wantedPlatform()
        let options = try conversion.options(compressesPlain: false)
        var sources: [(text: String, reference: TransportReference?, error: DerootError?)] = []
        for text in images {
            do throws(DerootError) {
                sources.append((text, try TransportReference(parsing: text), nil))
            } catch {
                if error.code == .usage { throw error }
                sources.append((text, nil, error))
            }
        }
        for entry in policy.expired {
            output.note(
                "deroot: accepted until \(entry.until ?? ""), which is over: \(entry.name)")
        }
        let progress = try ProgressLine(quiet: output.quiet, mode: output.progress)
        defer { progress.clear() }
        let style = output.style
        let text = CheckText(
            style, isDetailed: output.verbose, showsTree: output.tree, showsHints: output.hints)
        var references: [CheckOutcome.Reference] = []
        for source in sources {
            do throws(DerootError) {
                if let error = source.error { throw error }
                guard let reference = source.reference else { continue }
                let image = try reference.openSource(limits: limits) {
                    () throws(DerootError) in
                    try registries.client(.source, observer: progress.show)
                }
                for remark in image.remarks { output.note("deroot: note: \(remark)") }
                var check = Check(image, options)
                check.platform = platform
                check.recipes = try conversion.recipes.library()
                check.limits = limits
                check.pool = WorkerPool(jobs: self.limits.jobs)
                check.showsConverted = converted
                check.observer = { progress.show($0) }
                let report = policy.grade(try check.run())
                progress.clear()
                references.append(.checked(report))
                // What is found is shown as soon as it is known.
                if output.format == .text, output.output == nil {
                    try output.result(shown(report, text, style))
                }
            } catch {
                progress.clear()
                if error.code == .interrupted { throw error }
                Console.error("deroot: \(error.located(in: .init(file: source.text)))")
                references.append(.failed(source: source.text, error))
            }
        }
        let outcome = CheckOutcome(
            references: references, policy: policy, options: options.description,
            isConverted: converted)
        try finish(outcome, text, style)
        return outcome.exitStatus
    }

    private func shown(_ report: GradedReport, _ text: CheckText, _ style: TextStyle) -> String {
        let lines =
            output.quiet
            ? text.verdictLines(report) : text.lines(report, isConverted: converted)
        return lines.map { style.encoded($0) + "\n" }.joined()
    }

    private func finish(
        _ outcome: CheckOutcome, _ text: CheckText, _ style: TextStyle
    ) throws(DerootError) {
        switch output.format {
        case .text:
            guard output.output != nil else { return }
            try output.result(outcome.reports.map { shown($0, text, style) }.joined())
        case .json:
            try output.result(Self.text(CheckJSON.document(outcome)))
        case .sarif:
            try output.result(Self.text(CheckSARIF.document(outcome)))
        case .junit:
            try output.result(CheckJUnit.text(outcome, rules: Rules.all))
        case .html:
            let page = try ReportPage(CheckJSON.document(outcome), file: "check")
            try output.result(HTMLPage.text([page]))
        }
    }

    private static func text(_ json: JSON) -> String {
        String(decoding: json.serialized(indented: true), as: UTF8.self)
    }
}

extension ProgressLine {
    /// The line for commands that have output flags of their own.
    convenience init(quiet: Bool, mode: OutputFlags.Progress) throws(DerootError) {
        let words = ["--progress", mode.rawValue] + (quiet ? ["--quiet"] : [])
        do {
            self.init(try OutputFlags.parse(words))
        } catch {
            throw DerootError(.usage, "--progress is \(mode.rawValue)")
        }
    }
}
