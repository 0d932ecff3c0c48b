import DerootBytes
import DerootOCI
import Testing

@Suite("media types")
struct MediaTypeTests {
    private static let oci = "application/vnd.oci.image.layer.v1.tar"
    private static let ociForeign = "application/vnd.oci.image.layer.nondistributable.v1.tar"
    private static let docker = "application/vnd.docker.image.rootfs.diff.tar"
    private static let dockerForeign = "application/vnd.docker.image.rootfs.foreign.diff.tar"

    @Test("types compare without case, parameters and space; the spelling is kept")
    func comparison() {
        let spelled = " Application/VND.oci.image.Manifest.v1+JSON ; charset=utf-8"
        #expect(MediaType(spelled) == .manifest)
        #expect(MediaType(spelled).hashValue == MediaType.manifest.hashValue)
        #expect(MediaType(spelled).rawValue == spelled && "\(MediaType(spelled))" == spelled)
        #expect(MediaType(spelled).isManifest)
        #expect(MediaType("application/vnd.oci.image.manifest.v2+json") != .manifest)
        #expect(
            MediaType("application/vnd.docker.distribution.manifest.v1+prettyjw\u{17F}")
                != .dockerSchema1Signed)
        #expect(MediaType("") == MediaType(" ; x"))
    }

    @Test(
        "layers",
        arguments: [
            (oci, Compression.none, false, false), ("\(oci)+gzip", .gzip, false, false),
            ("\(oci)+zstd", .zstd, false, false), (docker, .none, false, false),
            ("\(docker).gzip", .gzip, false, false), ("\(docker).zstd", .zstd, false, false),
            (ociForeign, .none, true, false), ("\(ociForeign)+gzip", .gzip, true, false),
            ("\(ociForeign)+zstd", .zstd, true, false),
            ("\(dockerForeign).gzip", .gzip, true, false),
            ("\(oci)+encrypted", .none, false, true), ("\(oci)+gzip+encrypted", .gzip, false, true),
            ("\(oci)+zstd+encrypted", .zstd, false, true),
        ])
    func layers(
        _ spelled: String, _ compression: Compression, _ isForeign: Bool, _ isEncrypted: Bool
    ) {
        let type = MediaType(spelled)
        #expect(type.isLayer && !type.isManifest && !type.isIndex && !type.isImageConfig)
        #expect(type.layerCompression == compression)
        #expect(type.isForeign == isForeign)
        #expect(type.isEncrypted == isEncrypted)
    }

    @Test(
        "other types are not layers",
        arguments: [
            "\(oci)+bzip2", "\(oci)x", "\(oci)+gzip+gzip", "application/vnd.in-toto+json", "",
            "application/octet-stream", "application/vnd.oci.image.config.v1+json", "text/\(oci)",
        ])
    func notLayers(_ spelled: String) {
        let type = MediaType(spelled)
        #expect(!type.isLayer && !type.isForeign && !type.isEncrypted)
        #expect(type.layerCompression == nil)
        #expect(type.withCompression(.gzip) == nil)
    }

    @Test("kinds and families")
    func kinds() {
        #expect(
            MediaType.index.isIndex && MediaType.dockerList.isIndex && !MediaType.manifest.isIndex)
        #expect(MediaType.dockerManifest.isManifest && !MediaType.index.isManifest)
        #expect(MediaType.config.isImageConfig && MediaType.dockerConfig.isImageConfig)
        #expect(!MediaType.empty.isImageConfig)
        #expect(MediaType.dockerSchema1.isSchema1 && MediaType.dockerSchema1Signed.isSchema1)
        #expect(!MediaType.dockerManifest.isSchema1)
        for type in [MediaType.dockerList, .dockerManifest, .dockerConfig, .dockerLayer] {
            #expect(type.isDocker)
        }
        for type in [MediaType.index, .manifest, .config, .layer, .inToto] {
            #expect(!type.isDocker)
        }
    }

    @Test(
        "another compression keeps the family, as far as the family has it",
        arguments: [
            (oci, [oci, "\(oci)+gzip", "\(oci)+zstd"]),
            ("\(oci)+zstd", [oci, "\(oci)+gzip", "\(oci)+zstd"]),
            (docker, [docker, "\(docker).gzip", "\(oci)+zstd"]),
            ("\(docker).gzip", [docker, "\(docker).gzip", "\(oci)+zstd"]),
            ("\(docker).zstd", [docker, "\(docker).gzip", "\(docker).zstd"]),
            ("\(ociForeign)+gzip", [ociForeign, "\(ociForeign)+gzip", "\(ociForeign)+zstd"]),
            (
                "\(dockerForeign).gzip",
                [dockerForeign, "\(dockerForeign).gzip", "\(ociForeign)+zstd"]
            ),
        ])
    func withCompression(_ from: String, _ to: [String]) {
        let compressions: [Compression] = [.none, .gzip, .zstd]
        #expect(compressions.map { MediaType(from).withCompression($0)?.rawValue } == to)
    }

    @Test("an encrypted layer cannot be compressed anew")
    func encrypted() {
        #expect(MediaType("\(Self.oci)+gzip+encrypted").withCompression(.gzip) == nil)
    }
}
