import DerootTar

/// NR054: setgid on directories.
package enum SetgidDirectory: ImageRule {
    package static let rule = Rule(
        "NR054", "setgid-dir", .info, "A directory has the setgid bit",
        help: """
            On a directory the bit means only that new files take its group; no process gains \
            anything, and CIS 4.8 looks at files. convert leaves it; --strip-setgid-dirs clears \
            it for strict scanners.
            """,
        classes: [])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let places = image.census.setgidDirectories.filter { image.isShown($0) }.map {
            image.evidence($0, before: image.status($0))
        }
        return found(
            count(places.count, "directory has", "directories have") + " the setgid bit",
            at: places,
            fix: image.options.stripsSetgidDirectories
                ? .automatic("the bit is cleared") : .option("--strip-setgid-dirs clears the bit"))
    }
}
