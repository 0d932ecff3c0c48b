package import ArgumentParser
import DerootBytes
import DerootReport

/// `deroot report`: reports as a page.
package struct ReportCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make an HTML page of reports, or a dashboard of mirror runs.",
        discussion: """
            REPORT is what check --format json or convert --report wrote, or the logs of mirror run \
            --log, of all shards together. The page is one file without scripts; it can be looked \
            at, printed and sent.
            """)

    @Argument(
        help: ArgumentHelp("The reports, JSON, or logs, JSON lines.", valueName: "report"),
        completion: .file(extensions: ["json", "jsonl"]))
    var files: [String]

    @Option(
        name: .short,
        help: ArgumentHelp(
            "Write the page to this file; default standard output.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Where the pages of images are, for a dashboard; default: where the logs say.",
            valueName: "folder"), completion: .directory)
    var reports: String?

    package init() {}

    package func run() throws {
        try Failure.reported { () throws(DerootError) in try work() }
    }

    private func work() throws(DerootError) {
        guard !files.isEmpty else { throw DerootError(.usage, "no report is named") }
        var pages: [ReportPage] = []
        var history: MirrorHistory?
        for path in files {
            let file = try ReportFile(path)
            guard DashboardFile.isLog(try file.beginning(DashboardFile.lookedAt)) else {
                pages.append(try ReportPage(file))
                continue
            }
            if history == nil { history = MirrorHistory() }
            try history?.read(file)
        }
        if let history {
            guard pages.isEmpty else {
                throw DerootError(
                    .usage, "reports of images and logs of mirror runs are different pages",
                    advice: "make a page of each")
            }
            try DashboardFile.write(history, to: output, reports: reports)
            return
        }
        let text = Array(HTMLPage.text(pages).utf8)
        guard let output else {
            try File.standardOutput.write(text)
            return
        }
        try OutputFile.write(text, to: output)
    }
}
