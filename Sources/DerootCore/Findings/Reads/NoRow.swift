import DerootBytes
import DerootOCI
import DerootTar

/// NR044: a uid without a row.
package enum NoRow: ImageRule {
    package static let rule = Rule(
        "NR044", "no-passwd-row", .warn, "The user has no row in /etc/passwd",
        help: """
            Programs that look themselves up fail: initdb "could not look up effective user ID", \
            ssh "No user exists for uid", git, Java and Python in their own ways. convert adds \
            rows for the user and the group.
            """,
        classes: [30])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard case .nonRoot(let uid, _) = try? ImageUser(image.config.user, in: image.accounts),
            image.accounts.passwd.row(id: uid) == nil
        else { return [] }
        return found(
            "user \(uid) has no row in /etc/passwd",
            at: [
                Finding.Evidence(
                    .config("config.User"), before: printable((image.config.user ?? "").utf8))
            ], fix: .automatic("rows for the user and the group are added"))
    }
}
