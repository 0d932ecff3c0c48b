import DerootBytes
import DerootOCI
import DerootTar

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
            // One entry may leave out what another asks for: only what is in the graph is settled.
            if graph.holds(descriptor.digest) { return }
        }
        seen[descriptor.digest] = descriptor
        do throws(DerootError) {
            try classify(descriptor, path: path)
        } catch { throw error.located(in: place) }
    }

    private mutating func classify(
        _ descriptor: Descriptor, path: [Digest]
    ) throws(DerootError) {
        // What is for no platform is looked at if it is there.
        if let stated = descriptor.platform, isExcluded(stated), !descriptor.mediaType.isIndex,
            !stated.isUnknown || !source.contains(descriptor)
        {
            let reason = ImageGraph.Other.Reason.platform(stated)
            graph.others.append(.init(descriptor: descriptor, reason: reason, path: path))
            return
        }
        let isMarked =
            descriptor.annotations[DocumentKind.referenceType] == "attestation-manifest"
        if isMarked, !source.contains(descriptor) {
            graph.others.append(.init(descriptor: descriptor, reason: .attestation, path: path))
            return
        }
        guard let document = try document(descriptor, isChild: !path.isEmpty) else {
            let what =
                "a blob of type '\(printable(descriptor.mediaType.essence.utf8.prefix(100)))'"
            try addOther(descriptor, .artifact(what), manifest: nil, path: path)
            return
        }
        // By content alone: an annotation that says "attestation" stops no runtime.
        switch try DocumentKind.of(document, declared: descriptor.mediaType) {
        case .index: try addIndex(descriptor, document, path: path)
        case .imageManifest: try addImage(descriptor, document, path: path)
        case .artifact(let what):
            try addOther(
                descriptor, isMarked ? .attestation : .artifact(what),
                manifest: try? Manifest(document), path: path,
                subject: try document.root.descriptor("subject")?.digest)
        }
    }

    /// Lists a child that is carried or dropped as a whole, once it is certain that nobody runs it.
    ///
    /// What a child is called does not keep a runtime from running it: layers are unpacked whatever
    /// their media type and the child's annotations say.
    mutating func addOther(
        _ descriptor: Descriptor, _ reason: ImageGraph.Other.Reason, manifest: Manifest?,
        path: [Digest], subject: Digest? = nil
    ) throws(DerootError) {
        let isRunnable = manifest?.config.mediaType.isImageConfig ?? false
        for layer in manifest?.layers ?? [] where isRunnable {
            guard try isFilesystem(layer) else { continue }
            let type = printable(layer.mediaType.essence.utf8.prefix(100))
            throw DerootError(
                .hostile, "a layer of type '\(type)' holds a file system, and runtimes unpack it",
                at: .init(file: source.name, blob: layer.digest))
        }
        guard !graph.others.contains(where: { $0.descriptor == descriptor }) else { return }
        graph.others.append(
            .init(descriptor: descriptor, reason: reason, path: path, subject: subject))
    }

    /// True for a blob that begins as a layer may, and is what its digest says; false for one that is
    /// not there.
    ///
    /// - Throws: What reading it throws: nobody knows what it is then. `.mismatch` for other bytes.
    private func isFilesystem(_ layer: Descriptor) throws(DerootError) -> Bool {
        do throws(DerootError) {
            guard try Self.beginsAsFilesystem(source.blob(layer).beginning(512)) else {
                return false
            }
            let found = try source.blob(layer).digest(layer.digest.algorithm)
            guard found == layer.digest else {
                throw DerootError(.mismatch, "the content has the digest \(found)")
            }
            return true
        } catch {
            guard error.code != .notFound || error.isOfTransport else { return false }
            throw error.located(in: .init(file: source.name, blob: layer.digest))
        }
    }

    /// True where it is compressed in any way, or a tar header.
    private static func beginsAsFilesystem(_ head: [UInt8]) -> Bool {
        if Compression(magic: head) != .none { return true }
        if Compression.foreignFormat(magic: head) != nil { return true }
        guard head.count == 512, head[0] != 0 else { return false }
        let stated = TarNumber.parse(head[TarField.checksum])
        let sums = TarNumber.checksums(head[...])
        return stated == sums.unsigned || stated == sums.signed
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
            try addOther(
                descriptor, .artifact(what), manifest: manifest, path: path,
                subject: manifest.subject?.digest)
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
        guard platform.os == config.platform.os || platform.isUnknown || config.platform.os.isEmpty
        else {
            throw DerootError(
                .hostile,
                "the index says that the image is for \(platform), its config says "
                    + "\(config.platform)",
                advice: "runtimes differ in which of the two they believe")
        }
        guard !isExcluded(platform) else {
            let reason = ImageGraph.Other.Reason.platform(platform)
            graph.others.append(.init(descriptor: descriptor, reason: reason, path: path))
            return
        }
        try checkSizes(manifest, of: descriptor)
        graph.images.append(
            .init(
                descriptor: descriptor, manifest: manifest, config: config, platform: platform,
                path: path, refusal: refusal(manifest)))
    }

    /// Bytes of an image's layers together at most, 2⁴⁸ (256 TiB): what all images of a graph state can
    /// then be added up.
    private static let mostBytes: UInt64 = 1 << 48

    private func checkSizes(
        _ manifest: Manifest, of descriptor: Descriptor
    ) throws(DerootError) {
        var room = Self.mostBytes
        for layer in manifest.layers {
            guard layer.size <= room else {
                throw DerootError(
                    .limit,
                    "the manifest says that its layers have more than \(Self.mostBytes) bytes: "
                        + "\(layer.size) in \(layer.digest.short) alone",
                    at: .init(file: source.name, blob: descriptor.digest)
                ).ofContent
            }
            room -= layer.size
        }
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
