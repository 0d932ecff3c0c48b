package import DerootBytes
import DerootTar

/// The changes of all layers of an image, decided with the merged view at hand.
///
/// Names of one inode must agree: a link entry's mode and owner are applied to the shared inode by
/// runtimes, so one forgotten name would undo the rest (CVE-2021-32760 and its relatives).
package struct LayerChanges: Sendable {
    /// By layer, in the entries' order.
    package private(set) var layers: [[EntryChange]]
    /// The privileged entries that were spared because one of their names is on the keep list.
    package private(set) var kept: [EntryRef] = []

    private let tree: FileTree
    private let policy: EntryPolicy
    private var overrides: [EntryRef: HeaderChange?] = [:]
    /// Where entries are for a runtime that follows links in their parents.
    private var behindLinks: [EntryRef: [TarPath]] = [:]

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
                if isPrivileged(listing.entries[index]) { noteKept(reference) }
            }
            layers.append(changes)
        }
    }

    /// The same, but only for files that the merged view shows: what a layer on top can change.
    ///
    /// All shown names of an inode come along, the first with the body, since a link in one layer to a
    /// file in another is no link for runtimes. They may have nothing to change themselves.
    ///
    /// - Throws: `.blocked` where the name that has the body is hidden by an upper layer, or is none
    ///   that the image shows.
    package func visible() throws(DerootError) -> [[EntryChange]] {
        var out: [[Int: HeaderChange]] = layers.map { _ in [:] }
        for (number, changes) in layers.enumerated() {
            for change in changes where isShown(EntryRef(layer: number, index: change.index)) {
                out[number][change.index] = change.change
            }
        }
        for (number, changes) in out.enumerated() {
            for index in changes.keys.sorted() {
                let reference = EntryRef(layer: number, index: index)
                guard tree[reference].type != .hardLink || tree.linkGroup(of: reference).count > 1
                else {
                    throw DerootError(
                        .blocked, "a changed file is a hard link to nothing that the image shows",
                        at: .init(entry: printable(path(reference).bytes)),
                        advice: "convert with --layers rewrite")
                }
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
            for name in group where isShown(name) {
                guard !isTorn(name) else {
                    throw DerootError(
                        .blocked, "a changed file has a name that links to one that was replaced",
                        at: .init(entry: printable(path(name).bytes)),
                        advice: "convert with --layers rewrite")
                }
                if out[name.layer][name.index] == nil {
                    out[name.layer][name.index] = HeaderChange()
                }
            }
        }
        return out.map { changes in
            changes.sorted { $0.key < $1.key }.map { EntryChange(index: $0.key, change: $0.value) }
        }
    }

    private func isShown(_ reference: EntryRef) -> Bool {
        tree.entry(at: path(reference)) == reference
    }

    /// True for a hard link that leads to another file by now: a copy of it would show that one.
    private func isTorn(_ reference: EntryRef) -> Bool {
        guard tree[reference].type == .hardLink else { return false }
        let target = TarPath(tree.layers[reference.layer].linkBytes(reference.index))
        let found = tree.resolve(target, followingLast: false).node.flatMap { tree.entry(of: $0) }
        return found.map { !tree.areLinked($0, reference) } ?? true
    }

    private mutating func noteKept(_ reference: EntryRef) {
        guard overrides[reference] == nil, policy.keeps(path(reference)) else { return }
        kept.append(reference)
    }

    private func isPrivileged(_ entry: TarEntry) -> Bool {
        entry.isSetid || (entry.hasCapabilities && policy.capabilities != nil)
    }

    private func path(_ reference: EntryRef) -> TarPath {
        tree.layers[reference.layer].path(reference.index)
    }

    /// Entries below a directory that is a symbolic link in the merged view, or was one when their turn
    /// came.
    ///
    /// One runtime follows the link (it extracts onto the lower layers), another replaces it (overlay
    /// directories of Docker and podman), so what either sees decides.
    private mutating func decideBehindLinks() {
        behindLinks = tree.behindLinks.mapValues { [$0] }
        defer { for reference in behindLinks.keys { decide([reference]) } }
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
                behindLinks[reference, default: []].append(parent.appending(spelled.name))
            }
        }
    }

    /// Decides for all entries of one inode: what one of their names asks for or forbids counts for
    /// all of them, names behind links included.
    private mutating func decide(_ group: [EntryRef]) {
        let names = group.map(path) + group.flatMap { behindLinks[$0] ?? [] }
        var rule: OwnRule?
        if policy.owner != nil {
            for name in names where rule == nil { rule = policy.rule(for: name.bytes[...]) }
        }
        let wantsOwner = rule != nil
        let isPlain = group.allSatisfy { !tree[$0].isSetid && !tree[$0].hasCapabilities }
        // A link may name a kept file that is plain itself, but then nothing is to be changed either.
        if isPlain && !wantsOwner { return }
        let isKept = names.contains { policy.keeps($0) }
        let isOwned =
            wantsOwner && names.allSatisfy { policy.mayOwn($0) }
            && group.allSatisfy { policy.mayOwn(tree[$0]) }
        for reference in group {
            let change = isKept ? nil : change(of: reference, isOwned ? rule : nil)
            overrides.updateValue(change, forKey: reference)
            if isKept, isPrivileged(tree[reference]) { kept.append(reference) }
        }
    }

    private func change(of reference: EntryRef, _ rule: OwnRule?) -> HeaderChange? {
        let entry = tree[reference]
        let listing = tree.layers[reference.layer]
        var change = policy.privilegeChange(of: entry)
        if let rule {
            policy.apply(rule, to: reference.index, in: listing, &change)
        } else if policy.squashes(entry), policy.mayOwn(entry) {
            change.owner = policy.squashed(reference.index, in: listing)
        }
        return change.isEmpty ? nil : change
    }
}

extension FileTree {
    /// True where some entry lies below a path that is a symbolic link in the merged view.
    var hasChildrenBelowLinks: Bool {
        var found = false
        for (number, listing) in layers.enumerated() where !found {
            for index in 0..<listing.count {
                guard case .symlink = listing.entries[index].type else { continue }
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
