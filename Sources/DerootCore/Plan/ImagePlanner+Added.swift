import DerootBytes
import DerootTar

// What every image gets in its added layer: rows of the account, directories.
extension ImagePlanner {
    static func addAccounts(
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

    static func addDirectories(
        _ owned: OwnedPaths, _ claims: RecipeWork.Claims, _ identity: Identity,
        _ owner: HeaderChange.Owner, _ tree: FileTree, _ policy: EntryPolicy,
        to added: inout AddedEntries
    ) {
        for wanted in owned.wanted {
            added.addDirectory(wanted.path, mode: 0o755, reason: wanted.reason)
        }
        for (path, mode, reason) in claims.wanted {
            added.addDirectory(path, mode: mode, reason: reason)
        }
        for root in Set(owned.roots).union(claims.rules.keys).sorted() {
            guard let node = tree.find(root) else { continue }
            for path in tree.impliedDirectories(below: node)
            where !policy.protects(path) && policy.owns(path.bytes[...]) {
                added.materialize(path)
            }
        }
        if identity.passwdRow != nil {
            let home = tree.resolve(TarPath(identity.home))
            // Where any uid may come, the group is what lets it in.
            added.addDirectory(
                home.path, mode: policy.sharesWithGroup ? 0o770 : 0o700, owner: owner,
                reason: "the home of \(identity.user)")
        }
        let temporary = tree.resolve("tmp")
        added.addDirectory(temporary.path, mode: 0o1777, reason: "/tmp is missing")
    }
}
