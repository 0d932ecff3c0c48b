import DerootBytes
import DerootOCI
import DerootTar

/// NR041: closed directories above what the image names.
package enum ClosedDirectory: ImageRule {
    package static let rule = Rule(
        "NR041", "closed-dir", .error, "The user may not pass a directory on the way",
        help: """
            A directory above a volume, a directory of PATH, or the root of the image itself \
            lets only root pass; everything below is out of reach. --own PATH hands the \
            directory over where it is not protected.
            """,
        classes: [15, 16])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access else { return [] }
        var wanted = image.config.volumes.map { image.start.absolute($0) }
        wanted += image.start.searchPath.prefix(64).map { TarPath($0 + "/x") }
        var closed: [TarPath] = []
        for path in wanted {
            guard image.tree.resolve(path.parent).node != nil,
                let directory = access.closedDirectory(above: path), !closed.contains(directory)
            else { continue }
            closed.append(directory)
        }
        return closed.flatMap { path in
            // Programs of root's home are another rule's matter, and root's home stays closed.
            found(
                "the user may not pass \(path)",
                at: [
                    image.evidence(
                        at: path, before: image.tree.entry(at: path).map { image.status($0) })
                ], severity: path.isAt(orBelow: "root") && !path.isRoot ? .warn : nil,
                fix: .option("--own \(path) hands it over, unless it is protected"))
        }
    }
}
