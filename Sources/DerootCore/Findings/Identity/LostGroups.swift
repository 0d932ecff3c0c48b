import DerootBytes
import DerootTar

/// NR006: groups of the account that UID:GID does not have.
package enum LostGroups: ImageRule {
    package static let rule = Rule(
        "NR006", "lost-groups", .warn, "Further groups of the account are lost",
        help: """
            Where User has the form UID:GID, runtimes give the process that group only: what \
            /etc/group says of further memberships is not looked at (OCI image-spec, config.md). \
            Paths that rely on such a group are closed then: hand them over with --own PATH.
            """,
        classes: [5])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let owner = image.identity, let row = image.accounts.passwd.row(id: owner.uid),
            let place = image.accounts.places[.group]
        else { return [] }
        let rows = image.accounts.group.rows.filter { group in
            group.id != owner.gid && group.members.contains(row.name)
        }
        guard !rows.isEmpty else { return [] }
        let names = rows.map { printable($0.name) }.joined(separator: ", ")
        return found(
            "\(printable(row.name)) is a member of \(names), which UID:GID leaves out",
            at: rows.map {
                image.evidence(at: place.path, line: $0.line, before: AccountLine.text($0))
            },
            fix: .option("--own PATH hands over what such a group could reach"))
    }
}
