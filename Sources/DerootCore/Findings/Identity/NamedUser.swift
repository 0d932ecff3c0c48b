import DerootBytes
import DerootOCI

/// NR002: the config's User is a name.
package enum NamedUser: ImageRule {
    package static let rule = Rule(
        "NR002", "named-user", .error, "The user is a name, not a number",
        help: """
            Kubernetes cannot tell whether a name is root and refuses the pod under runAsNonRoot: \
            "image has non-numeric user, cannot verify user is non-root". A name may also mean \
            another account in a derived image. convert looks the name up in the image's own \
            /etc/passwd and writes UID:GID.
            """,
        classes: [2])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let raw = image.config.user,
            case .nonRoot(let uid, let gid) = try? ImageUser(raw, in: image.accounts)
        else { return [] }
        let parts = raw.utf8.split(
            separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        let isNumeric = parts.allSatisfy { $0.allSatisfy { (0x30...0x39).contains($0) } }
        guard !isNumeric else { return [] }
        let numbers = "\(uid):\(gid)"
        var places = [
            Finding.Evidence(.config("config.User"), before: printable(raw.utf8), after: numbers)
        ]
        if let row = image.accounts.passwd.row(id: uid), let place = image.accounts.places[.passwd]
        {
            places.append(
                image.evidence(
                    at: place.path, line: row.line,
                    before: printable(Array(row.fields.joined(separator: [UInt8(ascii: ":")])))))
        }
        return [
            Finding(
                rule, "User '\(printable(raw.utf8))' is a name; it means \(numbers)",
                fix: .automatic("User becomes \(image.plan?.userAfter ?? numbers)")
            ).with(places)
        ]
    }
}
