package import DerootBytes
package import DerootOCI
package import DerootTar

/// Which paths shall belong to the user: those asked for, every VOLUME, and the WORKDIR.
package struct OwnedPaths: Sendable {
    /// A directory that the result must have.
    package struct Wanted: Sendable, Hashable {
        package let path: TarPath
        package let isOwned: Bool
        package let reason: String
    }

    /// Resolved through the image's links; everything at or below changes hands.
    package private(set) var roots: [TarPath] = []
    /// Directories to be made where they are missing.
    package private(set) var wanted: [Wanted] = []
    package private(set) var notes: [String] = []

    /// Resolves the paths in the merged view.
    ///
    /// - Throws: `.usage` for a pattern that fits nothing, `.hostile` for links that loop.
    package init(
        _ options: ConversionOptions, config: ImageConfig, tree: FileTree, ownsWorkdir: Bool = true
    ) throws(DerootError) {
        for pattern in options.own {
            let paths = pattern.expand(in: tree)
            guard !paths.isEmpty else {
                throw DerootError(
                    .usage, "--own '\(printable(pattern.text.utf8))' fits nothing in the image")
            }
            roots += paths
            if pattern.isLiteral {
                for path in paths { want(path, isOwned: true, "--own \(pattern.literal)") }
            }
        }
        for volume in config.volumes { try add(volume, "VOLUME", tree) }
        if let directory = config.workingDirectory, !directory.isEmpty {
            try add(directory, "WORKDIR", tree, isOwned: ownsWorkdir)
        }
        roots = Array(Set(roots)).sorted()
    }

    private mutating func want(_ path: TarPath, isOwned: Bool, _ reason: String) {
        guard !path.isRoot else { return }
        wanted.append(Wanted(path: path, isOwned: isOwned, reason: reason))
    }

    private mutating func add(
        _ text: String, _ what: String, _ tree: FileTree, isOwned: Bool = true
    ) throws(DerootError) {
        let spelled = try TarPath(text).cleaned()
        let resolved = tree.resolve(spelled)
        guard !resolved.loops else {
            throw DerootError(
                .hostile, "\(what) \(spelled) leads through symbolic links that loop",
                at: .init(entry: printable(spelled.bytes)))
        }
        let isShared =
            SharedDirectories.contains(spelled) || SharedDirectories.contains(resolved.path)
            || ProtectedPaths.lie(below: resolved.path)
        if isShared {
            if !resolved.path.isRoot {
                notes.append("\(what) \(spelled) is a shared directory and keeps its owner")
            }
        } else if isOwned {
            roots.append(resolved.path)
        }
        want(resolved.path, isOwned: isOwned && !isShared, "\(what) \(spelled)")
    }

    /// What the roots will most likely be, before a single layer was read.
    ///
    /// A wrong guess costs a second pass over a layer, never the result.
    package static func foretold(
        _ options: ConversionOptions, config: ImageConfig, ownsWorkdir: Bool = true
    ) -> [TarPath] {
        var paths = options.own.filter(\.isLiteral).map(\.literal)
        let workdir = ownsWorkdir ? [config.workingDirectory ?? ""] : []
        for text in config.volumes + workdir {
            let path = TarPath(text)
            if !SharedDirectories.contains(path), !ProtectedPaths.lie(below: path) {
                paths.append(path)
            }
        }
        return paths.map { likelyPlace(of: $0) }
    }

    /// Where a path most likely is: nearly every distribution has these two links.
    static func likelyPlace(of path: TarPath) -> TarPath {
        for (link, target) in [("var/run", "run"), ("var/lock", "run/lock")]
        where path.isAt(orBelow: TarPath(link)) {
            return TarPath(Array(target.utf8) + path.bytes.dropFirst(link.utf8.count))
        }
        return path
    }
}
