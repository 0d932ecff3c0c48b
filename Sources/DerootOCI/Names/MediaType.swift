package import DerootBytes

/// A media type of a manifest, config or layer (OCI image-spec, media-types.md; distribution,
/// manifest-v2-2.md), and what follows from it.
///
/// Types compare without their parameters and without case (RFC 2045, section 5.1); `rawValue` is
/// what the document says.
package struct MediaType: Sendable, CustomStringConvertible {
    /// As it was spelled.
    package let rawValue: String
    /// Lower case, without parameters and the space around them.
    package let essence: String

    /// Wraps any text; unknown types are legal and are carried.
    package init(_ rawValue: String) {
        self.rawValue = rawValue
        let essence = rawValue.utf8.prefix { $0 != UInt8(ascii: ";") }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let trimmed = essence.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        self.essence = String(
            decoding: trimmed.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// As it was spelled.
    package var description: String { rawValue }
}

extension MediaType: Hashable {
    /// Whether both name the same type.
    package static func == (a: MediaType, b: MediaType) -> Bool { sameBytes(a.essence, b.essence) }

    /// Hashes what `==` compares.
    package func hash(into hasher: inout Hasher) { hasher.combine(essence) }
}

extension MediaType {
    /// OCI image index.
    package static let index = MediaType("application/vnd.oci.image.index.v1+json")
    /// OCI image manifest.
    package static let manifest = MediaType("application/vnd.oci.image.manifest.v1+json")
    /// OCI image config.
    package static let config = MediaType("application/vnd.oci.image.config.v1+json")
    /// OCI layer, plain tar.
    package static let layer = MediaType("application/vnd.oci.image.layer.v1.tar")
    /// OCI layer, gzip.
    package static let layerGzip = MediaType("application/vnd.oci.image.layer.v1.tar+gzip")
    /// OCI layer, zstd.
    package static let layerZstd = MediaType("application/vnd.oci.image.layer.v1.tar+zstd")
    /// OCI artifact manifest: in release candidates of image-spec 1.1 only, but stored in places.
    package static let artifactManifest = MediaType(
        "application/vnd.oci.artifact.manifest.v1+json")
    /// The two bytes `{}`: the config of an artifact without one.
    package static let empty = MediaType("application/vnd.oci.empty.v1+json")

    /// Docker manifest list.
    package static let dockerList = MediaType(
        "application/vnd.docker.distribution.manifest.list.v2+json")
    /// Docker manifest, schema 2.
    package static let dockerManifest = MediaType(
        "application/vnd.docker.distribution.manifest.v2+json")
    /// Docker manifest, schema 1, unsigned.
    package static let dockerSchema1 = MediaType(
        "application/vnd.docker.distribution.manifest.v1+json")
    /// Docker manifest, schema 1, signed.
    package static let dockerSchema1Signed = MediaType(
        "application/vnd.docker.distribution.manifest.v1+prettyjws")
    /// Docker image config.
    package static let dockerConfig = MediaType("application/vnd.docker.container.image.v1+json")
    /// Docker layer, plain tar.
    package static let dockerLayer = MediaType("application/vnd.docker.image.rootfs.diff.tar")
    /// Docker layer, gzip.
    package static let dockerLayerGzip = MediaType(
        "application/vnd.docker.image.rootfs.diff.tar.gzip")

    /// An in-toto statement: the layers of BuildKit's attestation manifests.
    package static let inToto = MediaType("application/vnd.in-toto+json")
}

extension MediaType {
    /// Whether it is an index or manifest list.
    package var isIndex: Bool { self == .index || self == .dockerList }
    /// Whether it is an image manifest; artifacts use this type as well.
    package var isManifest: Bool { self == .manifest || self == .dockerManifest }
    /// Whether it is a manifest of the old kind, with the config in `history`.
    package var isSchema1: Bool { self == .dockerSchema1 || self == .dockerSchema1Signed }
    /// Whether it is the config of an image that a runtime can run.
    package var isImageConfig: Bool { self == .config || self == .dockerConfig }
    /// Whether it is a filesystem layer, distributable or not, encrypted or not.
    package var isLayer: Bool { layerType != nil }
    /// Whether it belongs to Docker's family.
    package var isDocker: Bool { essence.utf8.starts(with: "application/vnd.docker.".utf8) }
    /// Whether it is a layer that is fetched from elsewhere and must not be pushed.
    package var isForeign: Bool { layerType?.isForeign ?? false }
    /// Whether it is an encrypted layer (ocicrypt's suffix).
    package var isEncrypted: Bool { layerType?.isEncrypted ?? false }
    /// How the layer claims to be compressed (its first bytes decide); nil where it is not a layer.
    package var layerCompression: Compression? { layerType?.compression }

    /// The same kind of layer with another compression; nil where this is not a plain layer type.
    ///
    /// Stays in its family, but Docker registered no zstd type: there OCI's is used, as BuildKit and
    /// containerd do.
    package func withCompression(_ compression: Compression) -> MediaType? {
        guard let type = layerType, !type.isEncrypted else { return nil }
        if type.compression == compression { return self }
        if isDocker, compression != .zstd {
            return MediaType(
                (type.isForeign ? Self.dockerForeign : Self.dockerLayer.rawValue)
                    + (compression == .gzip ? ".gzip" : ""))
        }
        let base = type.isForeign ? Self.ociForeign : Self.layer.rawValue
        return MediaType(compression == .none ? base : base + "+\(compression.rawValue)")
    }

    private struct LayerType {
        var isForeign: Bool
        var isEncrypted: Bool
        var compression: Compression
    }

    private static let ociForeign = "application/vnd.oci.image.layer.nondistributable.v1.tar"
    private static let dockerForeign = "application/vnd.docker.image.rootfs.foreign.diff.tar"

    private var layerType: LayerType? {
        for (base, isForeign) in [
            (Self.layer.rawValue, false), (Self.ociForeign, true),
            (Self.dockerLayer.rawValue, false), (Self.dockerForeign, true),
        ] where essence.utf8.starts(with: base.utf8) {
            switch essence.dropFirst(base.utf8.count) {
            case "": return .init(isForeign: isForeign, isEncrypted: false, compression: .none)
            case "+gzip", ".gzip":
                return .init(isForeign: isForeign, isEncrypted: false, compression: .gzip)
            // containerd writes .zstd after Docker's type, although nobody registered it.
            case "+zstd", ".zstd":
                return .init(isForeign: isForeign, isEncrypted: false, compression: .zstd)
            case "+encrypted":
                return .init(isForeign: isForeign, isEncrypted: true, compression: .none)
            case "+gzip+encrypted":
                return .init(isForeign: isForeign, isEncrypted: true, compression: .gzip)
            case "+zstd+encrypted":
                return .init(isForeign: isForeign, isEncrypted: true, compression: .zstd)
            default: return nil
            }
        }
        return nil
    }
}
