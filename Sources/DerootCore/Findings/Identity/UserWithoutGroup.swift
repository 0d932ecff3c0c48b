import DerootBytes
import DerootOCI
import DerootTar

/// NR004: a bare uid without a row, whose group would be 0.
package enum UserWithoutGroup: ImageRule {
    package static let rule = Rule(
        "NR004", "uid-without-group", .warn, "A number without a group runs with group 0",
        help: """
            User is a bare number and no row of /etc/passwd has it, so runtimes give the process \
            the group 0: files of root's group are open to it, and gates against the root group \
            fail. convert writes the group too.
            """,
        classes: [4])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let user = image.config.user, let uid = AccountFile.number(Array(user.utf8)), uid > 0,
            image.accounts.passwd.row(id: uid) == nil
        else { return [] }
        return found(
            "User '\(uid)' has no group and no row, so it runs with group 0",
            at: [
                Finding.Evidence(.config("config.User"), before: user, after: image.plan?.userAfter)
            ],
            fix: .option("the group is written out; --user \(uid):GID chooses another than 0"))
    }
}
