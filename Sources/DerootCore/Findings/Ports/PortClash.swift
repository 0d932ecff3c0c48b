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
        let exposed = image.config.exposedPorts.compactMap { Port.number($0) }
        let bound = image.serverLines.compactMap { LowListen.port(of: $0) }
        let clashes = Set(exposed + bound).filter { port in
            port < 1024 && (exposed.contains(port + 8000) || bound.contains(port + 8000))
        }.sorted()
        var places: [Finding.Evidence] = []
        for port in clashes {
            for text in image.config.exposedPorts
            where [port, port + 8000].contains(Port.number(text)) {
                places.append(
                    Finding.Evidence(.config("config.ExposedPorts"), before: printable(text.utf8)))
            }
            for line in image.serverLines
            where LowListen.port(of: line).map({ $0 == port || $0 == port + 8000 }) ?? false {
                places.append(
                    image.evidence(
                        at: line.path, line: line.number, before: printable(line.text.utf8)))
            }
        }
        let list = clashes.map { "\($0) to \($0 + 8000)" }.joined(separator: ", ")
        // Nothing clashes as long as the ports stay.
        return found(
            "moving \(list) would clash", at: places, severity: .info,
            fix: .recipe("choose another port in the recipe"))
    }
}
