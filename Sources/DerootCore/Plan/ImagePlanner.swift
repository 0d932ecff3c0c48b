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
        /// What the image is called; recipes take it as a hint.
        package var name: String?

        package init(
            manifest: Digest, config: ImageConfig,
            layers: [(digest: Digest, pass: LayerPass.Outcome)], name: String? = nil
        ) {
            self.name = name
            self.manifest = manifest
            self.config = config
            self.layers = layers
        }
    }

    let options: ConversionOptions
    let recipes: RecipeLibrary

    /// Plans with these options and recipes.
    package init(_ options: ConversionOptions, recipes: RecipeLibrary = RecipeLibrary()) {
        self.options = options
        self.recipes = recipes
    }

    /// Reads what was not kept when the layers were read.
    package struct Reader {
        /// The whole body of an entry.
        package let body: (EntryRef) throws(DerootError) -> [UInt8]
        /// The beginnings of scripts.
        package let beginnings: ImageFiles.Read

        package init(
            body: @escaping (EntryRef) throws(DerootError) -> [UInt8],
            beginnings: @escaping ImageFiles.Read
        ) {
            self.body = body
            self.beginnings = beginnings
        }
    }

    /// Decides.
    ///
    /// - Throws: `.blocked` where the image cannot be converted, `.hostile`, `.usage`.
    package func plan(
        _ image: Image, reading reader: Reader
    ) throws(DerootError) -> ImagePlan {
        let tree = try FileTree(image.layers.map(\.pass.listing))
        let body = image.body(reader)
        let accounts = try Accounts(in: tree, body: body)
        let kind = try self.kind(image, tree, read: body)
        let recipe = try recipe(for: kind)
        let chain = try chain(image, tree, reader, accounts, recipe)
        let identity = try identity(image.config, accounts, recipe, chain)
        let owner = HeaderChange.Owner(
            uid: identity.uid, gid: identity.gid, userName: Self.fitting(identity.userName),
            groupName: Self.fitting(identity.groupName))
        let owned = try OwnedPaths(
            options, config: image.config, tree: tree, ownsWorkdir: recipe?.ownsWorkdir ?? true)

        var policy = EntryPolicy(options)
        policy.owner = owner
        policy.sharesWithGroup = options.profiles.contains(.openshift)
        policy.protectedPaths = ProtectedPaths.behindLinks(in: tree)
            .union(accounts.places.values.map(\.path))
        let keep = options.keep + (recipe?.keep.map(\.path) ?? [])
        policy.keptPatterns = keep
        policy.keptPaths = Set(keep.flatMap { $0.expand(in: tree) })
        if options.squashesIDs { policy.squashing = try Self.squashing(image.config, accounts) }
        var work = recipe.map { RecipeWork($0, kind, options, identity) }
        let claims = try work?.claim(policy) ?? RecipeWork.Claims()
        policy.ownedRoots = owned.roots
        policy.rules = claims.rules

        let changes = LayerChanges(policy, in: tree)
        let planned = try options.layers == .append ? changes.visible() : changes.layers
        var added = AddedEntries(in: tree, policy)
        Self.addAccounts(identity, accounts, tree, to: &added)
        Self.addDirectories(owned, claims, identity, owner, tree, policy, to: &added)
        try work?.addFiles(to: &added, policy, read: body)
        var config = try work?.settings() ?? ConfigChanges()
        if options.ports == .remap {
            config.exposedPorts = try PortRemapping.change(image.config, recipe?.ports ?? [])
        }
        try work?.verify(
            added, policy, exposed: config.exposedPorts?.after ?? image.config.exposedPorts,
            read: body)
        let home = Self.home(image.config, identity, tree, policy)
        return ImagePlan(
            manifest: image.manifest, platform: image.config.platform.description, owner: owner,
            userBefore: image.config.exactUser, userAfter: identity.user,
            homeBefore: home.before, homeAfter: home.after,
            layers: zip(image.layers, planned).map { layer, changes in
                LayerPlan(digest: layer.digest, diffID: layer.pass.blob.diffID, changes: changes)
            },
            added: added.sorted,
            notes: identity.notes + stepDownNotes(chain, recipe)
                + readOnlyNotes(image.config) + owned.notes + added.notes
                + keepNotes(changes, tree, recipe?.keep ?? [])
                + Self.attributeNotes(planned, tree)
                + (recipe?.notes ?? []),
            recipe: work.map { work in
                PlannedRecipe(
                    id: work.recipe.id, title: work.recipe.title,
                    digest: recipes.digest(of: work.recipe), steps: work.steps,
                    requires: work.recipe.requires, keep: work.recipe.keep.map(\.path.text))
            },
            config: config)
    }

    /// A name as headers hold it: none, rather than a part of one that may be somebody else's.
    private static func fitting(_ name: [UInt8]) -> [UInt8] {
        name.count < TarField.userName.count ? name : []
    }

    private func keepNotes(
        _ changes: LayerChanges, _ tree: FileTree, _ reasons: [RecipeKeep]
    ) -> [String] {
        let paths = Set(changes.kept.map { tree.layers[$0.layer].path($0.index) })
        let unused = options.keep.filter { pattern in
            !paths.contains { pattern.matches($0) }
                && pattern.expand(in: tree).allSatisfy { !paths.contains($0) }
        }
        func why(_ path: TarPath) -> String {
            reasons.first { $0.path.matches(path) || $0.path.expand(in: tree).contains(path) }?
                .reason
                ?? "--keep"
        }
        return paths.sorted().map { "\($0) keeps its privileges (\(why($0)))" }
            + unused.map { "--keep \(printable($0.text.utf8)) fits no privileged file" }
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
