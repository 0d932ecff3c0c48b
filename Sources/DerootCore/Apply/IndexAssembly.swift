import DerootBytes
import DerootOCI
import DerootStore

/// Puts new manifests into the indexes that lead to them, from the inside out.
struct IndexAssembly {
    /// What the indexes became.
    struct Outcome {
        let root: Descriptor
        /// Children that the result holds as they were.
        let carried: [Descriptor]
        let carriedNames: [String]
        let dropped: [String]
    }

    private let graph: ImageGraph
    /// True where only some platforms were asked for: the others leave.
    private let isNarrowed: Bool
    private var replaced: [Digest: (digest: Digest, size: UInt64)] = [:]

    init(_ graph: ImageGraph, isNarrowed: Bool) {
        self.graph = graph
        self.isNarrowed = isNarrowed
    }

    /// Says that a manifest has a new form.
    mutating func replace(_ old: Digest, digest: Digest, size: UInt64) {
        guard old != digest else { return }
        replaced[old] = (digest, size)
    }

    /// Writes the indexes and decides what is carried.
    mutating func assemble(
        into transaction: any DestinationTransaction
    ) throws(DerootError) -> Outcome {
        var carried: [Descriptor] = graph.images.filter(\.isWindows).map(\.descriptor)
        var names = carried.map { "\($0.digest): a Windows image, whose users are no numbers" }
        var gone: Set<Digest> = []
        var dropped: [String] = []
        for other in graph.others {
            if let reason = reasonToDrop(other) {
                gone.insert(other.descriptor.digest)
                dropped.append("\(other.descriptor.digest): \(reason)")
            } else {
                carried.append(other.descriptor)
                names.append("\(other.descriptor.digest): \(what(other)), as it was")
            }
        }
        // Asked for one platform of several: the image itself is the result, without an index.
        if isNarrowed, graph.images.count == 1, let image = graph.images.first, !image.path.isEmpty
        {
            let root = moved(image.descriptor)
            let kept = carried.filter { $0.digest == image.descriptor.digest }
            let left = carried.filter { $0.digest != image.descriptor.digest }
            dropped += left.map { "\($0.digest): belongs to an index, and the result is one image" }
            return Outcome(root: root, carried: kept, carriedNames: [], dropped: dropped)
        }
        for index in graph.indexes.reversed() {
            var document = index.index
            var children: [Descriptor] = []
            for child in document.manifests where !gone.contains(child.digest) {
                children.append(moved(child))
            }
            if children != document.manifests { document.setManifests(children) }
            let bytes = document.document.bytes
            let digest = try transaction.put(bytes, algorithm: index.descriptor.digest.algorithm)
            replace(index.descriptor.digest, digest: digest, size: UInt64(bytes.count))
        }
        return Outcome(
            root: moved(graph.root), carried: carried, carriedNames: names, dropped: dropped)
    }

    private func moved(_ descriptor: Descriptor) -> Descriptor {
        guard let new = replaced[descriptor.digest] else { return descriptor }
        var descriptor = descriptor
        descriptor.setContent(digest: new.digest, size: new.size)
        return descriptor
    }

    /// Statements about an image that changed are about nothing any more, and pointing them to the
    /// new digest would forge a claim.
    private func reasonToDrop(_ other: ImageGraph.Other) -> String? {
        switch other.reason {
        case .platform(let platform): return "an image for \(platform), which was not asked for"
        case .attestation, .artifact:
            let named = other.descriptor.annotations["vnd.docker.reference.digest"]
            guard let digest = named.flatMap({ try? Digest(parsing: $0) }) ?? other.subject else {
                return nil
            }
            if replaced[digest] != nil {
                return "\(what(other)), which speaks of \(digest.short), an image that changed"
            }
            let isThere = graph.images.contains { $0.descriptor.digest == digest }
            return isThere || !isNarrowed
                ? nil : "\(what(other)) of an image that was not asked for"
        }
    }

    private func what(_ other: ImageGraph.Other) -> String {
        switch other.reason {
        case .attestation: "an attestation"
        case .artifact(let what): what
        case .platform(let platform): "an image for \(platform)"
        }
    }
}
