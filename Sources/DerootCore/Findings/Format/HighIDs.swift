import DerootTar

/// NR060: files with high ids.
package enum HighIDs: ImageRule {
    package static let rule = Rule(
        "NR060", "high-id-files", .warn, "Files have ids of 65536 and more",
        help: """
            User namespaces of the usual size hold ids up to 65535: rootless engines refuse to \
            unpack the image ("potentially insufficient UIDs or GIDs"), Kubernetes shows an \
            overflow id. --squash-ids gives such files to the user, or to root.
            """,
        classes: [32])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let places = image.census.highIDs.map { image.evidence($0, before: image.status($0)) }
        return found(
            count(places.count, "entry has", "entries have") + " an id of 65536 or more",
            at: places,
            fix: .option("--squash-ids maps them"))
    }
}
