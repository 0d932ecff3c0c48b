package import DerootBytes

/// What a manifest-like document is, told from its content and from what was declared about it.
package enum DocumentKind: Sendable, Hashable {
    /// An image index or manifest list.
    case index
    /// The manifest of an image that a runtime can run.
    case imageManifest
    /// Something else that registries store: copied or dropped as a whole, never converted.
    case artifact(String)

    /// The annotation by which BuildKit marks attestation manifests in an index.
    package static let referenceType = "vnd.docker.reference.type"
    /// The annotation by which an attestation names the manifest that it speaks about.
    package static let referenceDigest = "vnd.docker.reference.digest"

    /// Tells the kind of a document that a descriptor names.
    ///
    /// - Throws: see `of(_:declared:)`.
    package static func of(
        _ document: Document, descriptor: Descriptor
    ) throws(DerootError) -> DocumentKind {
        let kind = try of(document, declared: descriptor.mediaType)
        guard case .imageManifest = kind,
            descriptor.annotations[referenceType] == "attestation-manifest"
        else { return kind }
        return .artifact("an attestation manifest of BuildKit")
    }

    /// Tells the kind of a document; `declared` is the descriptor's media type, nil where there is none.
    ///
    /// Content, the document's own mediaType (which may be absent) and the declared one must agree:
    /// bytes that are an index to one reader and a manifest to another smuggle one of them past a
    /// scanner (CVE-2021-41190, hostile input A09).
    ///
    /// - Throws: `.hostile` where they disagree, `.unsupported` for schema 1, `.malformed` for members
    ///   of the wrong type.
    package static func of(
        _ document: Document, declared: MediaType?
    ) throws(DerootError) -> DocumentKind {
        let root = document.root
        let own = try root.text("mediaType").flatMap { $0.isEmpty ? nil : MediaType($0) }
        if let own, let declared, own != declared {
            throw DerootError(
                .hostile,
                "the document says it is '\(printable(own.rawValue.utf8.prefix(100)))', but it was "
                    + "declared as '\(printable(declared.rawValue.utf8.prefix(100)))'")
        }
        let hasManifests = try root.field("manifests") != nil
        let hasConfig = try root.field("config") != nil
        let hasLayers = try root.field("layers") != nil
        let hasFSLayers = try root.field("fsLayers") != nil
        let type = own ?? declared

        guard !(hasManifests && (hasConfig || hasLayers || hasFSLayers)),
            !(hasFSLayers && (hasConfig || hasLayers))
        else {
            throw DerootError(
                .hostile,
                "the document is an index and a manifest at once, or two kinds of manifest")
        }
        if type?.isSchema1 ?? false || hasFSLayers {
            throw DerootError(
                .unsupported,
                "a manifest of Docker's schema 1, which has neither config nor diffIDs",
                advice: "pull and push the image with a current tool, which turns it into schema 2")
        }
        if type?.isIndex ?? hasManifests {
            guard !hasConfig, !hasLayers else { throw contradiction(type) }
            return .index
        }
        guard type?.isManifest ?? true else {
            // A type of somebody else's may look as it likes; a config or layer is no manifest.
            if type?.isImageConfig ?? false || type?.isLayer ?? false { throw contradiction(type) }
            return .artifact(
                "a document of type '\(printable((type?.essence ?? "").utf8.prefix(100)))'")
        }
        guard !hasManifests else { throw contradiction(type) }
        return try manifestKind(root)
    }

    private static func manifestKind(_ root: JSONObject) throws(DerootError) -> DocumentKind {
        guard let config = try root.object("config"),
            let configType = try config.text("mediaType").map(MediaType.init)
        else { return .artifact("a document without a config") }
        guard configType.isImageConfig else {
            return .artifact(
                "a manifest whose config is '\(printable(configType.essence.utf8.prefix(100)))'")
        }
        let layers = try root.array("layers") ?? []
        let isStatement = { (layer: JSON) in
            (layer.object?[field: "mediaType"]?.string).map(MediaType.init) == .inToto
        }
        // All of them: one such layer among others does not make an image harmless.
        guard layers.isEmpty || !layers.allSatisfy(isStatement) else {
            return .artifact("an attestation manifest of BuildKit")
        }
        return .imageManifest
    }

    private static func contradiction(_ type: MediaType?) -> DerootError {
        DerootError(
            .hostile,
            "the document's content does not fit its type '"
                + "\(printable((type?.rawValue ?? "").utf8.prefix(100)))'")
    }
}
