import DerootBytes
import DerootTar

/// NR062: several accounts in the start chain.
package enum ManyAccounts: ImageRule {
    package static let rule = Rule(
        "NR062", "multi-account", .warn, "The start works with several accounts",
        help: """
            Scripts and configuration files name more than one account besides root: pools of \
            php-fpm, nginx beside a database, mail servers. One container has one user, so \
            either one account owns everything or the image has to be split.
            """,
        classes: [31])

    package static func findings(in image: CheckedImage) -> [Finding] {
        var accounts: [String: Finding.Evidence] = [:]
        for step in image.chain.stepDowns {
            guard let account = step.account?.split(separator: ":").first.map(String.init),
                !["root", "0"].contains(account), accounts[account] == nil
            else { continue }
            accounts[account] = step.at.evidence(in: image, before: printable(account.utf8))
        }
        for line in image.serverLines where line.words.count >= 2 {
            guard ["user", "User"].contains(line.words[0]), line.words[1] != "root",
                Identity.isName(line.words[1]), accounts[line.words[1]] == nil
            else { continue }
            accounts[line.words[1]] = image.evidence(
                at: line.path, line: line.number, before: printable(line.text.utf8))
        }
        guard accounts.count > 1 else { return [] }
        let sorted = accounts.sorted { $0.key < $1.key }
        return found(
            "the start names \(sorted.map { printable($0.key.utf8) }.joined(separator: ", "))",
            at: sorted.map(\.value), confidence: .guess,
            fix: .none("one account for all, or one container for each"))
    }
}
