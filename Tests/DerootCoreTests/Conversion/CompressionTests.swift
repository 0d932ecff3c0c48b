import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Layers as compressors of all kinds leave them, and what they become.
struct CompressionTests {
    private static func raw() throws -> [UInt8] { try Samples.base(.none).raw }

    private func compression(_ blob: [UInt8]) -> Compression { Compression(magic: blob.prefix(4)) }

    /// Two gzip members or zstd frames, cut in the middle of a header.
    private func inTwo(_ compression: Compression) throws -> [UInt8] {
        let raw = try Self.raw()
        let middle = 1300
        return try LayerFixture.compressed(Array(raw[..<middle]), compression)
            + LayerFixture.compressed(Array(raw[middle...]), compression)
    }

    private func convert(
        _ blob: [UInt8], _ compression: Compression, _ options: ConversionOptions = .init()
    ) throws -> (ReadImage, LayoutFixture) {
        let layer = LayerFixture(raw: try Self.raw(), blob: blob, compression)
        let layout = try LayoutFixture(ImageFixture([layer]))
        try layout.convert(options)
        return (try layout.image(), layout)
    }

    @Test(arguments: [Compression.gzip, .zstd])
    func B04_severalMembersAreOneStream(_ compression: Compression) throws {
        let (image, _) = try convert(inTwo(compression), compression)
        #expect(try image.privileged().isEmpty)
        #expect(try image.status("tmp") == "0:0 1777")
    }

    @Test func B04_skippableFramesAreSkipped() throws {
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]
        let (image, _) = try convert(skippable + inTwo(.zstd) + skippable, .zstd)
        #expect(try image.privileged().isEmpty)
        #expect(image.manifest.layers[0].mediaType == .layerZstd)
    }

    /// Bytes behind the last member are no data, but they are part of the blob.
    @Test func B05_trailingBytesAreCarried() throws {
        let trailing: [UInt8] = [0, 0, 0, 0, 7, 7]
        let (image, layout) = try convert(inTwo(.gzip) + trailing, .gzip)
        #expect(try image.privileged().isEmpty)
        let digest = image.manifest.layers[0].digest
        let blob = try layout.directory.read("result/blobs/sha256/\(digest.hex)")
        #expect(blob.suffix(6).elementsEqual(trailing))
    }

    /// The bytes say how a layer is compressed, whatever its media type says.
    @Test(arguments: Compression.allCases, Compression.allCases)
    func B06_theBytesWin(_ real: Compression, _ stated: Compression) throws {
        let blob = try LayerFixture.compressed(Self.raw(), real)
        let (image, layout) = try convert(blob, stated)
        #expect(try image.privileged().isEmpty)
        let layer = image.manifest.layers[0]
        let written = try layout.directory.read("result/blobs/sha256/\(layer.digest.hex)")
        #expect(compression(written) == real)
        #expect(layer.mediaType.layerCompression == real)
    }

    @Test(arguments: Compression.allCases, Compression.allCases)
    func compressesAsAskedFor(_ from: Compression, _ to: Compression) throws {
        var options = ConversionOptions()
        options.compression = .all(to)
        let blob = try LayerFixture.compressed(Self.raw(), from)
        let (image, layout) = try convert(blob, from, options)
        for layer in image.manifest.layers {
            let written = try layout.directory.read("result/blobs/sha256/\(layer.digest.hex)")
            #expect(compression(written) == to)
            #expect(layer.mediaType.layerCompression == to)
            #expect(written.count == Int(layer.size))
        }
        #expect(try layout.convert(options, from: "result", to: "again").isUnchanged)
    }

    @Test func plainLayersBecomeGzipWhereThatIsWanted() throws {
        var options = ConversionOptions()
        options.compression = .plainToGzip
        let layers = [try Samples.base(.none), try Samples.app(.zstd)]
        let layout = try LayoutFixture(ImageFixture(layers))
        try layout.convert(options)
        let types = try layout.image().manifest.layers.map(\.mediaType)
        #expect(types.prefix(2) == [.layerGzip, .layerZstd])
    }

    @Test(arguments: [LocalReference.Transport.dockerArchive, .ociArchive])
    func throughAnArchiveAndBack(_ transport: LocalReference.Transport) throws {
        let layout = try LayoutFixture(Samples.image())
        var conversion = Conversion(try layout.source(), ConversionOptions())
        conversion.usesLabels = transport == .dockerArchive
        _ = try conversion.convert(into: layout.destination("image.tar", transport).begin())
        var options = ConversionOptions()
        options.compression = .plainToGzip
        let back = Conversion(try layout.result("image.tar", transport), options)
        _ = try back.convert(into: layout.destination("back").begin())
        let image = try layout.image("back")
        #expect(image.config.user == "65532:65532")
        #expect(try image.privileged().isEmpty)
        #expect(image.layers.count == 3)
        #expect(image.manifest.layers.allSatisfy { $0.mediaType == .layerGzip })
        #expect(try layout.convert(options, from: "back", to: "again").isUnchanged)
    }

    /// Annotations that describe a layer's old bytes go with them, and are reported.
    @Test func D12_staleAnnotationsGo() throws {
        var image = try Samples.image()
        image.layerAnnotations = [
            #""containerd.io/snapshot/stargz/toc.digest":"sha256:x","keep.me":"1""#,
            #""io.github.containers.zstd-chunked.manifest-checksum":"y""#,
        ]
        let layout = try LayoutFixture(image)
        let result = try layout.convert()
        let layers = try layout.image().manifest.layers
        #expect(layers[0].annotations.map(\.name) == ["keep.me"])
        #expect(layers[1].annotations.isEmpty)
        #expect(result.dropped.count == 2)
        #expect(result.dropped.allSatisfy { $0.contains("annotation") })
    }

    @Test func D12_annotationsOfUntouchedLayersStay() throws {
        var image = ImageFixture([try LayerFixture { $0.file("plain") }])
        image.layerAnnotations = [#""containerd.io/snapshot/stargz/toc.digest":"sha256:x""#]
        let layout = try LayoutFixture(image)
        #expect(try layout.convert().dropped.isEmpty)
        #expect(try layout.image().manifest.layers[0].annotations.map(\.name).count == 1)
    }
}
