import DerootCore
import DerootOCI
import DerootTar

/// Everything that a conversion decides, before anything is written.
///
/// It is pinned to the digest of its source and can be kept as JSON and applied later, by this
/// library or by `deroot convert --plan`.
public struct Plan: Sendable {
    /// What happens to one image.
    public struct Image: Sendable, Hashable {
        /// The source's manifest.
        public let digest: Digest
        /// `os/architecture[/variant]`.
        public let platform: String
        /// The config's User as it is; nil where there is none.
        public let userBefore: String?
        /// The config's User as it will be: two decimal numbers.
        public let userAfter: String
        /// How many entries of its layers change.
        public let changedEntries: Int
        /// The paths of the added layer, parents first.
        public let addedPaths: [String]
        /// The id of the recipe that is applied; nil where there is none.
        public let recipe: String?
        /// What a reader should know, a sentence each.
        public let notes: [String]
    }

    let core: ConversionPlan
    private let listings: [[LayerListing]]

    init(_ plan: ConversionPlan, listings: [[LayerListing]]) {
        core = plan
        self.listings = listings
    }

    /// Reads a plan that was kept as JSON.
    ///
    /// - Throws: `.malformed`, naming what is wrong.
    public init(json: String) throws(DerootError) {
        self.init(try ConversionPlan(parsing: Array(json.utf8)), listings: [])
    }

    /// The plan as JSON, with a line for every path that changes.
    public var json: String {
        let document = PlanJSON.document(core, listings: listings)
        return String(decoding: document.serialized(indented: true), as: UTF8.self)
    }

    /// The source as it was named.
    public var reference: String { core.source }
    /// The index or manifest that it is for; it fits no other.
    public var digest: Digest { core.digest }
    /// True where nothing would change.
    public var isEmpty: Bool { core.isEmpty }
    /// In the order of the index.
    public var images: [Image] {
        core.images.map { image in
            Image(
                digest: image.manifest, platform: image.platform, userBefore: image.userBefore,
                userAfter: image.userAfter,
                changedEntries: image.layers.reduce(0) { $0 + $1.changes.count },
                addedPaths: image.added.map(\.path.description), recipe: image.recipe?.id,
                notes: image.notes)
        }
    }
}
