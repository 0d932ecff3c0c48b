import DerootBytes
import DerootTar

/// NR024: commands of start scripts that need root, unguarded.
package enum RootOnlyCommand: ImageRule {
    package static let rule = Rule(
        "NR024", "root-only-command", .warn, "The start script does what only root may",
        help: """
            chown, useradd, package managers, mount, sysctl and the like fail for other users. \
            Under set -e, where nothing catches the failure, the script ends there; otherwise it \
            goes on with a message. Files are handed over at conversion instead (--own PATH); a \
            recipe takes the line out.
            """,
        classes: [26, 38])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let commands = image.chain.rootCommands.filter { !$0.circumstances.isGuarded }
        let fatal = commands.filter { $0.circumstances.isFatal && !$0.circumstances.isConditional }
        let others = commands.filter { !$0.circumstances.isFatal || $0.circumstances.isConditional }
        func places(_ commands: [StartChain.RootCommand]) -> [Finding.Evidence] {
            commands.map { $0.at.evidence(in: image, before: printable($0.text.utf8)) }
        }
        let fix = Finding.Fix.recipe("a recipe takes the line out; --own PATH replaces chown")
        return found(
            "\(count(fatal.count, "command", "commands")) for root only, and set -e ends the script there",
            at: places(fatal), confidence: .seen, fix: fix)
            + found(
                "\(count(others.count, "command", "commands")) for root only", at: places(others),
                confidence: .likely, fix: fix)
    }
}
