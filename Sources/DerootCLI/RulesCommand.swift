package import ArgumentParser
import DerootBytes
import DerootCore
import DerootReport

/// `deroot rules`: the catalogue; hidden, since `docs/rules` is what people read.
package struct RulesCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "List the rules of check, or write their pages.",
        shouldDisplay: false)

    @Option(help: ArgumentHelp("Write a page for each rule into this folder.", valueName: "dir"))
    var docs: String?

    package init() {}

    package func run() throws {
        try Failure.reported { () throws(DerootError) in try work() }
    }

    private func work() throws(DerootError) {
        guard let docs else {
            let lines = Rules.all.map { "\($0.id)  \($0.severity.rawValue)  \($0.title)\n" }
            try File.standardOutput.write(Array(lines.joined().utf8))
            return
        }
        for page in RulePages.all(Rules.all) {
            try OutputFile.write(Array(page.text.utf8), to: "\(docs)/\(page.name)")
        }
    }
}
