import DerootBytes
import DerootTar

/// NR021: step-downs without a test of the uid.
package enum UnguardedStep: ImageRule {
    package static let rule = Rule(
        "NR021", "stepdown-unguarded", .block,
        "The start becomes another user without asking who it is",
        help: """
            The start runs gosu, su-exec, su, setpriv or the like whoever it is. As a user other \
            than root that fails: "setgroups: Operation not permitted", and the container ends. \
            A recipe changes the line or the entrypoint; some vendors have a rootless image of \
            their own.
            """,
        classes: [9])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let steps = image.chain.stepDowns.filter { !$0.isGuarded && !isHarmless($0, image) }
        let certain = steps.filter { !$0.circumstances.isConditional }
        let others = steps.filter { $0.circumstances.isConditional }
        let fix = Finding.Fix.recipe("a recipe takes the step out of the start")
        return found(
            "\(certain.first.map(Step.text) ?? "") fails for a user that is not root",
            at: certain.map { $0.at.evidence(in: image, before: Step.text($0)) }, confidence: .seen,
            fix: fix)
            + found(
                "\(others.first.map(Step.text) ?? "") may be reached and fails for a user that is not root",
                at: others.map { $0.at.evidence(in: image, before: Step.text($0)) },
                severity: .warn, confidence: .likely, fix: fix)
    }

    /// True for supervisord's `user=` where that is who runs it anyway.
    private static func isHarmless(_ step: StartChain.StepDown, _ image: CheckedImage) -> Bool {
        guard step.tool == "supervisord", let owner = image.identity else { return false }
        let resolved = try? ImageUser(step.account, in: image.accounts)
        return resolved == .nonRoot(uid: owner.uid, gid: owner.gid)
    }
}
