import DerootBytes
import DerootTar

/// NR043: HOME in the environment, closed for the user.
package enum PinnedHome: ImageRule {
    package static let rule = Rule(
        "NR043", "home-env", .warn, "HOME leads to a directory that the user may not enter",
        help: """
            The environment pins HOME, mostly to /root, and the user may not enter it: tools \
            fail over their dotfiles and caches. convert sets HOME to the account's own home.
            """,
        classes: [24])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let plan = image.plan, !image.isConverted, let before = plan.homeBefore,
            before != plan.homeAfter
        else { return [] }
        return found(
            "HOME is \(printable(before.utf8)), which the user may not enter",
            at: [
                Finding.Evidence(
                    .config("config.Env"), before: printable("HOME=\(before)".utf8),
                    after: plan.homeAfter.map { "HOME=\(printable($0.utf8))" })
            ], fix: .automatic("HOME becomes the account's home"))
    }
}
