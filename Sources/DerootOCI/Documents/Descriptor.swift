package import DerootBytes

/// A reference to a blob: what it is, its digest and its size (OCI image-spec, descriptor.md).
///
/// A lens on the JSON object: members that deroot does not know are kept.
package struct Descriptor: Sendable, Equatable {
    /// The object.
    package private(set) var json: JSONObject
    /// What the blob is.
    package private(set) var mediaType: MediaType
    /// The blob's digest.
    package private(set) var digest: Digest
    /// The blob's size in bytes, at most 2⁶³−1.
    package private(set) var size: UInt64
    /// Which platform a child of an index is for; nil where it does not say.
    package private(set) var platform: Platform?
    /// Notes by name.
    package private(set) var annotations: TextMap
    /// The embedded content, checked against digest and size; nil where there is none.
    package private(set) var data: [UInt8]?
    /// Where else the blob may be had; never fetched unless asked for.
    package private(set) var urls: [String]
    /// What kind of artifact the referenced manifest is, where it is one.
    package private(set) var artifactType: String?

    /// Reads and checks a descriptor.
    ///
    /// - Throws: `.malformed` (a member is missing or of the wrong type), `.unsupported` (the
    ///   digest's algorithm), `.mismatch` (embedded data that is not what the digest says),
    ///   `.hostile` (a member twice).
    package init(_ json: JSON) throws(DerootError) {
        guard let object = json.object else {
            throw DerootError(.malformed, "a descriptor is \(json.typeName), not an object")
        }
        try self.init(object)
    }

    /// Reads and checks a descriptor; see `init(_: JSON)`.
    package init(_ object: JSONObject) throws(DerootError) {
        guard let mediaType = try object.text("mediaType") else { throw missing("mediaType") }
        guard let digest = try object.text("digest") else { throw missing("digest") }
        guard let size = try object.size("size") else { throw missing("size") }
        json = object
        self.mediaType = MediaType(mediaType)
        self.digest = try Digest(parsing: digest)
        self.size = size
        if let platform = try object.object("platform") {
            do throws(DerootError) {
                self.platform = try Platform(platform)
            } catch { throw error.inside("platform") }
        }
        annotations = try object.textMap("annotations")
        urls = try object.texts("urls") ?? []
        artifactType = try object.text("artifactType")
        data = try Self.data(object, digest: self.digest, size: size)
    }

    /// Makes a descriptor of a blob.
    package init(
        mediaType: MediaType, digest: Digest, size: UInt64, platform: Platform? = nil,
        artifactType: String? = nil, annotations: KeyValuePairs<String, String> = [:]
    ) {
        json = [
            "mediaType": .string(mediaType.rawValue), "digest": .string(digest.description),
            "size": .number(size),
        ]
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.annotations = TextMap(entries: [])
        urls = []
        if let platform { json["platform"] = platform.json }
        self.artifactType = artifactType
        if let artifactType { json["artifactType"] = .string(artifactType) }
        for (name, value) in annotations { setAnnotation(name, value) }
    }

    /// Embedded content has to be what it stands for (hostile input A17).
    private static func data(
        _ object: JSONObject, digest: Digest, size: UInt64
    ) throws(DerootError) -> [UInt8]? {
        guard let text = try object.text("data") else { return nil }
        guard let data = base64Decoded(text) else {
            throw DerootError(.malformed, "'data' is not base64")
        }
        guard UInt64(data.count) == size, Digest.of(data, algorithm: digest.algorithm) == digest
        else {
            throw DerootError(
                .mismatch, "'data' is not the content that the descriptor's digest and size name",
                at: .init(blob: digest))
        }
        return data
    }
}

extension Descriptor {
    /// Points to another blob; embedded data of the old one goes.
    package mutating func setContent(digest: Digest, size: UInt64) {
        guard digest != self.digest || size != self.size else { return }
        self.digest = digest
        self.size = size
        json[field: "digest"] = .string(digest.description)
        json[field: "size"] = .number(size)
        data = nil
        json[field: "data"] = nil
    }

    /// Changes the type.
    package mutating func setMediaType(_ mediaType: MediaType) {
        guard mediaType != self.mediaType else { return }
        self.mediaType = mediaType
        json[field: "mediaType"] = .string(mediaType.rawValue)
    }

    /// Sets an annotation, or removes it where `value` is nil.
    package mutating func setAnnotation(_ name: String, _ value: String?) {
        annotations = json.setText(in: "annotations", name, value)
    }
}

private func missing(_ name: String) -> DerootError {
    DerootError(.malformed, "a descriptor has no '\(name)'")
}
