package import DerootBytes
package import DerootTar

/// The change of one entry of a layer.
package struct EntryChange: Sendable, Hashable {
    /// The entry's position in its layer, from 0.
    package let index: Int
    package let change: HeaderChange

    package init(index: Int, change: HeaderChange) {
        self.index = index
        self.change = change
    }
}

/// What happens to one layer.
package struct LayerPlan: Sendable, Hashable {
    /// The blob as the source has it.
    package let digest: Digest
    package let diffID: DiffID
    /// In the entries' order; empty: the blob stays as it is.
    package let changes: [EntryChange]

    package init(digest: Digest, diffID: DiffID, changes: [EntryChange]) {
        self.digest = digest
        self.diffID = diffID
        self.changes = changes
    }

    /// The changes as a pass over the layer asks for them.
    package var decide: LayerPass.Decide {
        let changes = Dictionary(
            changes.map { ($0.index, $0.change) }, uniquingKeysWith: { first, _ in first })
        return { listing in changes[listing.count - 1] }
    }
}

/// A file or directory of the added layer.
package struct AddedEntry: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case directory
        /// The content.
        case file([UInt8])
        /// The target.
        case symlink([UInt8])
        /// What layers below have at the path is hidden.
        case whiteout
    }

    package let path: TarPath
    package let kind: Kind
    /// Of 0o7777.
    package let mode: UInt16
    package let owner: HeaderChange.Owner
    /// Why it is there, for people.
    package let reason: String

    package init(
        path: TarPath, kind: Kind, mode: UInt16, owner: HeaderChange.Owner, reason: String
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.owner = owner
        self.reason = reason
    }

    /// The path of the tar entry: a whiteout is spelled as a marker beside what it hides.
    package var entryPath: TarPath {
        guard kind == .whiteout else { return path }
        return path.parent.appending(Array(".wh.".utf8) + path.name)
    }
}

/// What happens to one image: a value, so that it can be printed, compared, kept and applied later.
package struct ImagePlan: Sendable, Hashable {
    /// The source's manifest.
    package let manifest: Digest
    /// `os/architecture[/variant]`, for people.
    package let platform: String
    /// Who owned entries change to.
    package let owner: HeaderChange.Owner
    /// The config's User, before and after.
    package let userBefore: String?
    package let userAfter: String
    /// The config's HOME, where it changes.
    package let homeBefore: String?
    package let homeAfter: String?
    /// In the manifest's order.
    package let layers: [LayerPlan]
    /// The added layer, parents first; empty: none is added.
    package let added: [AddedEntry]
    /// The recipe that was applied; nil: none.
    package let recipe: PlannedRecipe?
    /// What changes in the config besides User and HOME.
    package let config: ConfigChanges
    /// What a reader should know: kept privileges, paths that were not handed over.
    package let notes: [String]

    package init(
        manifest: Digest, platform: String, owner: HeaderChange.Owner, userBefore: String?,
        userAfter: String,
        homeBefore: String?, homeAfter: String?, layers: [LayerPlan], added: [AddedEntry],
        notes: [String], recipe: PlannedRecipe? = nil, config: ConfigChanges = ConfigChanges()
    ) {
        self.manifest = manifest
        self.platform = platform
        self.owner = owner
        self.userBefore = userBefore
        self.userAfter = userAfter
        self.homeBefore = homeBefore
        self.homeAfter = homeAfter
        self.layers = layers
        self.added = added
        self.notes = notes
        self.recipe = recipe
        self.config = config
    }

    /// True where the image is already what it would become.
    package var isEmpty: Bool {
        userBefore == userAfter && homeBefore == homeAfter && added.isEmpty
            && config.isEmpty && layers.allSatisfy(\.changes.isEmpty)
    }
}
