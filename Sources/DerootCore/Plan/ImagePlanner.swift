package import DerootBytes
package import DerootOCI
import DerootTar

/// Makes the plan of one image from what was read of it; decides everything and does nothing.
package struct ImagePlanner: Sendable {
    /// An image as far as planning needs it.
    package struct Image: Sendable {
        package let manifest: Digest
        package let config: ImageConfig
        /// Digest and diffID of each layer, with what was read of it, lowest first.
        package let layers: [(digest: Digest, pass: LayerPass.Outcome)]

        package init(
            manifest: Digest, config: ImageConfig,
            layers: [(digest: Digest, pass: LayerPass.Outcome)]
        ) {
            self.manifest = manifest
            self.config = config
            self.layers = layers
        }
    }

    private let options: ConversionOptions

    package init(_ options: ConversionOptions) { self.options = options }

    /// Decides; `read` reads the body of an entry that was not captured.
    ///
    /// - Throws: `.blocked` where the image cannot be converted, `.hostile`, `.usage`.
    package func plan(
        _ image: Image, read: (EntryRef) throws(DerootError) -> [UInt8]
    ) throws(DerootError) -> ImagePlan {
        let tree = try FileTree(image.layers.map(\.pass.listing))
        let accounts = try Accounts(in: tree) { (entry) throws(DerootError) in
            let captured = image.layers[entry.layer].pass.captured[entry.index]
            if let captured { return captured.body }
            return try read(entry)
        }
        let identity = try Identity(options.user, imageUser: image.config.user, in: accounts)
        let owner = HeaderChange.Owner(
            uid: identity.uid, gid: identity.gid, userName: Self.fitting(identity.userName),
            groupName: Self.fitting(identity.groupName))
        let owned = try OwnedPaths(options, config: image.config, tree: tree)

        var policy = EntryPolicy(options)
        policy.owner = owner
        policy.ownedRoots = owned.roots
        policy.protectedPaths = ProtectedPaths.behindLinks(in: tree)
            .union(accounts.places.values.map(\.path))
        policy.keptPaths = Set(options.keep.flatMap { $0.expand(in: tree) })
        let changes = LayerChanges(policy, in: tree)
        let planned = try options.layers == .append ? changes.visible() : changes.layers
        var added = AddedEntries(in: tree, policy)
        addAccounts(identity, accounts, tree, to: &added)
        addDirectories(owned, identity, owner, tree, policy, to: &added)
        let home = Self.home(image.config, identity, tree, policy)
        return ImagePlan(
            manifest: image.manifest, platform: image.config.platform.description, owner: owner,
            userBefore: image.config.exactUser, userAfter: identity.user,
            homeBefore: home.before, homeAfter: home.after,
            layers: zip(image.layers, planned).map { layer, changes in
                LayerPlan(digest: layer.digest, diffID: layer.pass.blob.diffID, changes: changes)
            },
            added: added.sorted,
            notes: owned.notes + added.notes + keepNotes(changes, tree))
    }

    /// A name as headers hold it: none, rather than a part of one that may be somebody else's.
    private static func fitting(_ name: [UInt8]) -> [UInt8] {
        name.count < TarField.userName.count ? name : []
    }

    private func keepNotes(_ changes: LayerChanges, _ tree: FileTree) -> [String] {
        let paths = Set(changes.kept.map { tree.layers[$0.layer].path($0.index) })
        let unused = options.keep.filter { pattern in
            !paths.contains { pattern.matches($0) }
                && pattern.expand(in: tree).allSatisfy { !paths.contains($0) }
        }
        return paths.sorted().map { "\($0) keeps its privileges (--keep)" }
            + unused.map { "--keep \(printable($0.text.utf8)) fits no privileged file" }
    }

    private func addAccounts(
        _ identity: Identity, _ accounts: Accounts, _ tree: FileTree, to added: inout AddedEntries
    ) {
        func write(_ kind: Accounts.Kind, _ content: [UInt8], mode: UInt16, _ reason: String) {
            guard let place = accounts.places[kind] else { return }
            let old = place.entry.map { tree[$0] }
            // Root's and not writable by others, whatever it was: who writes here becomes root.
            added.addFile(
                place.path, content: content, mode: (old?.mode ?? mode) & 0o755,
                owner: .init(
                    uid: 0, gid: old?.gid ?? 0, userName: Array("root".utf8),
                    groupName: place.entry.map { tree.layers[$0.layer].ownerNames($0.index).group }
                        ?? Array("root".utf8)),
                reason: reason)
        }
        func append(_ row: String, to kind: Accounts.Kind, mode: UInt16) {
            let content = (accounts.files[kind] ?? .empty).appending(row)
            write(kind, content, mode: mode, "the row of \(identity.user) in /\(kind.rawValue)")
        }
        for kind in Accounts.Kind.allCases {
            guard let entry = accounts.places[kind]?.entry, let file = accounts.files[kind] else {
                continue
            }
            if tree[entry].uid != 0 || tree[entry].mode & 0o022 != 0 {
                write(kind, file.bytes, mode: 0o644, "/\(kind.rawValue) was writable by others")
            }
        }
        let user = printable(identity.userName)
        let group = printable(identity.groupName)
        if let row = identity.passwdRow {
            append(row, to: .passwd, mode: 0o644)
            let hasShadow = accounts.places[.shadow]?.entry != nil
            if hasShadow, (accounts.files[.shadow] ?? .empty).row(named: identity.userName) == nil {
                append("\(user):!:::::::", to: .shadow, mode: 0o640)
            }
        }
        if let row = identity.groupRow {
            append(row, to: .group, mode: 0o644)
            let hasShadow = accounts.places[.gshadow]?.entry != nil
            if hasShadow, (accounts.files[.gshadow] ?? .empty).row(named: identity.groupName) == nil
            {
                append("\(group):!::", to: .gshadow, mode: 0o640)
            }
        }
    }

    private func addDirectories(
        _ owned: OwnedPaths, _ identity: Identity, _ owner: HeaderChange.Owner, _ tree: FileTree,
        _ policy: EntryPolicy, to added: inout AddedEntries
    ) {
        for wanted in owned.wanted {
            added.addDirectory(wanted.path, mode: 0o755, reason: wanted.reason)
        }
        for root in owned.roots {
            guard let node = tree.find(root) else { continue }
            for path in tree.impliedDirectories(below: node)
            where !policy.protects(path) {
                added.materialize(path, owner: owner)
            }
        }
        if identity.passwdRow != nil {
            let home = tree.resolve(TarPath(identity.home))
            added.addDirectory(
                home.path, mode: 0o700, owner: owner, reason: "the home of \(identity.user)")
        }
        let temporary = tree.resolve("tmp")
        added.addDirectory(temporary.path, mode: 0o1777, reason: "/tmp is missing")
    }

    /// HOME, where the config pins one that the user cannot enter.
    private static func home(
        _ config: ImageConfig, _ identity: Identity, _ tree: FileTree, _ policy: EntryPolicy
    ) -> (before: String?, after: String?) {
        let prefix = "HOME="
        guard let pinned = config.env.last(where: { $0.hasPrefix(prefix) }) else {
            return (nil, nil)
        }
        let before = String(pinned.dropFirst(prefix.count))
        let isOpen = tree.isSearchable(TarPath(before), by: identity, policy)
        if isOpen { return (before, before) }
        let home = String(decoding: identity.home, as: UTF8.self)
        return (before, home.isEmpty ? "/" : home)
    }
}

extension FileTree {
    /// True where every directory on the way to a path, the last included, lets the user pass.
    ///
    /// What does not exist is not closed: the application may make it.
    func isSearchable(_ path: TarPath, by identity: Identity, _ policy: EntryPolicy) -> Bool {
        var at = TarPath.root
        for component in resolve(path).path.components {
            at = at.appending(component)
            guard let reference = entry(at: at) else { continue }
            let entry = self[reference]
            let willBeOwned =
                policy.owns(at.bytes[...]) && policy.mayOwn(entry) && policy.mayOwn(at)
            let bit: UInt16 =
                if willBeOwned || entry.uid == identity.uid {
                    0o100
                } else if entry.gid == identity.gid {
                    0o010
                } else {
                    0o001
                }
            if entry.mode & bit == 0 { return false }
        }
        return true
    }
}
