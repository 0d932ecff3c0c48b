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

    /// What starts in the image, where somebody wants to know: it may cost one more pass over a layer.
    func chain(
        _ image: Image, _ tree: FileTree, _ reader: Reader, _ accounts: Accounts, _ recipe: Recipe?
    ) throws(DerootError) -> StartChain? {
        let isRoot = (try? ImageUser(image.config.user, in: accounts)) == .root
        let isNamed = (recipe.map { Self.proposals($0) } ?? []).contains { proposal in
            guard case .spelled(let user) = proposal.account else { return options.user == .auto }
            let found = try? ImageUser(user, in: accounts)
            return found != nil && found != .root
        }
        let isOpen: Bool =
            switch options.user {
            case .auto, .adopt: isRoot && !isNamed
            case .numbers, .name: false
            }
        guard isOpen || isRoot && recipe?.stepDown != nil else { return nil }
        let chain = try StartChain(
            StartImage(image.config, in: tree),
            files: ImageFiles(in: tree, image.layers.map(\.pass)), read: reader.beginnings)
        if let recipe, recipe.stepDown == .guarded || recipe.stepDown == Recipe.StepDown.none,
            let step = chain.stepDowns.first(where: {
                !$0.isGuarded && !$0.circumstances.isConditional
            })
        {
            throw recipe.error(
                .blocked,
                "NR021 stepdown-unguarded: \(step.tool) at \(step.at.text) is called as whoever it is",
                advice:
                    "the recipe expects a test of the uid around it; --recipe none, or a recipe "
                    + "of your own that edits the script")
        }
        return chain
    }

    /// What a container with a read-only root file system needs.
    func readOnlyNotes(_ config: ImageConfig) -> [String] {
        guard options.profiles.contains(.readOnlyRootfs) else { return [] }
        let places = (["/tmp"] + config.volumes).map { printable($0.utf8) }
        return [
            "NR073 with a read-only root, these must be writable: " + places.joined(separator: " ")
        ]
    }

    func stepDownNotes(_ chain: StartChain?, _ recipe: Recipe?) -> [String] {
        guard recipe?.stepDown != .rewrite else { return [] }
        return (chain?.stepDowns ?? []).filter { !$0.isGuarded }.prefix(3).map { step in
            "NR021 \(step.tool) at \(step.at.text) fails for a user who is not root"
        }
    }

    func identity(
        _ config: ImageConfig, _ accounts: Accounts, _ recipe: Recipe?, _ chain: StartChain?
    ) throws(DerootError) -> Identity {
        let groupZero = options.profiles.contains(.openshift)
        if groupZero, case .numbers(_, let gid?) = options.user, gid != 0 {
            throw DerootError(
                .usage, "--profile openshift wants the group 0, --user says \(gid)",
                advice: "leave the group to the profile")
        }
        return try Identity(
            options.user, imageUser: config.user, in: accounts,
            proposals: (recipe.map { Self.proposals($0) } ?? []) + Self.proposals(chain),
            groupZero: groupZero,
            avoidsHighIDs: options.squashesIDs)
    }

    /// The accounts that the start script steps down to; those that it names without a test of the uid
    /// only where adopting was asked for.
    private static func proposals(_ chain: StartChain?) -> [Identity.Proposal] {
        guard let chain else { return [] }
        let isSure = chain.adoptable != nil
        return chain.stepDowns.compactMap { step in
            guard let account = step.account else { return nil }
            return .init(
                .spelled(account), from: "\(step.tool) at \(step.at.text)", needsAdopt: !isSure)
        }
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

extension ImagePlanner.Image {
    /// Reads bodies: those that were kept, and the others by reading their layer again.
    func body(_ reader: ImagePlanner.Reader) -> (EntryRef) throws(DerootError) -> [UInt8] {
        { (entry) throws(DerootError) in
            if let captured = layers[entry.layer].pass.captured[entry.index] {
                return captured.body
            }
            return try reader.body(entry)
        }
    }
}

extension StartChain.Place {
    /// `/entrypoint.sh:12`, or the config's key.
    var text: String {
        let name =
            switch place {
            case .file(let path): path.description
            case .config(let key): printable(key.utf8)
            }
        return line.map { "\(name):\($0)" } ?? name
    }
}
