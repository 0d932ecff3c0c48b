import DerootBytes
import DerootOCI
import DerootTar

/// NR005: a user other than root in group 0.
package enum RootGroup: ImageRule {
    package static let rule = Rule(
        "NR005", "root-group", .warn, "The user's group is root's",
        help: """
            The process has gid 0, so what root's group may read or write is open to it (Trivy \
            KSV-0116). OpenShift wants exactly this, with a uid of its own choice, so convert \
            keeps the group that the image chose; --user UID:GID gives another.
            """,
        classes: [5])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard
            case .nonRoot(let uid, let gid) = try? ImageUser(image.config.user, in: image.accounts)
        else { return [] }
        var places: [Finding.Evidence] = []
        if gid == 0 {
            places.append(
                Finding.Evidence(
                    .config("config.User"), before: printable((image.config.user ?? "").utf8)))
        }
        let names = image.accounts.passwd.row(id: uid).map { [$0.name] } ?? []
        let isNumberPair = image.config.user?.utf8.contains(UInt8(ascii: ":")) ?? false
        for row in image.accounts.group.rows
        where row.id == 0 && !isNumberPair && row.members.contains(where: { names.contains($0) }) {
            guard let place = image.accounts.places[.group] else { continue }
            places.append(
                image.evidence(at: place.path, line: row.line, before: AccountLine.text(row)))
        }
        return found(
            "user \(uid) is in group 0", at: places,
            fix: .option("--user \(uid):GID gives it another group"))
    }
}
