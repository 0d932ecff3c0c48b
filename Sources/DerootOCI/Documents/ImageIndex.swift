package import DerootBytes

/// An image index or Docker manifest list (OCI image-spec, image-index.md); a layout's index.json too.
///
/// A lens on the document: members that deroot does not know are kept.
package struct ImageIndex: Sendable {
    /// The document.
    package private(set) var document: Document
    /// The children, in order.
    package private(set) var manifests: [Descriptor]
    /// What the document says it is; nil where it does not, which is legal.
    package private(set) var mediaType: MediaType?
    /// Notes by name.
    package private(set) var annotations: TextMap
    /// The manifest that this index refers to.
    package private(set) var subject: Descriptor?
    /// What kind of artifact this is, where it is one.
    package private(set) var artifactType: String?

    /// Reads and checks an index.
    ///
    /// - Throws: `.malformed`, `.unsupported`, `.mismatch` or `.hostile`, naming the member.
    package init(parsing bytes: [UInt8]) throws(DerootError) {
        try self.init(Document(parsing: bytes))
    }

    /// Reads and checks an index; see `init(parsing:)`.
    package init(_ document: Document) throws(DerootError) {
        let root = document.root
        self.document = document
        let kind = try DocumentKind.of(document, declared: nil)
        try root.requireSchemaVersion2("an index")
        guard kind == .index, let manifests = try root.descriptors("manifests") else {
            throw DerootError(.malformed, "an index has no 'manifests'")
        }
        self.manifests = manifests
        mediaType = try root.text("mediaType").map(MediaType.init)
        annotations = try root.textMap("annotations")
        subject = try root.descriptor("subject")
        artifactType = try root.text("artifactType")
    }

    /// Makes an index.
    package init(mediaType: MediaType = .index, manifests: [Descriptor] = []) {
        document = Document(
            [
                "schemaVersion": .number(2), "mediaType": .string(mediaType.rawValue),
                "manifests": .array(manifests.map { .object($0.json) }),
            ])
        self.manifests = manifests
        self.mediaType = mediaType
        annotations = TextMap(entries: [])
    }
}

extension ImageIndex {
    /// Replaces a child; the index must exist.
    package mutating func setManifest(at index: Int, _ manifest: Descriptor) {
        manifests[index] = manifest
        storeManifests()
    }

    /// Removes a child; the index must exist.
    package mutating func removeManifest(at index: Int) {
        manifests.remove(at: index)
        storeManifests()
    }

    /// Adds a child at the end.
    package mutating func appendManifest(_ manifest: Descriptor) {
        manifests.append(manifest)
        storeManifests()
    }

    /// Replaces all children.
    package mutating func setManifests(_ manifests: [Descriptor]) {
        self.manifests = manifests
        storeManifests()
    }

    /// Sets an annotation, or removes it where `value` is nil.
    package mutating func setAnnotation(_ name: String, _ value: String?) {
        annotations = document.root.setText(in: "annotations", name, value)
    }

    /// Removes the reference to another manifest: it spoke about the old bytes.
    package mutating func removeSubject() {
        subject = nil
        document.root[field: "subject"] = nil
    }

    private mutating func storeManifests() {
        document.root[field: "manifests"] = .array(manifests.map { .object($0.json) })
    }
}
