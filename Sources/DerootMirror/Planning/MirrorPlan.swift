package import DerootBytes
import DerootCore
package import DerootRegistry

/// Which images are converted into which tags, by which shard: made once, never changed.
package struct MirrorPlan: Sendable, Hashable {
    /// One source with one recipe, and all tags of one repository that get the result.
    package struct Item: Sendable, Hashable {
        /// One of the names under which the source was found, `host/path:tag`.
        package let source: String
        package let digest: Digest
        package let recipe: MirrorRecipe
        /// Where the result goes, `host/path`.
        package let repository: String
        /// Sorted.
        package let tags: [String]
        /// Bytes of all layers; 0 where the ledger knew the result.
        package let bytes: UInt64
        /// The layers, lowest first, each once; empty where the ledger knew the result.
        package let layers: [Digest]
        /// From 0.
        package let shard: Int

        /// What the result is filed under.
        package var key: LedgerKey {
            LedgerKey(source: digest, name: source, recipe: recipe.digest)
        }
        /// The source pinned to its digest.
        package var pinned: String { "\(source)@\(digest)" }
    }

    /// A source that could not be looked at when the plan was made.
    package struct Problem: Sendable, Hashable {
        package let source: String
        /// The error's code by name.
        package let code: String
        package let message: String
        /// Whether it is worth another try.
        package let isTransient: Bool

        package init(source: String, code: String, message: String, isTransient: Bool) {
            self.source = source
            self.code = code
            self.message = message
            self.isTransient = isTransient
        }
    }

    /// Where the ledger is, `host/path`.
    package let target: String
    package let shards: Int
    /// In the order in which they are best done: those with the most shared layers first.
    package let items: [Item]
    package let problems: [Problem]
    /// How fast registries are asked, all shards together.
    package var paces = RequestPaces()

    /// How fast one of the shards may ask.
    package var pacesOfShard: RequestPaces { paces.divided(among: shards) }

    /// Layers that several items have.
    package var sharedLayers: Set<Digest> {
        var seen: Set<Digest> = []
        var shared: Set<Digest> = []
        for item in items {
            for layer in item.layers where !seen.insert(layer).inserted { shared.insert(layer) }
        }
        return shared
    }
}
