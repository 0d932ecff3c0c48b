import DerootBytes
import DerootOCI
import DerootTar

/// NR040: files of the application that the user may not read.
package enum UnreadableFile: ImageRule {
    package static let rule = Rule(
        "NR040", "unreadable-file", .error, "The user may not read a file that the program needs",
        help: """
            A script of the start, a file of the working directory or one that the command line \
            names is closed to the user: "permission denied" at once or later. --own PATH hands \
            it over. Files such as /etc/shadow and private keys stay closed and are not \
            reported.
            """,
        classes: [15])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access else { return [] }
        var needed: [TarPath: Bool] = [:]
        for script in image.chain.scripts { needed[image.tree.resolve(script).path] = true }
        for word in image.start.entrypoint.dropFirst() + image.start.cmd {
            let value = word.split(separator: "=").last.map(String.init) ?? word
            guard value.hasPrefix("/"), value.utf8.count < 4096 else { continue }
            needed[image.tree.resolve(TarPath(value)).path] = true
        }
        let directory = image.config.workingDirectory ?? ""
        let application = image.tree.resolve(TarPath(directory)).path
        let isOwn = !application.isRoot && !SharedDirectories.contains(application)
        var certain: [Finding.Evidence] = []
        var likely: [Finding.Evidence] = []
        for reference in image.census.closed {
            let entry = image.tree[reference]
            guard entry.type != .directory, !access.may(.read, entry) else { continue }
            let path = image.path(reference)
            let isNeeded = needed[path] ?? false
            guard isNeeded || (isOwn && path.isAt(orBelow: application)), image.isShown(reference),
                !ProtectedPaths.contains(path)
            else { continue }
            let place = image.evidence(reference, before: image.status(reference))
            if isNeeded { certain.append(place) } else { likely.append(place) }
        }
        let isMended =
            image.futureAccess.map { future in
                likely.allSatisfy { place in
                    if case .file(let path) = place.place {
                        future.may(.read, at: path)
                    } else {
                        true
                    }
                }
            } ?? false
        return found(
            count(certain.count, "file", "files") + " of the start cannot be read", at: certain,
            confidence: .seen, fix: .option("--own PATH hands them over"))
            + found(
                count(likely.count, "file", "files") + " of the working directory cannot be read",
                at: likely, severity: isMended ? nil : .warn, confidence: .likely,
                fix: isMended
                    ? .automatic("they are handed over with the working directory")
                    : .option("--own PATH hands them over"))
    }
}
