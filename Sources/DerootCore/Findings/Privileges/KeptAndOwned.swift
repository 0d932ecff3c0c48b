import DerootTar

/// NR058: kept files below owned paths.
package enum KeptAndOwned: ImageRule {
    package static let rule = Rule(
        "NR058", "kept-but-chowned", .block,
        "A path to be handed over holds a file that keeps its privileges",
        help: """
            A setuid program that belonged to the user would be the user's to change, so a kept \
            file below an --own path is left out and stays as it is.
            """,
        classes: [42])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard !image.options.keep.isEmpty, !image.isConverted else { return [] }
        let kept = KeptEntries(image)
        let roots = image.options.own.flatMap { $0.expand(in: image.tree) }
        let places = image.census.setid.filter { reference in
            let path = image.path(reference)
            return kept.contains(reference) && roots.contains { path.isAt(orBelow: $0) }
        }.map { image.evidence($0, before: image.status($0)) }
        // Left out, so nothing stands in the way.
        return found(
            count(places.count, "kept file lies", "kept files lie") + " below an --own path",
            at: places,
            severity: .warn, fix: .automatic("it is left out"))
    }
}
