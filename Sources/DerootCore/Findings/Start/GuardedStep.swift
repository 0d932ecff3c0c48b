import DerootBytes
import DerootTar

/// NR020: step-downs that only root comes to.
package enum GuardedStep: ImageRule {
    package static let rule = Rule(
        "NR020", "stepdown-guarded", .info, "The start script becomes another user, if it is root",
        help: """
            The script runs gosu, su-exec, setpriv or the like under a test of the uid, so a \
            container that starts as another user passes it by: nothing has to be changed. \
            --user adopt runs the image as the account that the script would take, to whom the \
            data belongs.
            """,
        classes: [8])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let steps = image.chain.stepDowns.filter(\.isGuarded)
        let accounts = Set(steps.compactMap(\.account)).sorted().map { printable($0.utf8) }
        let fix: Finding.Fix =
            image.chain.adoptable == nil
            ? .none("nothing is needed") : .option("--user adopt runs it as that account")
        return found(
            "the start steps down to \(accounts.isEmpty ? "another user" : accounts.joined(separator: ", ")) if it is root",
            at: steps.map { $0.at.evidence(in: image, before: Step.text($0)) },
            confidence: steps.contains { !$0.circumstances.isConditional } ? .seen : .likely,
            fix: fix)
    }
}
