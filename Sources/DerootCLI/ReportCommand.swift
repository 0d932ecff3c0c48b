package import ArgumentParser
import DerootBytes
import DerootOCI
import DerootReport

/// `deroot report`: reports as a page.
package struct ReportCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make an HTML page of reports.",
        discussion: """
            REPORT is what check --format json or convert --report wrote. The page is one file \
            without scripts; it can be looked at, printed and sent.
            """)

    @Argument(help: ArgumentHelp("The reports, JSON.", valueName: "report"), completion: .json)
    var reports: [String]

    @Option(
        name: .short,
        help: ArgumentHelp(
            "Write the page to this file; default standard output.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var output: String?

    package init() {}

    package func run() throws {
        try Failure.reported { () throws(DerootError) in try work() }
    }

    private func work() throws(DerootError) {
        guard !reports.isEmpty else { throw DerootError(.usage, "no report is named") }
        var pages: [ReportPage] = []
        for path in reports {
            let bytes = try InputFile.read(path, atMost: 1 << 28)
            let json: JSON
            do throws(DerootError) {
                json = try JSON.parse(bytes)
            } catch {
                var error = error.located(in: .init(file: path))
                error.advice = "give what check --format json or convert --report wrote"
                throw error
            }
            pages.append(try ReportPage(json, file: path))
        }
        let text = Array(HTMLPage.text(pages).utf8)
        guard let output else {
            try File.standardOutput.write(text)
            return
        }
        try OutputFile.write(text, to: output)
    }
}
