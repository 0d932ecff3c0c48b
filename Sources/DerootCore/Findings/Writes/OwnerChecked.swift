import DerootBytes
import DerootOCI
import DerootTar

/// NR038: files of which programs want to be the owner.
package enum OwnerChecked: ImageRule {
    package static let rule = Rule(
        "NR038", "owner-checked", .error, "A file must belong to the user that runs the program",
        help: """
            Some programs check that a file is their own and closed to all others: the data of \
            PostgreSQL, .erlang.cookie, private keys of SSH, acme.json, .pgpass. Writable by the \
            group is not enough. convert hands over what lies in volumes; --own PATH does it \
            elsewhere. OpenShift's changing uids cannot work with such files.
            """,
        classes: [29])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let owner = image.identity else { return [] }
        let volumes = image.config.volumes.map { image.tree.resolve(image.start.absolute($0)).path }
        var mended: [Finding.Evidence] = []
        var others: [Finding.Evidence] = []
        for reference in image.census.owned + database(image) where image.isShown(reference) {
            guard image.tree[reference].uid != owner.uid else { continue }
            let path = image.path(reference)
            // Those of root's own home are root's.
            guard !path.isAt(orBelow: "root") else { continue }
            let place = image.evidence(reference, before: image.status(reference))
            if volumes.contains(where: { path.isAt(orBelow: $0) }) {
                mended.append(place)
            } else {
                others.append(place)
            }
        }
        return found(
            count(mended.count, "file has", "files have")
                + " another owner than the program demands",
            at: mended, confidence: .likely,
            fix: .automatic("they are handed over with their volume"))
            + found(
                count(others.count, "file has", "files have")
                    + " another owner than a program may demand",
                at: others, severity: .warn, confidence: .guess,
                fix: .option("--own PATH hands them over"))
    }

    /// The directory of a PostgreSQL that is not there yet: initdb wants to be its owner, however
    /// open it is.
    private static func database(_ image: CheckedImage) -> [EntryRef] {
        let places = image.config.env.filter { $0.hasPrefix("PGDATA=/") && $0.utf8.count < 4096 }
        return places.compactMap { place in
            let path = TarPath(String(place.dropFirst("PGDATA=".count)))
            return image.tree.resolve(path).node.flatMap { image.tree.entry(of: $0) }
        }
    }
}
