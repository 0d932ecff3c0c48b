package import DerootTar

/// What a numeric user may do with the files of a view, by mode bits alone (path_resolution(7)).
package struct Access: Sendable {
    /// A permission, as the bit of others.
    package enum Permission: UInt16, Sendable {
        case read = 0o4
        case write = 0o2
        /// To run a file or to pass through a directory.
        case search = 0o1
    }

    package let uid: UInt32
    package let gid: UInt32
    package let tree: FileTree

    /// A user without further groups, as `UID:GID` has none.
    package init(uid: UInt32, gid: UInt32, in tree: FileTree) {
        self.uid = uid
        self.gid = gid
        self.tree = tree
    }

    /// True where the entry lets the user do so.
    package func may(_ permission: Permission, _ entry: TarEntry) -> Bool {
        let shift: UInt16 = entry.uid == uid ? 6 : entry.gid == gid ? 3 : 0
        return entry.mode & permission.rawValue << shift != 0
    }

    /// The same for a node; directories without an entry are made by runtimes as root's, 0755.
    package func may(_ permission: Permission, _ node: FileTree.NodeID) -> Bool {
        guard let reference = tree.entry(of: node) else { return permission != .write }
        return may(permission, tree[reference])
    }

    /// The first directory on the way to a path that the user cannot pass, links followed, the last
    /// component not among them.
    package func closedDirectory(above path: TarPath) -> TarPath? {
        guard may(.search, 0) else { return .root }
        var at = TarPath.root
        for component in tree.resolve(path).path.components.dropLast() {
            at = at.appending(component)
            guard let node = tree.find(at) else { return nil }
            if !may(.search, node) { return at }
        }
        return nil
    }

    /// True where the way to a path is open and what is there lets the user do so; false for nothing.
    package func may(_ permission: Permission, at path: TarPath) -> Bool {
        guard let node = tree.resolve(path).node, closedDirectory(above: path) == nil else {
            return false
        }
        return may(permission, node)
    }

    /// True where the user could write the path, or make it with the directories above it.
    package func mayMake(_ path: TarPath) -> Bool {
        var at = tree.resolve(path).path
        if let node = tree.find(at) {
            let isDirectory = tree.entry(of: node).map { tree[$0].type == .directory } ?? true
            let isOpen = !isDirectory || may(.search, node)
            return closedDirectory(above: at) == nil && may(.write, node) && isOpen
        }
        while !at.isRoot {
            at = at.parent
            guard let node = tree.find(at) else { continue }
            return closedDirectory(above: at) == nil && may(.write, node) && may(.search, node)
        }
        return false
    }
}
