import DerootBytes
import DerootOCI
import DerootTar

/// NR003: the config's User is a name that does not resolve.
package enum UnresolvableUser: ImageRule {
    package static let rule = Rule(
        "NR003", "unresolvable-user", .block, "The user is not in the image's account files",
        help: """
            A name in the config's User has no row in the image's own /etc/passwd, or its group \
            none in /etc/group, so runtimes refuse to create the container: "unable to find \
            user: no matching entries in passwd file". Nobody can know which account was meant: \
            say it with --user UID:GID.
            """,
        classes: [3])

    package static func findings(in image: CheckedImage) -> [Finding] {
        do throws(DerootError) {
            _ = try ImageUser(image.config.user, in: image.accounts)
            return []
        } catch {
            guard !NumberRange.isOutside(image.config.user) else { return [] }
            let raw = printable((image.config.user ?? "").utf8)
            let after = image.plan?.userAfter
            return found(
                error.message,
                at: [Finding.Evidence(.config("config.User"), before: raw, after: after)],
                fix: after.map { .automatic("User becomes \($0)") }
                    ?? .option("--user UID:GID names the account"))
        }
    }
}
