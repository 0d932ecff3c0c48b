import DerootBytes
import DerootOCI
import DerootTar

/// NR042: settings that lead into /root.
package enum RootHome: ImageRule {
    package static let rule = Rule(
        "NR042", "root-home-content", .warn, "The image uses files below /root",
        help: """
            PATH, the entrypoint or the environment name /root, root's own home, which is closed \
            to all others (0700): tools that were installed there for root cannot be run. \
            Install them elsewhere, such as /opt or /usr/local.
            """,
        classes: [25])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access, let node = image.tree.find("root"),
            !access.may(.search, node)
        else { return [] }
        func isBelow(_ text: some StringProtocol) -> Bool {
            text == "/root" || text.hasPrefix("/root/")
        }
        var places: [Finding.Evidence] = []
        for entry in image.config.env where !entry.hasPrefix("HOME=") {
            let value = entry.split(separator: "=", maxSplits: 1).dropFirst().first ?? ""
            guard value.split(separator: ":").contains(where: isBelow) else { continue }
            places.append(
                Finding.Evidence(.config("config.Env"), before: printable(entry.utf8.prefix(300))))
        }
        for word in image.start.entrypoint + image.start.cmd where isBelow(word) {
            places.append(
                Finding.Evidence(
                    .config("config.Entrypoint"), before: printable(word.utf8.prefix(300))))
        }
        return found(
            "\(count(places.count, "setting leads", "settings lead")) into /root, which is closed",
            at: places, confidence: .seen, fix: .none("install it elsewhere, such as /opt"))
    }
}
