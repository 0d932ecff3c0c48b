package import DerootBytes

/// An image manifest: a config and layers (OCI image-spec, manifest.md; Docker's schema 2).
///
/// A lens on the document: members that deroot does not know are kept.
package struct Manifest: Sendable {
    /// The document.
    package private(set) var document: Document
    /// The image's config.
    package private(set) var config: Descriptor
    /// The layers, lowest first.
    package private(set) var layers: [Descriptor]
    /// What the document says it is; nil where it does not, which is legal.
    package private(set) var mediaType: MediaType?
    /// Notes by name; Docker's manifests have none.
    package private(set) var annotations: TextMap
    /// The manifest that this one refers to.
    package private(set) var subject: Descriptor?
    /// What kind of artifact this is, where it is one.
    package private(set) var artifactType: String?

    /// Reads and checks a manifest.
    ///
    /// - Throws: `.malformed`, `.unsupported`, `.mismatch` or `.hostile`, naming the member.
    package init(parsing bytes: [UInt8]) throws(DerootError) {
        try self.init(Document(parsing: bytes))
    }

    /// Reads and checks a manifest; see `init(parsing:)`.
    package init(_ document: Document) throws(DerootError) {
        let root = document.root
        self.document = document
        guard try DocumentKind.of(document, declared: nil) != .index else {
            throw DerootError(.malformed, "the document is an index, not a manifest")
        }
        try root.requireSchemaVersion2("a manifest")
        guard let config = try root.descriptor("config") else {
            throw DerootError(.malformed, "a manifest has no 'config'")
        }
        self.config = config
        layers = try root.descriptors("layers") ?? []
        mediaType = try root.text("mediaType").map(MediaType.init)
        annotations = try root.textMap("annotations")
        subject = try root.descriptor("subject")
        artifactType = try root.text("artifactType")
    }

    /// Makes a manifest.
    package init(
        mediaType: MediaType = .manifest, config: Descriptor, layers: [Descriptor],
        annotations: KeyValuePairs<String, String> = [:]
    ) {
        document = Document(
            [
                "schemaVersion": .number(2), "mediaType": .string(mediaType.rawValue),
                "config": .object(config.json), "layers": .array(layers.map { .object($0.json) }),
            ])
        self.config = config
        self.layers = layers
        self.mediaType = mediaType
        self.annotations = TextMap(entries: [])
        for (name, value) in annotations { setAnnotation(name, value) }
    }

    /// Whether this manifest speaks Docker's media types.
    package var isDocker: Bool { (mediaType ?? config.mediaType).isDocker }
}

extension Manifest {
    /// Replaces the config.
    package mutating func setConfig(_ config: Descriptor) {
        self.config = config
        document.root[field: "config"] = .object(config.json)
    }

    /// Replaces a layer; the index must exist.
    package mutating func setLayer(at index: Int, _ layer: Descriptor) {
        layers[index] = layer
        storeLayers()
    }

    /// Adds a layer on top.
    package mutating func appendLayer(_ layer: Descriptor) {
        layers.append(layer)
        storeLayers()
    }

    /// Sets an annotation, or removes it where `value` is nil.
    package mutating func setAnnotation(_ name: String, _ value: String?) {
        annotations = document.root.setText(in: "annotations", name, value)
    }

    /// Changes the type that the document states.
    package mutating func setMediaType(_ mediaType: MediaType) {
        guard mediaType != self.mediaType else { return }
        self.mediaType = mediaType
        document.root[field: "mediaType"] = .string(mediaType.rawValue)
    }

    /// Removes the reference to another manifest: it spoke about the old bytes.
    package mutating func removeSubject() {
        subject = nil
        document.root[field: "subject"] = nil
    }

    private mutating func storeLayers() {
        document.root[field: "layers"] = .array(layers.map { .object($0.json) })
    }
}
