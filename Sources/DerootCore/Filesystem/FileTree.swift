package import DerootBytes
package import DerootTar

/// Which entry of which layer.
package struct EntryRef: Sendable, Hashable {
    /// The layer's position in the manifest, from 0.
    package let layer: Int
    /// The entry's position in the layer, from 0.
    package let index: Int

    package init(layer: Int, index: Int) {
        self.layer = layer
        self.index = index
    }
}

/// The merged view of an image's layers: what a container would see, without extracting anything.
///
/// Paths are taken as they are spelled, as in an overlay's upper directories; `resolve` follows
/// symbolic links inside the tree. About thirty bytes an entry, and the component's name.
package struct FileTree: Sendable {
    /// A node's number; 0 is the root.
    package typealias NodeID = Int

    struct Node: Sendable {
        var parent: Int32
        var firstChild: Int32 = -1
        var nextSibling: Int32 = -1
        var layer: Int32 = -1
        var index: Int32 = -1
        let nameStart: UInt32
        let nameCount: UInt16
        var isAlive = true
        /// False for a dead node that its parent's list of children has no longer.
        var isListed = true
    }

    /// The layers that were applied, lowest first.
    package private(set) var layers: [LayerListing] = []
    /// Every name of a file that has more than one, by group; across layers.
    package private(set) var linkGroups: [[EntryRef]] = []
    private var groupOf: [EntryRef: Int] = [:]
    /// Where entries, whiteouts included, go whose parent was or lay behind a symbolic link when their
    /// turn came.
    ///
    /// One runtime follows the link (it extracts onto the lower layers), another puts a directory in its
    /// place (overlay directories of Docker and podman); the view is the latter's.
    package private(set) var behindLinks: [EntryRef: TarPath] = [:]

    private var nodes: [Node] = [Node(parent: -1, nameStart: 0, nameCount: 0)]
    private var names: [UInt8] = []
    private var slots: [Int32] = Array(repeating: -1, count: 64)
    /// The directory that the last entry went into, and where links in its path lead, if there are any.
    private var lastParent: (path: [UInt8], node: NodeID, real: TarPath?)?

    /// An empty tree: the root alone.
    package init() {}

    /// The tree of these layers, lowest first.
    package init(_ layers: [LayerListing]) throws(DerootError) {
        for layer in layers { try apply(layer) }
    }

    /// Puts a layer on top.
    ///
    /// Whiteouts work on lower layers only and wherever in the layer they stand (OCI image-spec,
    /// layer.md, "Whiteouts"); of two entries with one name the last wins.
    ///
    /// - Throws: `.malformed` for a whiteout of nothing.
    package mutating func apply(_ layer: LayerListing) throws(DerootError) {
        let number = Int32(layers.count)
        layers.append(layer)
        var hasMarkers = false
        for index in 0..<layer.count {
            guard
                let whiteout = try Whiteout(layer.pathBytes(index), at: layer.entries[index].offset)
            else { continue }
            hasMarkers = true
            let path = layer.path(index)
            if let real = real(path.parent) {
                behindLinks[EntryRef(layer: Int(number), index: index)] = real.appending(path.name)
            }
            apply(whiteout)
        }
        makeRoom(for: layer.count)
        for index in 0..<layer.count {
            if hasMarkers, Whiteout.isMarker(layer.pathBytes(index)) { continue }
            insert(index, of: layer, number: number)
        }
    }

    /// Puts a layer's listing in the place of one with the same entries, otherwise described.
    package mutating func replaceListing(of layer: Int, with listing: LayerListing) {
        guard listing.count == layers[layer].count else { return }
        layers[layer] = listing
    }

    private mutating func apply(_ whiteout: Whiteout) {
        switch whiteout {
        case .file(let path):
            if let node = find(path) { kill(node) }
        case .opaque(let directory):
            guard let node = find(directory) else { return }
            killChildren(of: node)
        case .metadata: break
        }
    }

    private mutating func insert(_ index: Int, of layer: LayerListing, number: Int32) {
        let type = layer.entries[index].type
        if case .hardLink = type {
            link(EntryRef(layer: Int(number), index: index), to: layer.linkBytes(index))
        }
        let node = makeNode(layer.pathBytes(index))
        if let real = lastParent?.real {
            let reference = EntryRef(layer: Int(number), index: index)
            behindLinks[reference] = real.appending(name(of: node))
        }
        if case .directory = type {
        } else if nodes[node].firstChild >= 0 {
            killChildren(of: node)
        }
        nodes[node].layer = number
        nodes[node].index = Int32(index)
    }

    /// The node of a path, made with its parents where it is not there.
    private mutating func makeNode(_ path: ArraySlice<UInt8>) -> NodeID {
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let parentPath = slash.map { path[..<$0] } ?? path.prefix(0)
        var parent = 0
        if let last = lastParent, last.path.elementsEqual(parentPath), nodes[last.node].isAlive {
            // Archives list a directory's entries one after another.
            parent = last.node
        } else {
            var isBehindLink = false
            for component in parentPath.split(separator: UInt8(ascii: "/")) {
                parent = makeChild(of: parent, named: component)
                isBehindLink = isBehindLink || isSymlink(parent)
            }
            let real = isBehindLink ? resolve(TarPath(parentPath)).path : nil
            lastParent = (Array(parentPath), parent, real)
        }
        let name = slash.map { path[($0 + 1)...] } ?? path
        if name.isEmpty { return parent }
        return makeChild(of: parent, named: name)
    }

    private func isSymlink(_ node: NodeID) -> Bool {
        entry(of: node).map { self[$0].type == .symlink } ?? false
    }

    /// Where a directory's path leads if there is a symbolic link in it; else nil.
    private func real(_ directory: TarPath) -> TarPath? {
        var node = 0
        for component in directory.components {
            guard let next = child(of: node, named: component) else { return nil }
            if isSymlink(next) { return resolve(directory).path }
            node = next
        }
        return nil
    }

    private mutating func link(_ reference: EntryRef, to target: ArraySlice<UInt8>) {
        guard let path = try? TarPath(target).cleaned() else { return }
        var found = entry(at: path)
        if found == nil, let node = resolve(path, followingLast: false).node {
            found = entry(of: node)
        }
        guard let origin = found else { return }
        if let group = groupOf[origin] {
            linkGroups[group].append(reference)
            groupOf[reference] = group
        } else {
            groupOf[origin] = linkGroups.count
            groupOf[reference] = linkGroups.count
            linkGroups.append([origin, reference])
        }
    }

    /// Takes a node and everything below it out of the view.
    private mutating func kill(_ node: NodeID) {
        killChildren(of: node)
        lastParent = nil
        nodes[node].isAlive = false
        nodes[node].layer = -1
        nodes[node].index = -1
    }

    /// Takes everything below a node out of the view; without recursion, paths may be deep.
    ///
    /// The dead leave the lists of children: a directory may be emptied again and again (C20).
    private mutating func killChildren(of node: NodeID) {
        var stack = [node]
        while let parent = stack.popLast() {
            var next = nodes[parent].firstChild
            nodes[parent].firstChild = -1
            if next >= 0 { lastParent = nil }
            while next >= 0 {
                let child = Int(next)
                next = nodes[child].nextSibling
                nodes[child].isAlive = false
                nodes[child].isListed = false
                nodes[child].layer = -1
                nodes[child].index = -1
                stack.append(child)
            }
        }
    }
}

extension FileTree {
    /// How many paths the view has, the root included.
    package var count: Int { nodes.count { $0.isAlive } }

    /// The node at a path, as spelled: no link is followed.
    package func find(_ path: TarPath) -> NodeID? {
        var node = 0
        for component in path.components {
            guard let next = child(of: node, named: component) else { return nil }
            node = next
        }
        return node
    }

    /// The entry that made a node; nil for a directory that only its children imply.
    package func entry(of node: NodeID) -> EntryRef? {
        let layer = nodes[node].layer
        return layer < 0 ? nil : EntryRef(layer: Int(layer), index: Int(nodes[node].index))
    }

    /// The entry at a path, as spelled.
    package func entry(at path: TarPath) -> EntryRef? { find(path).flatMap { entry(of: $0) } }

    /// What is known of an entry.
    package subscript(_ reference: EntryRef) -> TarEntry {
        layers[reference.layer].entries[reference.index]
    }

    /// All names of the entry's inode, itself included.
    package func linkGroup(of reference: EntryRef) -> [EntryRef] {
        groupOf[reference].map { linkGroups[$0] } ?? [reference]
    }

    /// True for two names of one inode.
    package func areLinked(_ one: EntryRef, _ other: EntryRef) -> Bool {
        groupOf[one] != nil && groupOf[one] == groupOf[other]
    }

    /// A node's children, in no particular order.
    package func children(of node: NodeID) -> [NodeID] {
        var out: [NodeID] = []
        var next = nodes[node].firstChild
        while next >= 0 {
            if nodes[Int(next)].isAlive { out.append(Int(next)) }
            next = nodes[Int(next)].nextSibling
        }
        return out
    }

    /// A node's last component.
    package func name(of node: NodeID) -> ArraySlice<UInt8> {
        let start = Int(nodes[node].nameStart)
        return names[start..<(start + Int(nodes[node].nameCount))]
    }

    /// A node's path.
    package func path(of node: NodeID) -> TarPath {
        var parts: [ArraySlice<UInt8>] = []
        var node = node
        while node > 0 {
            parts.append(name(of: node))
            node = Int(nodes[node].parent)
        }
        return TarPath(Array(parts.reversed().joined(separator: [UInt8(ascii: "/")])))
    }

    /// The directories at or below a node that no entry made: only their children imply them.
    package func impliedDirectories(below node: NodeID) -> [TarPath] {
        var found: [NodeID] = []
        var stack = [node]
        while let next = stack.popLast() {
            if nodes[next].layer < 0 { found.append(next) }
            var child = nodes[next].firstChild
            while child >= 0 {
                if nodes[Int(child)].isAlive { stack.append(Int(child)) }
                child = nodes[Int(child)].nextSibling
            }
        }
        return found.map { path(of: $0) }
    }

    /// Calls `body` for a node and everything below it, parents first, children in byte order.
    package func walk(_ node: NodeID = 0, _ body: (NodeID) -> Void) {
        var stack = [node]
        while let node = stack.popLast() {
            body(node)
            stack += children(of: node).sorted {
                name(of: $1).lexicographicallyPrecedes(name(of: $0))
            }
        }
    }

    func child(of parent: NodeID, named name: ArraySlice<UInt8>) -> NodeID? {
        guard let node = slot(parent, name).node, nodes[node].isAlive else { return nil }
        return node
    }

    /// A child, made where it is not there; one that is dead lives again.
    private mutating func makeChild(of parent: NodeID, named name: ArraySlice<UInt8>) -> NodeID {
        let (slot, known) = slot(parent, name)
        if let known {
            if nodes[known].isAlive { return known }
            nodes[known].isAlive = true
            if !nodes[known].isListed {
                nodes[known].isListed = true
                nodes[known].nextSibling = nodes[parent].firstChild
                nodes[parent].firstChild = Int32(known)
            }
            return known
        }
        let node = nodes.count
        nodes.append(
            Node(
                parent: Int32(parent), nextSibling: nodes[parent].firstChild,
                nameStart: UInt32(clamping: names.count), nameCount: UInt16(clamping: name.count)))
        names += name
        nodes[parent].firstChild = Int32(node)
        slots[slot] = Int32(node)
        if nodes.count * 2 > slots.count { rehash(into: slots.count * 2) }
        return node
    }

    /// The slot of a child in the hash table, and the node in it, dead or alive.
    private func slot(_ parent: NodeID, _ name: ArraySlice<UInt8>) -> (slot: Int, node: NodeID?) {
        let mask = slots.count - 1
        var slot = Self.hash(parent, name) & mask
        while slots[slot] >= 0 {
            let node = Int(slots[slot])
            if nodes[node].parent == parent, Int(nodes[node].nameCount) == name.count,
                self.name(of: node).elementsEqual(name)
            {
                return (slot, node)
            }
            slot = (slot + 1) & mask
        }
        return (slot, nil)
    }

    /// Sees to it that as many nodes more cost no further growth.
    private mutating func makeRoom(for count: Int) {
        if count > nodes.count { nodes.reserveCapacity(nodes.count + count) }
        var size = slots.count
        while (nodes.count + count) * 2 > size { size *= 2 }
        if size > slots.count { rehash(into: size) }
    }

    private mutating func rehash(into size: Int) {
        slots = Array(repeating: -1, count: size)
        let mask = slots.count - 1
        for node in 1..<nodes.count {
            var slot = Self.hash(Int(nodes[node].parent), name(of: node)) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(node)
        }
    }

    /// Two numbers that nobody can foresee, so that nobody can choose names that collide.
    private static let secret = (
        UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max) | 1
    )

    /// Over parent and name, eight bytes at a time; the table is private, its order never shows.
    private static func hash(_ parent: NodeID, _ name: ArraySlice<UInt8>) -> Int {
        let (start, factor) = secret
        let name = name.span
        var hash = start ^ UInt64(truncatingIfNeeded: parent) ^ UInt64(name.count) << 32
        var at = 0
        while at < name.count {
            var word: UInt64 = 0
            if at + 8 <= name.count {
                word = unsafe name.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
            } else {
                for index in at..<name.count { word = word << 8 | UInt64(name[index]) }
            }
            let product = (hash ^ word).multipliedFullWidth(by: factor)
            hash = product.high ^ product.low
            at += 8
        }
        return Int(truncatingIfNeeded: hash >> 1)
    }
}
