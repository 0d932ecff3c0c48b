package import DerootBytes

/// A document that speaks of an image: an artifact manifest with a subject, and what it holds
/// (OCI image-spec, manifest.md, "Guidelines for Artifact Usage").
package struct Referrer: Sendable {
    /// What an index or a list of referrers says of it, its type and annotations included.
    package let descriptor: Descriptor
    /// The manifest.
    package let manifest: [UInt8]
    /// The empty config and the document itself.
    package let blobs: [[UInt8]]

    /// The two bytes that stand for "no config".
    private static let empty = Array("{}".utf8)

    /// Wraps a document; the same document about the same subject always gives the same bytes.
    ///
    /// `type` is both the artifact's type and the media type of its one layer. Without a subject it is
    /// an artifact that stands for itself.
    package init(
        _ document: [UInt8], type: MediaType, subject: Descriptor?,
        annotations: KeyValuePairs<String, String> = [:]
    ) {
        let config = Descriptor(
            mediaType: .empty, digest: Digest.of(Self.empty), size: UInt64(Self.empty.count))
        let layer = Descriptor(
            mediaType: type, digest: Digest.of(document), size: UInt64(document.count),
            annotations: annotations)
        var root: JSONObject = [
            "schemaVersion": .number(2), "mediaType": .string(MediaType.manifest.rawValue),
            "artifactType": .string(type.rawValue), "config": .object(config.json),
            "layers": .array([.object(layer.json)]),
        ]
        // Type, digest and size only: a subject's platform or name are not its identity.
        if let subject {
            root["subject"] = .object(
                Descriptor(
                    mediaType: subject.mediaType, digest: subject.digest, size: subject.size
                ).json)
        }
        for (name, value) in annotations { _ = root.setText(in: "annotations", name, value) }
        manifest = Document(root).bytes
        descriptor = Descriptor(
            mediaType: .manifest, digest: Digest.of(manifest), size: UInt64(manifest.count),
            artifactType: type.rawValue, annotations: annotations)
        blobs = [Self.empty, document]
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
