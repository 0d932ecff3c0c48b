import DerootBytes
import DerootOCI
import DerootTar

/// NR012: a remapped port that is used already.
package enum PortClash: ImageRule {
    package static let rule = Rule(
        "NR012", "port-clash", .block, "The port that a low one would move to is taken",
        help: """
            Moving a low port by adding 8000 would end at a port that the image exposes or that \
            a configuration file binds already. With --ports remap that is a conflict: the \
            second server would not start. Choose another target in the recipe.
            """,
        classes: [7])

    package static func findings(in image: CheckedImage) -> [Finding] {
        var users: [Int: [Finding.Evidence]] = [:]
        for text in image.config.exposedPorts {
            guard let port = Port.number(text) else { continue }
            users[port, default: []].append(
                Finding.Evidence(.config("config.ExposedPorts"), before: printable(text.utf8)))
        }
        for line in image.serverLines {
            guard let port = LowListen.port(of: line) else { continue }
            users[port, default: []].append(
                image.evidence(
                    at: line.path, line: line.number, before: printable(line.text.utf8)))
        }
        let clashes = users.keys.filter { $0 < 1024 && users[$0 + 8000] != nil }.sorted()
        let places = clashes.flatMap { (users[$0] ?? []) + (users[$0 + 8000] ?? []) }
        let list = clashes.map { "\($0) to \($0 + 8000)" }.joined(separator: ", ")
        // Nothing clashes as long as the ports stay.
        return found(
            "moving \(list) would clash", at: places, severity: .info,
            fix: .recipe("choose another port in the recipe"))
    }
}
