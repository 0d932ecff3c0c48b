package import DerootBytes

/// A tag of a source that was resolved, before it is known who does it and when.
package struct MirrorCandidate: Sendable, Hashable {
    /// The source's name, `host/path:tag`.
    package let source: String
    package let digest: Digest
    package let recipe: MirrorRecipe
    /// Where the result goes, `host/path`.
    package let repository: String
    package let tag: String
    /// The layers with their sizes; empty where the ledger knows the result.
    package let layers: [Layer]

    /// A layer and its size in bytes.
    package struct Layer: Sendable, Hashable {
        package let digest: Digest
        package let size: UInt64

        package init(digest: Digest, size: UInt64) {
            self.digest = digest
            self.size = size
        }
    }

    package init(
        source: String, digest: Digest, recipe: MirrorRecipe, repository: String, tag: String,
        layers: [Layer]
    ) {
        self.source = source
        self.digest = digest
        self.recipe = recipe
        self.repository = repository
        self.tag = tag
        self.layers = layers
    }
}

/// Makes a plan of candidates, without I/O.
package struct PlanArrangement {
    /// What an image costs besides its bytes, as bytes: requests, documents.
    static let overhead: UInt64 = 1 << 18

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
        var owners: [String: MirrorCandidate] = [:]
        var works: [Work: [MirrorCandidate]] = [:]
        for candidate in candidates {
            let place = "\(candidate.repository):\(candidate.tag)"
            if let other = owners[place] {
                guard other.digest == candidate.digest, other.recipe == candidate.recipe else {
                    throw DerootError(
                        .usage,
                        "\(printable(other.source.utf8)) and \(printable(candidate.source.utf8)) "
                            + "both go to \(printable(place.utf8))",
                        advice: "give one of them another 'target' or 'to'")
                }
                continue
            }
            owners[place] = candidate
            let work = Work(
                digest: candidate.digest, recipe: candidate.recipe,
                repository: candidate.repository)
            works[work, default: []].append(candidate)
        }
        let groups = ordered(Array(works.values))
        let assigned = assign(groups, shards: shards)
        let items = zip(groups, assigned).map { group, shard in
            let first = group[0]
            var seen: Set<Digest> = []
            let layers = first.layers.filter { seen.insert($0.digest).inserted }
            return MirrorPlan.Item(
                source: first.source, digest: first.digest, recipe: first.recipe,
                repository: first.repository,
                tags: group.map(\.tag).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
                bytes: layers.reduce(0) { $0 + $1.size }, layers: layers.map(\.digest),
                shard: shard)
        }
        return MirrorPlan(
            target: target, shards: shards, items: items,
            problems: problems.sorted { $0.source < $1.source })
    }

    /// Groups by how many others need their layers, from the lowest layer up; then by name.
    private static func ordered(_ groups: [[MirrorCandidate]]) -> [[MirrorCandidate]] {
        var users: [Digest: Int] = [:]
        for group in groups {
            for layer in Set(group[0].layers.map(\.digest)) { users[layer, default: 0] += 1 }
        }
        let sorted = groups.map { group in
            group.sorted { $0.source.utf8.lexicographicallyPrecedes($1.source.utf8) }
        }
        return sorted.sorted { a, b in
            for (left, right) in zip(a[0].layers, b[0].layers) where left.digest != right.digest {
                let (one, other) = (users[left.digest] ?? 0, users[right.digest] ?? 0)
                return one != other ? one > other : left.digest.hex < right.digest.hex
            }
            if a[0].layers.count != b[0].layers.count {
                return a[0].layers.count < b[0].layers.count
            }
            let (left, right) = (a[0], b[0])
            return left.source != right.source
                ? left.source.utf8.lexicographicallyPrecedes(right.source.utf8)
                : left.repository.utf8.lexicographicallyPrecedes(right.repository.utf8)
        }
    }

    /// The largest first, each to the shard that then has the least to do.
    private static func assign(_ groups: [[MirrorCandidate]], shards: Int) -> [Int] {
        var result = Array(repeating: 0, count: groups.count)
        guard shards > 1 else { return result }
        var loads = Array(repeating: UInt64(0), count: shards)
        var layers = Array(repeating: Set<Digest>(), count: shards)
        let sizes = groups.map { group in group[0].layers.reduce(UInt64(0)) { $0 + $1.size } }
        let order = groups.indices.sorted {
            sizes[$0] != sizes[$1] ? sizes[$0] > sizes[$1] : $0 < $1
        }
        for index in order {
            var best = 0
            var least = UInt64.max
            for shard in 0..<shards {
                let new = groups[index][0].layers.reduce(UInt64(0)) {
                    $0 + (layers[shard].contains($1.digest) ? 0 : $1.size)
                }
                let load = loads[shard] + new + overhead
                if load < least { (best, least) = (shard, load) }
            }
            result[index] = best
            loads[best] = least
            layers[best].formUnion(groups[index][0].layers.map(\.digest))
        }
        return result
    }
}
