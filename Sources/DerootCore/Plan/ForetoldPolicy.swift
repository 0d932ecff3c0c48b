package import DerootOCI
import DerootTar

extension EntryPolicy {
    /// What most likely changes in an image's layers, guessed from its config before a layer was read.
    ///
    /// A wrong guess costs a second pass over a layer, never the result; nil: nothing is foretold.
    package static func foretold(
        _ options: ConversionOptions, _ config: ImageConfig, _ recipes: RecipeLibrary
    ) -> EntryPolicy? {
        // Appended changes are known only when everything was read.
        guard options.layers == .rewrite else { return nil }
        let likely = recipes.likely(options.recipe, for: config)
        var policy = EntryPolicy(options)
        policy.keptPatterns += likely.flatMap { $0.keep.map(\.path) }
        policy.sharesWithGroup = options.profiles.contains(.openshift)
        guard var owner = foretoldOwner(options, config, likely) else { return policy }
        if policy.sharesWithGroup { owner.gid = 0 }
        policy.owner = owner
        policy.ownedRoots = OwnedPaths.foretold(
            options, config: config, ownsWorkdir: likely.allSatisfy(\.ownsWorkdir))
        for item in likely.flatMap(\.own) where item.condition == RecipeCondition() {
            guard case .literal? = item.path.parts.first, item.path.parts.count == 1,
                let pattern = try? PathPattern(item.path.text), pattern.isLiteral
            else { continue }
            var rule = OwnRule()
            (rule.isRecursive, rule.part, rule.mode) = (item.isRecursive, item.part, item.mode)
            policy.rules[OwnedPaths.likelyPlace(of: pattern.literal)] = rule
        }
        return policy
    }

    /// The new user; nil where it is an account of the image that only its layers know.
    private static func foretoldOwner(
        _ options: ConversionOptions, _ config: ImageConfig, _ likely: [Recipe]
    ) -> HeaderChange.Owner? {
        var owner = HeaderChange.Owner(
            uid: Identity.defaultID, gid: Identity.defaultID, userName: Array("nonroot".utf8),
            groupName: Array("nonroot".utf8))
        switch options.user {
        case .numbers(let uid, let gid): (owner.uid, owner.gid) = (uid, gid ?? uid)
        case .auto where ["", "0", "root", "0:0", "root:root"].contains(config.user ?? ""):
            let users = likely.compactMap(\.user)
            guard !users.contains(where: { $0.strategy == .adopt }) else { return nil }
            guard let user = users.first, user.strategy == .assign else { break }
            owner.uid = user.uid ?? owner.uid
            owner.gid = user.gid ?? owner.uid
            if let name = user.names.first.map({ Array($0.utf8) }) {
                (owner.userName, owner.groupName) = (name, name)
            }
        case .auto, .adopt, .name: return nil
        }
        return owner
    }
}

extension RecipeLibrary {
    /// The recipes that a config speaks for and not against, on their bases.
    func likely(_ choice: RecipeChoice, for config: ImageConfig) -> [Recipe] {
        let kind = ImageKind(tree: FileTree(), config: config)
        let found = recipes.filter { recipe in
            switch choice {
            case .none: return false
            case .one(let id): return recipe.id == id
            case .automatic:
                let signs = recipe.match.map { $0.sign(in: kind) }
                return signs.contains(true) && !signs.contains(false)
            }
        }
        return found.compactMap { try? stacked($0) }
    }
}

extension RecipePredicate {
    /// What the config alone says; nil: only the layers or the name can tell, or it says nothing.
    fileprivate func sign(in kind: ImageKind) -> Bool? {
        switch self {
        case .file, .glob, .image, .distro: return nil
        case .os: return holds(for: kind) ? nil : false
        case .entrypoint, .cmd, .start, .command, .env, .label: return holds(for: kind)
        case .any(let parts):
            let signs = parts.map { $0.sign(in: kind) }
            return signs.contains(true) ? true : signs.contains(nil) ? nil : false
        case .not(let parts): return parts.contains { $0.sign(in: kind) == true } ? false : nil
        }
    }
}
