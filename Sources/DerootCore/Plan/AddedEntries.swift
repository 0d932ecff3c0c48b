import DerootBytes
package import DerootTar

/// Collects what the added layer holds: parents before children, nothing twice.
package struct AddedEntries {
    private let tree: FileTree
    private let root = HeaderChange.Owner(
        uid: 0, gid: 0, userName: Array("root".utf8), groupName: Array("root".utf8))
    private var entries: [TarPath: AddedEntry] = [:]
    /// Paths that are something else than was wanted.
    package private(set) var notes: [String] = []

    package init(in tree: FileTree) { self.tree = tree }

    /// In an order that any extractor can follow.
    package var sorted: [AddedEntry] { entries.values.sorted { $0.path < $1.path } }

    /// Adds a directory where there is none, and its parents as root's.
    ///
    /// - Parameters:
    ///   - path: Without symbolic links.
    ///   - owner: nil: root.
    package mutating func addDirectory(
        _ path: TarPath, mode: UInt16, owner: HeaderChange.Owner?, reason: String
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
            path: path, kind: .directory, mode: mode, owner: owner ?? root, reason: reason)
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
        addDirectory(parent, mode: 0o755, owner: nil, reason: "the parent of \(path)")
    }
}
