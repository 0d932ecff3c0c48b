import DerootBytes
import DerootTar

/// NR024: commands of start scripts that need root, unguarded.
package enum RootOnlyCommand: ImageRule {
    package static let rule = Rule(
        "NR024", "root-only-command", .warn, "The start script does what only root may",
        help: """
            chown, useradd, package managers, mount, sysctl and the like fail for other users. \
            Under set -e, where nothing catches the failure, the script ends there; otherwise it \
            goes on with a message. Where that is certain, the finding blocks: the container could \
            not start. Files are handed over at conversion instead (--own PATH); a recipe takes the \
            line out.
            """,
        classes: [26, 38])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let commands = image.chain.rootCommands.filter { !$0.circumstances.isGuarded }
        func places(_ commands: [StartChain.RootCommand]) -> [Finding.Evidence] {
            commands.map { $0.at.evidence(in: image, before: printable($0.text.utf8)) }
        }
        let fix = Finding.Fix.recipe("a recipe takes the line out; --own PATH replaces chown")
        let fatal = commands.filter { $0.circumstances.isFatal && !$0.circumstances.isConditional }
        let others = commands.filter { !$0.circumstances.isFatal || $0.circumstances.isConditional }
        let certain = fatal.filter { isCertain($0, image) }
        let unsure = fatal.filter { !isCertain($0, image) }
        return found(
            "\(certain.first?.name ?? "") is for root only, and set -e ends the script there",
            at: places(certain), severity: .block, confidence: .seen, fix: fix)
            + found(
                "\(count(unsure.count, "command", "commands")) for root only may end the script, for set -e",
                at: places(unsure), confidence: .likely, fix: fix)
            + found(
                "\(count(others.count, "command", "commands")) for root only", at: places(others),
                confidence: .likely, fix: fix)
    }

    /// True where the command can only fail: it is there, and what it asks for is root's to do.
    private static func isCertain(
        _ command: StartChain.RootCommand, _ image: CheckedImage
    ) -> Bool {
        guard let path = image.start.find(command.name) else { return false }
        let words = command.text.split(separator: " ")
        switch command.name {
        // What is the user's own may be given to the user; and these may find nothing to do.
        case "chown":
            let options = words.dropFirst().prefix { $0.hasPrefix("-") }
            let isPlain = options.allSatisfy { !$0.hasPrefix("--from") && !$0.hasPrefix("--ref") }
            guard isPlain, let owner = image.identity,
                let word = words.dropFirst(1 + options.count).first
            else { return false }
            let account = word.hasSuffix(":") ? word.dropLast() : word
            switch try? ImageUser(String(account), in: image.accounts) {
            case .root: return !account.isEmpty && !account.hasPrefix(":")
            case .nonRoot(let uid, _): return uid != owner.uid
            case nil: return false
            }
        case "chgrp", "service", "systemctl", "update-alternatives", "passwd": return false
        // Without the bit that conversions take away they are nobody.
        case "sudo", "doas":
            guard let entry = image.tree.resolve(path).node.flatMap({ image.tree.entry(of: $0) })
            else { return false }
            return image.tree[entry].mode & 0o4000 == 0
        default: return true
        }
    }
}
