package import DerootBytes

/// A document that speaks of an image: an artifact manifest with a subject, and what it holds
/// (OCI image-spec, manifest.md, "Guidelines for Artifact Usage").
package struct Referrer: Sendable {
    /// What an index or a list of referrers says of it, its type and annotations included.
    package let descriptor: Descriptor
    /// The manifest.
    package let manifest: [UInt8]
    /// The config, which says nothing, and the document itself.
    package let blobs: [[UInt8]]

    /// The two bytes that stand for "no config".
    private static let empty = Array("{}".utf8)
    /// The annotation that says what a document is where its manifest has no artifact type.
    package static let typeAnnotation = "dev.deroot.artifact.type"

    private let document: [UInt8]
    private let type: MediaType
    private let subject: Descriptor?
    private let annotations: [(name: String, value: String)]

    /// Wraps a document; the same document about the same subject always gives the same bytes.
    ///
    /// `type` is both the artifact's type and the media type of its one layer. Without a subject it is
    /// an artifact that stands for itself.
    package init(
        _ document: [UInt8], type: MediaType, subject: Descriptor?,
        annotations: KeyValuePairs<String, String> = [:]
    ) {
        self.init(
            document, type, subject, annotations.map { (name: $0, value: $1) }, isPlain: false)
    }

    /// The same document for registries that take no media types but those of images.
    ///
    /// It has no artifact type and an image's config that says "unknown", as BuildKit stores attestations
    /// (buildkit, docs/attestations/attestation-storage.md). The type is an annotation.
    package var plain: Referrer { Referrer(document, type, subject, annotations, isPlain: true) }

    private init(
        _ document: [UInt8], _ type: MediaType, _ subject: Descriptor?,
        _ annotations: [(name: String, value: String)], isPlain: Bool
    ) {
        (self.document, self.type, self.subject) = (document, type, subject)
        self.annotations = annotations
        let notes = annotations + (isPlain ? [(Self.typeAnnotation, type.rawValue)] : [])
        let config = isPlain ? Self.unknown(document) : Self.empty
        let configType = isPlain ? MediaType.config : .empty
        var layer = Descriptor(
            mediaType: isPlain ? .inToto : type, digest: Digest.of(document),
            size: UInt64(document.count))
        for (name, value) in annotations { layer.setAnnotation(name, value) }
        var root: JSONObject = [
            "schemaVersion": .number(2), "mediaType": .string(MediaType.manifest.rawValue),
        ]
        if !isPlain { root["artifactType"] = .string(type.rawValue) }
        root["config"] = .object(
            Descriptor(
                mediaType: configType, digest: Digest.of(config), size: UInt64(config.count)
            ).json)
        root["layers"] = .array([.object(layer.json)])
        // Type, digest and size only: a subject's platform or name are not its identity.
        if let subject {
            root["subject"] = .object(
                Descriptor(
                    mediaType: subject.mediaType, digest: subject.digest, size: subject.size
                ).json)
        }
        for (name, value) in notes { _ = root.setText(in: "annotations", name, value) }
        manifest = Document(root).bytes
        // Without an artifact type the config's counts (distribution-spec, "Pushing Manifests with Subject").
        var descriptor = Descriptor(
            mediaType: .manifest, digest: Digest.of(manifest), size: UInt64(manifest.count),
            artifactType: isPlain ? configType.rawValue : type.rawValue)
        for (name, value) in notes { descriptor.setAnnotation(name, value) }
        self.descriptor = descriptor
        blobs = [config, document]
    }

    /// The config of an image for no platform, with one layer.
    private static func unknown(_ layer: [UInt8]) -> [UInt8] {
        Document([
            "architecture": .string("unknown"), "os": .string("unknown"), "config": .object([:]),
            "rootfs": .object([
                "type": .string("layers"),
                "diff_ids": .strings([Digest.of(layer).description]),
            ]),
        ]).bytes
    }
}

extension Referrer {
    /// What is known of a document that speaks of an image in a source, and is not copied with it.
    package struct Found: Sendable, Hashable {
        /// The image or index that it speaks of.
        package let subject: Digest
        /// The document's own digest.
        package let digest: Digest
        /// What it is, for people: an artifact type, or what a tag's ending says.
        package let what: String

        /// Notes a document.
        package init(subject: Digest, digest: Digest, what: String) {
            self.subject = subject
            self.digest = digest
            self.what = what
        }
    }
}

extension Manifest {
    /// This manifest, or what it says it is, as something that speaks of a subject.
    package func found(subject: Digest, digest: Digest) -> Referrer.Found {
        let type = artifactType ?? config.mediaType.essence
        return Referrer.Found(
            subject: subject, digest: digest,
            what: "a referrer of type '\(printable(type.utf8.prefix(100)))'")
    }
}
