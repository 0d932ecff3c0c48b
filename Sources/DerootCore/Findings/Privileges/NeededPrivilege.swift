import DerootBytes
import DerootTar

/// NR057: privileged programs that the start runs.
package enum NeededPrivilege: ImageRule {
    package static let rule = Rule(
        "NR057", "setuid-needed", .warn, "The start uses a program that loses its privileges",
        help: """
            A script of the start or the health check runs sudo, su, ping, mount or another \
            program that works for users only through its setuid bit or capabilities. Without \
            them it fails, as it does under no_new_privs anyway. --keep PATH spares the file \
            where that is wanted.
            """,
        classes: [27])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard !image.isConverted else { return [] }
        let kept = KeptEntries(image)
        var places: [Finding.Evidence] = []
        for reference in image.census.setid + image.census.withCapabilities {
            let path = image.path(reference)
            let name = String(decoding: path.name, as: UTF8.self)
            guard let used = image.chain.commands[name], image.isShown(reference),
                !kept.contains(reference)
            else { continue }
            var place = used.evidence(in: image, before: printable(path.name))
            place.after = "\(path) \(image.status(reference))"
            if !places.contains(place) { places.append(place) }
        }
        return found(
            count(
                places.count, "program of the start loses its", "programs of the start lose their")
                + " privileges", at: places, confidence: .likely,
            fix: .option("--keep PATH spares the file"))
    }
}
