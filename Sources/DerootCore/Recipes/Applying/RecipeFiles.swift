import DerootBytes
import DerootTar

// What a recipe adds, edits and takes away.
extension RecipeWork {
    /// Adds links, files, edited files and whiteouts.
    ///
    /// - Throws: `.blocked` for a protected path (NR083) and for an edit that misses (NR081).
    mutating func addFiles(
        to added: inout AddedEntries, _ policy: EntryPolicy, read: Read
    ) throws(DerootError) {
        for item in recipe.removals where holds(item.condition) {
            let found = try resolve(try literal(item.path), followingLast: false)
            try protect(found.path, policy)
            guard found.node != nil else { continue }
            added.remove(found.path, reason: "recipe \(recipe.id) takes it away")
        }
        for item in recipe.links where holds(item.condition) {
            try add(item, to: &added, policy)
        }
        for item in recipe.files where holds(item.condition) {
            try add(item, to: &added, policy, read: read)
        }
        try makeEdits(to: &added, policy, read: read)
    }

    private mutating func add(
        _ item: RecipeLink, to added: inout AddedEntries, _ policy: EntryPolicy
    ) throws(DerootError) {
        let found = try resolve(try literal(item.path), followingLast: false)
        try protect(found.path, policy)
        let target = try item.target.filled(values)
        if let node = found.node {
            let entry = image.tree.entry(of: node)
            let isDirectory = entry.map { image.tree[$0].type == .directory } ?? true
            guard !isDirectory || image.tree.children(of: node).isEmpty else {
                throw recipe.error(.blocked, "links: \(found.path) is a directory with content")
            }
            if let entry, image.tree[entry].type == .symlink,
                image.tree.layers[entry.layer].linkBytes(entry.index).elementsEqual(target)
            {
                return
            }
        }
        try checkParent(of: found.path)
        added.addLink(found.path, to: target, reason: "recipe \(recipe.id)")
    }

    private mutating func add(
        _ item: RecipeFile, to added: inout AddedEntries, _ policy: EntryPolicy, read: Read
    ) throws(DerootError) {
        let found = try resolve(try literal(item.path))
        try protect(found.path, policy)
        let content = try item.content.filled(values)
        let owner = item.owner == .user ? policy.owner ?? .root : .root
        if let node = found.node {
            guard let entry = image.tree.entry(of: node), let origin = body(of: entry) else {
                throw recipe.error(.blocked, "files: \(found.path) is no regular file")
            }
            let old = image.tree[entry]
            let isSame =
                old.uid == owner.uid && old.gid == owner.gid && old.mode == item.mode
                && image.tree[origin].bodySize == content.count
            if isSame, try read(origin) == content { return }
        }
        try checkParent(of: found.path)
        added.addFile(
            found.path, content: content, mode: item.mode, owner: owner,
            reason: "recipe \(recipe.id)")
    }

    private func checkParent(of path: TarPath) throws(DerootError) {
        guard let obstacle = image.tree.obstacle(above: path) else { return }
        throw recipe.error(.blocked, "\(path) cannot be made, \(obstacle) is no directory")
    }

    /// The entry with the body of a regular file; nil for everything else.
    func body(of entry: EntryRef) -> EntryRef? {
        let type = image.tree[entry].type
        guard type == .file || type == .hardLink else { return nil }
        // A link's body is where the first of its names is.
        let origin = image.tree.linkGroup(of: entry).first { image.tree[$0].type == .file } ?? entry
        return image.tree[origin].type == .file && !image.tree[origin].isSparse ? origin : nil
    }
}

// Edits.
extension RecipeWork {
    private struct Content {
        let entry: EntryRef
        let original: [UInt8]
        var bytes: [UInt8]
        var edits: [String] = []
    }

    private mutating func makeEdits(
        to added: inout AddedEntries, _ policy: EntryPolicy, read: Read
    ) throws(DerootError) {
        var contents: [TarPath: Content] = [:]
        var editing = LineEditing(values)
        for edit in recipe.edits where holds(edit.condition) {
            do throws(DerootError) {
                try make(edit, in: &contents, with: &editing, policy, read: read)
            } catch {
                // The image's own faults are not the recipe's.
                guard error.location.file == nil else { throw error }
                var located = error.located(in: .init(file: recipe.file))
                located.message = "line \(edit.line): edit \(edit.id): \(error.message)"
                throw located
            }
        }
        for (path, content) in contents.sorted(by: { $0.key < $1.key })
        where content.bytes != content.original {
            let tree = image.tree
            let listing = tree.layers[content.entry.layer]
            let old = tree[content.entry]
            let names = listing.ownerNames(content.entry.index)
            let change = policy.change(of: content.entry.index, in: listing) ?? HeaderChange()
            let owner =
                change.owner
                ?? .init(uid: old.uid, gid: old.gid, userName: names.user, groupName: names.group)
            added.addFile(
                path, content: content.bytes, mode: change.mode(from: old.mode) & 0o1777,
                owner: owner,
                reason: "recipe \(recipe.id): " + content.edits.joined(separator: ", "))
        }
    }

    private mutating func make(
        _ edit: RecipeEdit, in contents: inout [TarPath: Content],
        with editing: inout LineEditing, _ policy: EntryPolicy, read: Read
    ) throws(DerootError) {
        var found: Set<TarPath> = []
        for file in edit.files {
            found.formUnion(try path(file).expand(in: image.tree))
        }
        let paths = found.filter { image.tree.find($0) != nil }.sorted()
        guard !paths.isEmpty else {
            let names = printable(edit.files.map(\.text).joined(separator: ", ").utf8)
            guard edit.isOptional else {
                throw DerootError(.blocked, "NR081 edit-miss: \(names) is not there")
            }
            note("edit \(edit.id): skipped, \(names) is not there")
            return
        }
        guard paths.count <= Recipe.mostItems else {
            throw DerootError(.limit, "\(paths.count) files, more than \(Recipe.mostItems)")
        }
        var hits = 0
        var looked = 0
        for path in paths {
            try protect(path, policy)
            var content: Content
            if let known = contents[path] {
                content = known
            } else {
                content = try load(path, read: read)
            }
            defer { contents[path] = content }
            if try editing.isDone(edit, in: content.bytes) { continue }
            looked += 1
            let result = try editing.apply(edit, to: content.bytes)
            hits += result.hits
            if result.content != content.bytes {
                content.bytes = result.content
                content.edits.append(edit.id)
            }
        }
        let names = paths.prefix(3).map(\.description).joined(separator: ", ")
        guard looked > 0 else {
            note("edit \(edit.id): made already in \(names)")
            return
        }
        guard edit.count.contains(hits) else {
            throw DerootError(
                .blocked, "NR081 edit-miss: \(hits) hits in \(names), expected \(edit.count)",
                advice: "the file is not the one the recipe was written for; correct the recipe, "
                    + "or convert with --recipe none")
        }
        note("edit \(edit.id): \(hits) hit\(hits == 1 ? "" : "s") in \(names)")
    }

    private func load(_ path: TarPath, read: Read) throws(DerootError) -> Content {
        guard let entry = image.tree.entry(at: path), let origin = body(of: entry) else {
            throw DerootError(.blocked, "\(path) is no regular file")
        }
        guard image.tree[origin].bodySize <= LineEditing.largest else {
            throw DerootError(.limit, "\(path) has more than \(LineEditing.largest) bytes")
        }
        let bytes = try read(origin)
        return Content(entry: entry, original: bytes, bytes: bytes)
    }
}
