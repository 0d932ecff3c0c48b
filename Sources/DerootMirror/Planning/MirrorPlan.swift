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
        /// Bytes of all layers, `mostBytes` at most; 0 where the ledger knew the result.
        package let bytes: UInt64
        /// The layers, lowest first, each once; empty where the ledger knew the result.
        package let layers: [Digest]
        /// From 0.
        package let shard: Int

        /// What an image counts for at most, 1 TiB: the items of a plan can be added up, whatever a
        /// manifest or an edited plan says.
        static let mostBytes: UInt64 = 1 << 40

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
    package var sharedLayers: Set<Digest> { Set(LayerUse.counts(items, layers: \.layers).keys) }
}

/// Which layers several images have.
enum LayerUse {
    /// How many items have a layer, for those layers that several have.
    ///
    /// Most layers of a large mirror are one image's own, and never become a dictionary's key: first their
    /// hashes are compared.
    static func counts<Item>(_ items: [Item], layers: (Item) -> [Digest]) -> [Digest: Int] {
        var hashes: [Int] = []
        for item in items {
            for layer in layers(item) { hashes.append(layer.hashValue) }
        }
        hashes.sort()
        var repeated: Set<Int> = []
        for (hash, next) in zip(hashes, hashes.dropFirst()) where hash == next {
            repeated.insert(hash)
        }
        hashes = []
        var counts: [Digest: Int] = [:]
        for item in items {
            var seen: Set<Digest> = []
            for layer in layers(item)
            where repeated.contains(layer.hashValue) && seen.insert(layer).inserted {
                counts[layer, default: 0] += 1
            }
        }
        return counts.filter { $0.value > 1 }
    }
}
