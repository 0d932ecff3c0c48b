import DerootTar

/// NR056: privileged files on the keep list.
package enum KeptPrivileges: ImageRule {
    package static let rule = Rule(
        "NR056", "kept-privileged", .warn, "A file keeps its privileges as asked",
        help: """
            --keep names this file, so its setuid bit or its capabilities stay. Whoever runs it \
            gains them, except under no_new_privs.
            """,
        classes: [27])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let kept = KeptEntries(image)
        let all = image.census.setid + image.census.withCapabilities
        let places = Set(all).filter { kept.contains($0) }.sorted {
            ($0.layer, $0.index) < ($1.layer, $1.index)
        }.map { image.evidence($0, before: image.status($0)) }
        return found(
            count(places.count, "file keeps its", "files keep their") + " privileges", at: places,
            fix: .option("leave --keep out"))
    }
}
