package import DerootTar

/// Where a path leads when symbolic links are followed inside the image.
package struct ResolvedPath: Sendable {
    /// The path without links; its last components may not exist.
    package let path: TarPath
    /// The node there, where one is.
    package let node: FileTree.NodeID?
    /// True where a `..` wanted to leave the root: a chroot stays at the root, other readers may not.
    package let escapes: Bool
    /// True where links led in circles, through more than the kernel's forty, or to a path that is
    /// longer than any kernel takes.
    package let loops: Bool
}

extension FileTree {
    /// Follows symbolic links in every component, as a process chrooted into the image would.
    ///
    /// What does not exist is appended as it is spelled. Linux allows 40 links (path_resolution(7)).
    package func resolve(_ path: TarPath, followingLast: Bool = true) -> ResolvedPath {
        var todo: [ArraySlice<UInt8>] = path.components.reversed()
        var done: [(name: ArraySlice<UInt8>, node: NodeID?)] = []
        var hops = 0
        var escapes = false
        // PATH_MAX has room for 2048; a few more cost nothing.
        let longest = 4096
        while let component = todo.popLast() {
            if todo.count + done.count > longest {
                return ResolvedPath(path: path, node: nil, escapes: escapes, loops: true)
            }
            if component.elementsEqual("..".utf8) {
                if done.popLast() == nil { escapes = true }
                continue
            }
            let parent = done.isEmpty ? 0 : done[done.count - 1].node
            let node = parent.flatMap { child(of: $0, named: component) }
            if let node, followingLast || !todo.isEmpty, let reference = entry(of: node),
                self[reference].type == .symlink
            {
                hops += 1
                if hops > 40 {
                    return ResolvedPath(path: path, node: nil, escapes: escapes, loops: true)
                }
                let target = layers[reference.layer].linkBytes(reference.index)
                if target.first == UInt8(ascii: "/") { done = [] }
                for part in target.split(separator: UInt8(ascii: "/")).reversed()
                where !part.elementsEqual(".".utf8) { todo.append(part) }
                continue
            }
            done.append((component, node))
        }
        let names = done.map(\.name)
        let resolved = TarPath(Array(names.joined(separator: [UInt8(ascii: "/")])))
        let node = done.isEmpty ? 0 : done[done.count - 1].node
        return ResolvedPath(path: resolved, node: node, escapes: escapes, loops: false)
    }

    /// What stands in the way of making a path: the nearest thing above it that is no directory.
    package func obstacle(above path: TarPath) -> TarPath? {
        var at = path
        while !at.isRoot {
            at = at.parent
            guard let node = find(at) else { continue }
            guard let entry = entry(of: node), self[entry].type != .directory else { return nil }
            return at
        }
        return nil
    }
}
