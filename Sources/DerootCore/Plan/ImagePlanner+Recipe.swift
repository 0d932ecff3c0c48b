import DerootBytes
import DerootOCI
import DerootTar

// Which recipe and which account an image gets.
extension ImagePlanner {
    func kind(
        _ image: Image, _ tree: FileTree, read: (EntryRef) throws(DerootError) -> [UInt8]
    ) throws(DerootError) -> ImageKind {
        var release: [UInt8]?
        for path in ImageKind.osReleasePaths where release == nil {
            guard let node = tree.resolve(path).node, let entry = tree.entry(of: node),
                tree[entry].type == .file, !tree[entry].isSparse, tree[entry].bodySize <= 65536
            else { continue }
            release = try read(entry)
        }
        return ImageKind(tree: tree, config: image.config, name: image.name, osRelease: release)
    }

    func recipe(for kind: ImageKind) throws(DerootError) -> Recipe? {
        guard case .found(let recipe) = try recipes.select(options.recipe, for: kind) else {
            return nil
        }
        try RecipeWork.check(recipe, kind, options)
        return recipe
    }

    func identity(
        _ config: ImageConfig, _ accounts: Accounts, _ recipe: Recipe?
    ) throws(DerootError) -> Identity {
        let groupZero = options.profiles.contains(.openshift)
        if groupZero, case .numbers(_, let gid?) = options.user, gid != 0 {
            throw DerootError(
                .usage, "--profile openshift wants the group 0, --user says \(gid)",
                advice: "leave the group to the profile")
        }
        return try Identity(
            options.user, imageUser: config.user, in: accounts,
            proposals: recipe.map { Self.proposals($0) } ?? [], groupZero: groupZero,
            avoidsHighIDs: options.squashesIDs)
    }

    private static func proposals(_ recipe: Recipe) -> [Identity.Proposal] {
        guard let user = recipe.user else { return [] }
        let source = "recipe \(recipe.id)"
        switch user.strategy {
        case .keep: return []
        case .adopt: return user.names.map { .init(.spelled($0), from: source) }
        case .assign:
            let uid = user.uid ?? Identity.defaultID
            return [
                .init(
                    .numbers(
                        uid: uid, gid: user.gid ?? uid, name: user.names.first, home: user.home),
                    from: source)
            ]
        }
    }

    /// Where ids of 65536 and more go: the image's own account's to the new user, all others to root.
    static func squashing(
        _ config: ImageConfig, _ accounts: Accounts
    ) throws(DerootError) -> EntryPolicy.Squashing {
        guard case .nonRoot(let uid, let gid) = try ImageUser(config.user, in: accounts) else {
            return .init(uid: nil, gid: nil)
        }
        return .init(uid: uid, gid: gid)
    }
}
