import DerootBytes
package import DerootTar

/// Collects what the added layer holds: parents before children, nothing twice.
package struct AddedEntries {
    private let tree: FileTree
    private let policy: EntryPolicy
    private var entries: [TarPath: AddedEntry] = [:]
    /// Paths that are something else than was wanted.
    package private(set) var notes: [String] = []

    /// - Parameters:
    ///   - tree: The merged view.
    ///   - policy: Says what belongs to whom, as for entries that are there.
    package init(in tree: FileTree, _ policy: EntryPolicy) {
        self.tree = tree
        self.policy = policy
    }

    /// In an order that any extractor can follow.
    package var sorted: [AddedEntry] { entries.values.sorted { $0.path < $1.path } }

    /// Adds a directory where there is none, with its parents; each belongs to whom the policy says.
    ///
    /// `path` has no symbolic links; `owner` overrides the policy.
    package mutating func addDirectory(
        _ path: TarPath, mode: UInt16, owner: HeaderChange.Owner? = nil, reason: String
    ) {
        guard !path.isRoot, entries[path] == nil else { return }
        if let node = tree.find(path) {
            guard let entry = tree.entry(of: node) else { return }
            if tree[entry].type != .directory {
                notes.append("\(path) (\(reason)) is no directory and stays as it is")
            }
            return
        }
        if let obstacle = tree.obstacle(above: path) {
            notes.append("\(path) (\(reason)) cannot be made, \(obstacle) is no directory")
            return
        }
        addParents(of: path)
        let status = policy.status(ofNew: path, mode: mode, isDirectory: true)
        entries[path] = AddedEntry(
            path: path, kind: .directory, mode: owner == nil ? status.mode : mode,
            owner: owner ?? status.owner, reason: reason)
    }

    /// Gives a directory that only its children imply an entry of its own, so that it can be owned.
    ///
    /// Extractors make such directories as root's, 0755.
    package mutating func materialize(_ path: TarPath) {
        guard !path.isRoot, entries[path] == nil else { return }
        let status = policy.status(ofNew: path, mode: 0o755, isDirectory: true)
        entries[path] = AddedEntry(
            path: path, kind: .directory, mode: status.mode, owner: status.owner,
            reason: "a directory without an entry of its own")
    }

    /// Adds a file, in the place of one that may be there.
    package mutating func addFile(
        _ path: TarPath, content: [UInt8], mode: UInt16, owner: HeaderChange.Owner?, reason: String
    ) {
        addParents(of: path)
        entries[path] = AddedEntry(
            path: path, kind: .file(content), mode: mode, owner: owner ?? .root, reason: reason)
    }

    /// Adds a symbolic link, in the place of a file or another link.
    package mutating func addLink(_ path: TarPath, to target: [UInt8], reason: String) {
        addParents(of: path)
        entries[path] = AddedEntry(
            path: path, kind: .symlink(target), mode: 0o777, owner: .root, reason: reason)
    }

    /// Takes a path away, with all below.
    package mutating func remove(_ path: TarPath, reason: String) {
        entries[path] = AddedEntry(
            path: path, kind: .whiteout, mode: 0o644, owner: .root, reason: reason)
    }

    /// What is added at a path.
    package subscript(path: TarPath) -> AddedEntry? { entries[path] }

    private mutating func addParents(of path: TarPath) {
        let parent = path.parent
        guard !parent.isRoot, tree.find(parent) == nil else { return }
        addDirectory(parent, mode: 0o755, reason: "the parent of \(path)")
    }
}
