import DerootBytes
package import DerootTar

/// Collects what the added layer holds: parents before children, nothing twice.
package struct AddedEntries {
    private let tree: FileTree
    private let policy: EntryPolicy
    private let root = HeaderChange.Owner(
        uid: 0, gid: 0, userName: Array("root".utf8), groupName: Array("root".utf8))
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

    private func owner(of path: TarPath) -> HeaderChange.Owner {
        guard let owner = policy.owner, policy.owns(path.bytes[...]), !policy.protects(path) else {
            return root
        }
        return owner
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
        entries[path] = AddedEntry(
            path: path, kind: .directory, mode: mode, owner: owner ?? self.owner(of: path),
            reason: reason)
    }

    /// Gives a directory that only its children imply an entry of its own, so that it can be owned.
    ///
    /// Extractors make such directories as root's, 0755.
    package mutating func materialize(_ path: TarPath, owner: HeaderChange.Owner) {
        guard !path.isRoot, entries[path] == nil else { return }
        entries[path] = AddedEntry(
            path: path, kind: .directory, mode: 0o755, owner: owner,
            reason: "a directory without an entry of its own")
    }

    /// Adds a file, in the place of one that may be there.
    package mutating func addFile(
        _ path: TarPath, content: [UInt8], mode: UInt16, owner: HeaderChange.Owner?, reason: String
    ) {
        addParents(of: path)
        entries[path] = AddedEntry(
            path: path, kind: .file(content), mode: mode, owner: owner ?? root, reason: reason)
    }

    private mutating func addParents(of path: TarPath) {
        let parent = path.parent
        guard !parent.isRoot, tree.find(parent) == nil else { return }
        addDirectory(parent, mode: 0o755, reason: "the parent of \(path)")
    }
}
