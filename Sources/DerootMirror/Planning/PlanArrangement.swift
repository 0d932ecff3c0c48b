package import DerootBytes

/// A tag of a source that was resolved, before it is known who does it and when.
package struct MirrorCandidate: Sendable, Hashable {
    /// The source's repository, `host/path`.
    package let name: String
    package let tag: String
    package let digest: Digest
    package let recipe: MirrorRecipe
    /// Where the result goes, `host/path`.
    package let repository: String
    /// The layers with their sizes, each once; empty where the ledger knows the result.
    package let layers: [Layer]

    /// The source's name, `host/path:tag`.
    package var source: String { "\(name):\(tag)" }

    /// A layer and its size in bytes.
    package struct Layer: Sendable, Hashable {
        package let digest: Digest
        package let size: UInt64

        package init(digest: Digest, size: UInt64) {
            self.digest = digest
            self.size = size
        }
    }

    /// Layers that occur several times are kept once.
    package init(
        name: String, tag: String, digest: Digest, recipe: MirrorRecipe, repository: String,
        layers: [Layer]
    ) {
        self.name = name
        self.tag = tag
        self.digest = digest
        self.recipe = recipe
        self.repository = repository
        var seen: Set<Digest> = []
        self.layers = layers.filter { seen.insert($0.digest).inserted }
    }

    /// Bytes of all layers; more than `MirrorPlan.Item.mostBytes` count as that.
    var bytes: UInt64 {
        layers.reduce(0) {
            min(MirrorPlan.Item.mostBytes, $0 + min(MirrorPlan.Item.mostBytes, $1.size))
        }
    }
}

/// Makes a plan of candidates, without I/O.
package struct PlanArrangement {
    /// What an image costs besides its bytes, as bytes: requests, documents.
    static let overhead = Double(1 << 18)

    private struct Place: Hashable {
        let repository: String
        let tag: String
    }

    /// What becomes an item: its first candidate, by name, stands for all.
    private struct Group {
        let first: MirrorCandidate
        /// Sorted.
        let tags: [String]

        init(_ candidates: [MirrorCandidate]) {
            let sorted = candidates.sorted {
                $0.source.utf8.lexicographicallyPrecedes($1.source.utf8)
            }
            first = sorted[0]
            tags = candidates.map(\.tag).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    private struct Work: Hashable {
        let digest: Digest
        let recipe: MirrorRecipe
        let repository: String
    }

    /// Arranges candidates: each source once for each repository, shared layers first, and shards of
    /// about the same bytes, a layer that several images have counted once in a shard.
    ///
    /// - Throws: `.usage` where two sources want the same tag.
    package static func plan(
        _ candidates: [MirrorCandidate], target: String, shards: Int,
        problems: [MirrorPlan.Problem]
    ) throws(DerootError) -> MirrorPlan {
        var owners: [Place: Int] = [:]
        var works: [Work: [Int]] = [:]
        for (index, candidate) in candidates.enumerated() {
            let place = Place(repository: candidate.repository, tag: candidate.tag)
            if let owner = owners[place] {
                let other = candidates[owner]
                guard other.digest == candidate.digest, other.recipe == candidate.recipe else {
                    throw DerootError(
                        .usage,
                        "\(printable(other.source.utf8)) and \(printable(candidate.source.utf8)) "
                            + "both go to \(printable("\(place.repository):\(place.tag)".utf8))",
                        advice: "give one of them another 'target' or 'to'")
                }
                continue
            }
            owners[place] = index
            let work = Work(
                digest: candidate.digest, recipe: candidate.recipe,
                repository: candidate.repository)
            works[work, default: []].append(index)
        }
        owners = [:]
        let groups = works.values.map { group in
            Group(group.map { candidates[$0] })
        }
        works = [:]
        let uses = LayerUse.counts(groups) { $0.first.layers.map(\.digest) }
        let ordered = ordered(groups, uses)
        let assigned = assign(ordered, uses, shards: shards)
        let items = zip(ordered, assigned).map { group, shard in
            let first = group.first
            return MirrorPlan.Item(
                source: first.source, digest: first.digest, recipe: first.recipe,
                repository: first.repository, tags: group.tags, bytes: first.bytes,
                layers: first.layers.map(\.digest), shard: shard)
        }
        return MirrorPlan(
            target: target, shards: shards, items: items,
            problems: problems.sorted { $0.source < $1.source })
    }

    /// Groups by how many others need their layers, from the lowest layer up; then by name.
    private static func ordered(_ groups: [Group], _ uses: [Digest: Int]) -> [Group] {
        groups.sorted { a, b in
            let (left, right) = (a.first, b.first)
            for (one, other) in zip(left.layers, right.layers) where one.digest != other.digest {
                let (many, few) = (uses[one.digest] ?? 1, uses[other.digest] ?? 1)
                return many != few ? many > few : one.digest.precedes(other.digest)
            }
            if left.layers.count != right.layers.count {
                return left.layers.count < right.layers.count
            }
            for (one, other) in [(left.source, right.source), (left.repository, right.repository)]
            where one != other { return one.utf8.lexicographicallyPrecedes(other.utf8) }
            return left.recipe.digest.precedes(right.recipe.digest)
        }
    }

    /// The largest first, each to the shard that then has the least to do.
    private static func assign(
        _ groups: [Group], _ uses: [Digest: Int], shards: Int
    ) -> [Int] {
        var result = Array(repeating: 0, count: groups.count)
        guard shards > 1 else { return result }
        var loads = Array(repeating: 0.0, count: shards)
        /// Of the layers that several images have, those that a shard reads anyway.
        var layers = Array(repeating: Set<Digest>(), count: shards)
        let sizes = groups.map(\.first.bytes)
        let order = groups.indices.sorted {
            sizes[$0] != sizes[$1] ? sizes[$0] > sizes[$1] : $0 < $1
        }
        for index in order {
            var own = overhead
            var shared: [MirrorCandidate.Layer] = []
            for layer in groups[index].first.layers {
                if uses[layer.digest] != nil {
                    shared.append(layer)
                } else {
                    own += Double(layer.size)
                }
            }
            var best = 0
            var least = Double.infinity
            for shard in 0..<shards {
                let load = shared.reduce(loads[shard] + own) {
                    $0 + (layers[shard].contains($1.digest) ? 0 : Double($1.size))
                }
                if load < least { (best, least) = (shard, load) }
            }
            result[index] = best
            loads[best] = least
            layers[best].formUnion(shared.map(\.digest))
        }
        return result
    }
}
