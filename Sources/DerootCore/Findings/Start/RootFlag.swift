import DerootBytes
import DerootTar

/// NR027: options and settings that name root.
package enum RootFlag: ImageRule {
    package static let rule = Rule(
        "NR027", "explicit-root-flag", .warn, "An option or setting asks for root",
        help: """
            A command line or configuration names root: --user root, --allow-root, user root; \
            and the like. As another user the setting has no effect or stops the program. A \
            recipe takes it out.
            """,
        classes: [9, 11])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let flags = image.chain.rootFlags.filter { !$0.circumstances.isGuarded }
        var places = flags.map { $0.at.evidence(in: image, before: printable($0.text.utf8)) }
        for line in image.serverLines where line.words.count == 2 {
            guard ["user", "User"].contains(line.words[0]), line.words[1] == "root" else {
                continue
            }
            let place = image.evidence(
                at: line.path, line: line.number, before: printable(line.text.utf8))
            if !places.contains(place) { places.append(place) }
        }
        return found(
            "\(count(places.count, "setting names", "settings name")) root", at: places,
            confidence: .likely, fix: .recipe("a recipe takes the setting out"))
    }
}
