package import DerootBytes
package import DerootOCI

/// An image in memory: layers, a config and a manifest that says so.
package struct ImageFixture: Sendable {
    package var layers: [LayerFixture]
    /// `architecture` of the platform, on Linux unless `os` says otherwise.
    package var architecture = "amd64"
    package var os = "linux"
    /// Docker's media types instead of OCI's.
    package var isDocker = false
    /// Members of the config's `config`, as JSON text: `"User":"app","Env":["A=b"]`.
    package var settings = ""
    /// What the config says of the raw streams; nil: the truth.
    package var diffIDs: [String]?
    /// Annotations of the layers' descriptors, as JSON text; fewer than layers: none.
    package var layerAnnotations: [String] = []
    /// How many history entries the config has; nil: one a layer.
    package var historyCount: Int?
    /// The config's `created`.
    package var created = "2024-02-29T12:00:00Z"

    package init(_ layers: [LayerFixture], settings: String = "") {
        self.layers = layers
        self.settings = settings
    }

    /// The config's bytes, with members that deroot does not know.
    package var config: [UInt8] {
        let ids = (diffIDs ?? layers.map(\.diffID.description)).map { "\"\($0)\"" }
        let history = Array(
            repeating: #"{"created_by":"test"}"#, count: historyCount ?? layers.count)
        return Array(
            """
            {"architecture":"\(architecture)","os":"\(os)","created":"\(created)",\
            "x.unknown":[1.10,1e2],"config":{\(settings)},\
            "rootfs":{"type":"layers","diff_ids":[\(ids.joined(separator: ","))]},\
            "history":[\(history.joined(separator: ","))]}
            """.utf8)
    }

    /// The manifest's bytes, oddly formatted, as no tool of ours would write it.
    package var manifest: [UInt8] {
        let config = self.config
        let parts = layers.enumerated().map { index, layer in
            let annotations = index < layerAnnotations.count ? layerAnnotations[index] : ""
            return Self.descriptor(
                type(of: layer), layer.digest, layer.blob.count,
                annotations.isEmpty ? "" : ",\"annotations\":{\(annotations)}")
        }
        return Array(
            """
            { "schemaVersion": 2, "mediaType": "\(mediaType)",
              "config": \(Self.descriptor(
                isDocker ? .dockerConfig : .config, Digest.of(config), config.count)),
              "layers": [ \(parts.joined(separator: ",\n")) ], "x.unknown": true }
            """.utf8)
    }

    /// The manifest's media type.
    package var mediaType: MediaType { isDocker ? .dockerManifest : .manifest }

    /// The manifest's digest.
    package var digest: Digest { Digest.of(manifest) }

    private func type(of layer: LayerFixture) -> MediaType {
        let plain: MediaType = isDocker ? .dockerLayer : .layer
        return plain.withCompression(layer.compression) ?? plain
    }

    /// A descriptor as JSON text; `more` begins with a comma.
    package static func descriptor(
        _ type: MediaType, _ digest: Digest, _ size: Int, _ more: String = ""
    ) -> String {
        """
        {"mediaType":"\(type)","digest":"\(digest)","size":\(size)\(more)}
        """
    }

    /// The manifest's entry in an index.
    package func entry(platform: Bool = true, _ more: String = "") -> String {
        let stated =
            platform ? ",\"platform\":{\"os\":\"\(os)\",\"architecture\":\"\(architecture)\"}" : ""
        return Self.descriptor(mediaType, digest, manifest.count, stated + more)
    }

    /// All blobs.
    package var blobs: [[UInt8]] { layers.map(\.blob) + [config, manifest] }
}
