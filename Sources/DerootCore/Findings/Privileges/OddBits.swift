import DerootTar

/// NR055: setuid on directories, sticky on files.
package enum OddBits: ImageRule {
    package static let rule = Rule(
        "NR055", "odd-bits", .info, "A directory has the setuid bit, or a file the sticky bit",
        help: """
            Linux gives neither any meaning. convert carries them as they are.
            """,
        classes: [])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let places = image.census.oddBits.filter { image.isShown($0) }.map {
            image.evidence($0, before: image.status($0))
        }
        return found(
            count(places.count, "entry has", "entries have") + " a bit without a meaning",
            at: places,
            fix: .none("nothing is needed"))
    }
}
