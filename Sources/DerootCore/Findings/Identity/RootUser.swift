import DerootBytes
import DerootOCI

/// NR001: the config names no user, or root in one of its spellings.
package enum RootUser: ImageRule {
    package static let rule = Rule(
        "NR001", "root-user", .error, "The image runs as root",
        help: """
            The config's User is empty or means uid 0, so every process starts as root and Kubernetes \
            refuses the pod under runAsNonRoot. All spellings count: 0, 00, 0:0, root, root:root, and \
            names whose row in /etc/passwd has the uid 0. convert writes a numeric UID:GID; --user \
            chooses another than its default.
            """,
        classes: [1])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let user = try? ImageUser(image.config.user, in: image.accounts), user == .root else {
            return []
        }
        let raw = image.config.user ?? ""
        let shown = raw.isEmpty ? "no User" : "User '\(printable(raw.utf8))'"
        var places = [
            Finding.Evidence(
                .config("config.User"), before: printable(raw.utf8), after: image.plan?.userAfter)
        ]
        let name = raw.utf8.prefix { $0 != UInt8(ascii: ":") }
        if let row = image.accounts.passwd.row(named: Array(name)),
            let place = image.accounts.places[.passwd]
        {
            places.append(
                image.evidence(
                    at: place.path, line: row.line,
                    before: printable(Array(row.fields.joined(separator: [UInt8(ascii: ":")])))))
        }
        return [
            Finding(
                rule, "the config has \(shown), which is root",
                fix: .automatic("User becomes \(image.plan?.userAfter ?? "a numeric UID:GID")")
            ).with(places)
        ]
    }
}
