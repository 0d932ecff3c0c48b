import DerootBytes
import DerootOCI
import DerootTar

/// NR034: state directories that the user may not write.
package enum ClosedState: ImageRule {
    package static let rule = Rule(
        "NR034", "state-dir-root-owned", .warn,
        "The user may not write where the program keeps its state",
        help: """
            The start script, the environment or the file system's conventions name directories \
            for data, caches and logs that belong to root: the program ends with "permission \
            denied". --own PATH hands a directory over; what was only guessed may be fine as it \
            is. It blocks where a start script writes there under set -e, for then the container \
            could not start.
            """,
        classes: [14])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access else { return [] }
        let writes = image.chain.writes.filter { write in
            !write.circumstances.isGuarded && !SelfModification.isConfiguration(write.path)
                && !access.mayMake(write.path)
        }
        return ClosedWrites.findings(rule, writes, in: image) { count in
            "the start script writes \(Self.count(count, "place", "places")) that the user may not"
        }
            + found(
                "the environment names directories that the user may not write",
                at: named(image, access), confidence: .likely,
                fix: .option("--own PATH hands them over"))
            + found(
                "the program's own directories belong to root", at: guessed(image, access),
                confidence: .guess, fix: .option("--own PATH hands them over"))
    }

    /// Directories that variables such as `DATA_DIR` name.
    private static func named(_ image: CheckedImage, _ access: Access) -> [Finding.Evidence] {
        let suffixes = ["_DIR", "_DATA", "PGDATA", "DATADIR", "_CACHE", "_STATE", "_LOGS"]
        return image.config.env.compactMap { entry in
            let parts = entry.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[1].hasPrefix("/"), parts[1].utf8.count < 4096,
                suffixes.contains(where: { parts[0].hasSuffix($0) })
            else { return nil }
            let path = TarPath(String(parts[1]))
            guard let node = image.tree.resolve(path).node,
                let reference = image.tree.entry(of: node),
                image.tree[reference].type == .directory, !access.mayMake(path)
            else { return nil }
            return image.evidence(
                at: path, before: "\(image.status(reference)), \(printable(parts[0].utf8))")
        }
    }

    /// Directories of the usual places that are called as a program of the start is.
    private static func guessed(_ image: CheckedImage, _ access: Access) -> [Finding.Evidence] {
        let names = Set(image.chain.programs.compactMap { $0.path.map { Array($0.name) } })
            .union(image.chain.stepDowns.compactMap { $0.account.map { Array($0.utf8) } })
        let places: [TarPath] = ["run", "var/lib", "var/cache", "var/log", "var/spool"]
        var found: [Finding.Evidence] = []
        for place in places {
            for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let path = place.appending(name)
                guard let reference = image.tree.entry(at: path),
                    image.tree[reference].type == .directory, !access.mayMake(path)
                else { continue }
                found.append(image.evidence(at: path, before: image.status(reference)))
            }
        }
        return found
    }
}
