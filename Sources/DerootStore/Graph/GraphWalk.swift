import DerootBytes
import DerootOCI

/// Walks down from a source's root and fills a graph.
struct GraphWalk {
    let source: any ImageSource
    let platform: Platform?
    let limits: Limits
    var graph: ImageGraph
    private var seen: [Digest: Descriptor] = [:]
    private var count = 0

    init(source: any ImageSource, platform: Platform?, limits: Limits, graph: ImageGraph) {
        self.source = source
        self.platform = platform
        self.limits = limits
        self.graph = graph
    }

    mutating func visit(_ descriptor: Descriptor, path: [Digest]) throws(DerootError) {
        let place = DerootError.Location(file: source.name, blob: descriptor.digest)
        count += 1
        guard count <= limits.indexNodes else {
            throw DerootError(
                .limit, "there are more than \(limits.indexNodes) manifests under one reference",
                at: place)
        }
        guard path.count <= limits.indexDepth else {
            throw DerootError(
                .limit, "indexes are nested more than \(limits.indexDepth) deep", at: place)
        }
        if let first = seen[descriptor.digest] {
            // Two entries for one blob are legal; two opinions of what it is are not.
            guard first.size == descriptor.size, first.mediaType == descriptor.mediaType else {
                throw DerootError(
                    .hostile, "two entries name this blob and differ in its size or type", at: place
                )
            }
            return
        }
        seen[descriptor.digest] = descriptor
        do throws(DerootError) {
            try classify(descriptor, path: path)
        } catch { throw error.located(in: place) }
    }

    private mutating func classify(
        _ descriptor: Descriptor, path: [Digest]
    ) throws(DerootError) {
        if descriptor.annotations[DocumentKind.referenceType] == "attestation-manifest" {
            graph.others.append(.init(descriptor: descriptor, reason: .attestation, path: path))
            return
        }
        // What is for no platform is looked at if it is there.
        if let stated = descriptor.platform, isExcluded(stated), !descriptor.mediaType.isIndex,
            !stated.isUnknown || !source.contains(descriptor)
        {
            let reason = ImageGraph.Other.Reason.platform(stated)
            graph.others.append(.init(descriptor: descriptor, reason: reason, path: path))
            return
        }
        guard let document = try document(descriptor, isChild: !path.isEmpty) else {
            let what =
                "a blob of type '\(printable(descriptor.mediaType.essence.utf8.prefix(100)))'"
            graph.others.append(.init(descriptor: descriptor, reason: .artifact(what), path: path))
            return
        }
        switch try DocumentKind.of(document, descriptor: descriptor) {
        case .index: try addIndex(descriptor, document, path: path)
        case .imageManifest: try addImage(descriptor, document, path: path)
        case .artifact(let what):
            let subject = try document.root.descriptor("subject")?.digest
            graph.others.append(
                .init(
                    descriptor: descriptor, reason: .artifact(what), path: path, subject: subject))
        }
    }

    /// The document; nil for a blob of a type that is no manifest's and that is no JSON object.
    private func document(
        _ descriptor: Descriptor, isChild: Bool
    ) throws(DerootError) -> Document? {
        let type = descriptor.mediaType
        let isManifest = type.isIndex || type.isManifest || type.isSchema1
        let limit = limits.manifestBytes
        if !isManifest && descriptor.size > UInt64(limit) && source.contains(descriptor) {
            return nil
        }
        let bytes: [UInt8]
        do throws(DerootError) {
            bytes = try source.document(descriptor, limit: limit)
        } catch  where error.code == .notFound && isChild && platform == nil {
            var refusal = error
            refusal.advice =
                error.advice
                ?? "where an index was copied in part, choose what is there by --platform"
            throw refusal
        }
        do throws(DerootError) {
            return try Document(parsing: bytes)
        } catch {
            if !isManifest { return nil }
            throw error
        }
    }

    private mutating func addIndex(
        _ descriptor: Descriptor, _ document: Document, path: [Digest]
    ) throws(DerootError) {
        let index = try ImageIndex(document)
        graph.indexes.append(.init(descriptor: descriptor, index: index, path: path))
        for child in index.manifests {
            try visit(child, path: path + [descriptor.digest])
        }
    }

    private mutating func addImage(
        _ descriptor: Descriptor, _ document: Document, path: [Digest]
    ) throws(DerootError) {
        let manifest = try Manifest(document)
        // Cosign's signatures have the config of an image, but no layer of any filesystem.
        if let layer = manifest.layers.first, !manifest.layers.contains(where: \.mediaType.isLayer)
        {
            let type = printable(layer.mediaType.essence.utf8.prefix(100))
            let what = "a manifest whose layers are '\(type)'"
            graph.others.append(
                .init(
                    descriptor: descriptor, reason: .artifact(what), path: path,
                    subject: manifest.subject?.digest))
            return
        }
        let bytes = try source.document(manifest.config, limit: limits.configBytes)
        let config: ImageConfig
        do throws(DerootError) {
            config = try ImageConfig(parsing: bytes)
        } catch {
            throw error.located(in: .init(file: source.name, blob: manifest.config.digest))
        }
        let platform = descriptor.platform ?? config.platform
        guard !isExcluded(platform) else {
            let reason = ImageGraph.Other.Reason.platform(platform)
            graph.others.append(.init(descriptor: descriptor, reason: reason, path: path))
            return
        }
        graph.images.append(
            .init(
                descriptor: descriptor, manifest: manifest, config: config, platform: platform,
                path: path, refusal: refusal(manifest)))
    }

    private func isExcluded(_ found: Platform) -> Bool {
        guard let platform else { return false }
        return !found.matches(platform)
    }

    private func refusal(_ manifest: Manifest) -> DerootError? {
        guard let layer = manifest.layers.first(where: \.mediaType.isEncrypted) else { return nil }
        return DerootError(
            .unsupported, "the layer is encrypted, so nobody can look into it",
            at: .init(file: source.name, blob: layer.digest),
            advice: "decrypt the image first: skopeo copy --decryption-key KEY")
    }
}
