package import DerootBytes
import DerootTar

/// The changes of all layers of an image, decided with the merged view at hand.
///
/// Names of one inode must agree: a link entry's mode and owner are applied to the shared inode by
/// runtimes, so one forgotten name would undo the rest (CVE-2021-32760 and its relatives).
package struct LayerChanges: Sendable {
    /// By layer, in the entries' order.
    package private(set) var layers: [[EntryChange]]
    /// How many entries were spared because they are on the keep list and privileged.
    package private(set) var kept: [EntryRef] = []

    private let tree: FileTree
    private let policy: EntryPolicy
    private var overrides: [EntryRef: HeaderChange?] = [:]
    /// Where entries are for a runtime that follows links in their parents.
    private var behindLinks: [EntryRef: TarPath] = [:]

    /// Decides for every entry of every layer, hidden ones included: blobs are read by scanners too.
    ///
    /// - Parameters:
    ///   - policy: With resolved paths.
    ///   - tree: The merged view.
    package init(_ policy: EntryPolicy, in tree: FileTree) {
        self.policy = policy
        self.tree = tree
        layers = []
        decideBehindLinks()
        for group in tree.linkGroups { decide(group) }
        for (number, listing) in tree.layers.enumerated() {
            var changes: [EntryChange] = []
            for index in 0..<listing.count {
                let reference = EntryRef(layer: number, index: index)
                let override = overrides.isEmpty ? nil : overrides[reference]
                let change = override ?? policy.change(of: index, in: listing)
                if let change { changes.append(EntryChange(index: index, change: change)) }
                noteKept(reference)
            }
            layers.append(changes)
        }
    }

    /// The same, but only for files that the merged view shows: what a layer on top can change.
    ///
    /// All shown names of an inode come along, the first with the body, since a link in one layer to a
    /// file in another is no link for runtimes. They may have nothing to change themselves.
    ///
    /// - Throws: `.blocked` where the name that has the body is hidden by an upper layer.
    package func visible() throws(DerootError) -> [[EntryChange]] {
        var out: [[Int: HeaderChange]] = layers.map { _ in [:] }
        for (number, changes) in layers.enumerated() {
            for change in changes where isShown(EntryRef(layer: number, index: change.index)) {
                out[number][change.index] = change.change
            }
        }
        for group in tree.linkGroups {
            let isChanged = group.contains { out[$0.layer][$0.index] != nil }
            guard isChanged else { continue }
            guard let body = group.first, isShown(body), tree[body].type != .hardLink else {
                throw DerootError(
                    .blocked,
                    "a changed file's other names are shown, but the one with its body is not",
                    at: .init(entry: group.first.map { printable(path($0).bytes) }),
                    advice: "convert with --layers rewrite")
            }
            for name in group where isShown(name) && out[name.layer][name.index] == nil {
                out[name.layer][name.index] = HeaderChange()
            }
        }
        return out.map { changes in
            changes.sorted { $0.key < $1.key }.map { EntryChange(index: $0.key, change: $0.value) }
        }
    }

    private func isShown(_ reference: EntryRef) -> Bool {
        tree.entry(at: path(reference)) == reference
    }

    private mutating func noteKept(_ reference: EntryRef) {
        let entry = tree[reference]
        guard entry.isSetid || (entry.hasCapabilities && policy.capabilities != nil) else { return }
        if isKept(reference) { kept.append(reference) }
    }

    private func path(_ reference: EntryRef) -> TarPath {
        tree.layers[reference.layer].path(reference.index)
    }

    /// Entries below a directory that is a symbolic link in the merged view.
    ///
    /// One runtime follows the link (containerd extracts onto the lower layers), another replaces it
    /// (overlay directories of Docker and podman), so what either sees decides.
    private mutating func decideBehindLinks() {
        guard tree.hasChildrenBelowLinks else { return }
        var parents: [TarPath: TarPath] = [:]
        for (number, listing) in tree.layers.enumerated() {
            for index in 0..<listing.count {
                let spelled = listing.path(index)
                let above = spelled.parent
                // Many entries share a parent, and a hostile link is long to follow.
                let parent = parents[above] ?? tree.resolve(above).path
                parents[above] = parent
                guard parent != above else { continue }
                let reference = EntryRef(layer: number, index: index)
                let resolved = parent.appending(spelled.name)
                behindLinks[reference] = resolved
                overrides[reference] = change(of: reference, names: [spelled, resolved])
            }
        }
    }

    /// All names of the inodes of a group, also those that they have behind links.
    private func names(_ group: [EntryRef]) -> [TarPath] {
        group.flatMap { reference in
            [path(reference)] + (behindLinks[reference].map { [$0] } ?? [])
        }
    }

    private mutating func decide(_ group: [EntryRef]) {
        let names = names(group)
        let isOwned = policy.owner != nil && names.contains { policy.owns($0.bytes[...]) }
        let isPlain = group.allSatisfy { reference in
            let entry = tree[reference]
            return !entry.isSetid && !entry.hasCapabilities
        }
        if isPlain && !isOwned { return }
        for reference in group {
            overrides[reference] = change(of: reference, names: names)
        }
    }

    /// The change of an entry whose inode has all these names.
    private func change(of reference: EntryRef, names: [TarPath]) -> HeaderChange? {
        if names.contains(where: { policy.keeps($0) }) { return nil }
        let entry = tree[reference]
        var change = policy.privilegeChange(of: entry)
        let isOwned = names.contains { policy.owns($0.bytes[...]) }
        if policy.owner != nil, isOwned, names.allSatisfy({ policy.mayOwn(entry, at: $0) }) {
            change.owner = policy.ownerChange(
                of: reference.index, in: tree.layers[reference.layer])
        }
        return change.isEmpty ? nil : change
    }

    private func isKept(_ reference: EntryRef) -> Bool {
        tree.linkGroup(of: reference).contains { policy.keeps(path($0)) }
    }
}

extension FileTree {
    /// True where some entry lies below a path that is a symbolic link in the merged view.
    var hasChildrenBelowLinks: Bool {
        var found = false
        for (number, listing) in layers.enumerated() where !found {
            for index in 0..<listing.count where listing.entries[index].type == .symlink {
                let path = listing.path(index)
                if let node = find(path), entry(of: node) == EntryRef(layer: number, index: index),
                    !children(of: node).isEmpty
                {
                    found = true
                    break
                }
            }
        }
        return found
    }
}
