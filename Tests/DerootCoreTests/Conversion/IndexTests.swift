import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Synchronization
import Testing

/// Indexes: every image converted, shared layers once, and nothing said of what changed.
struct IndexTests {
    private func image(
        _ architecture: String, os: String = "linux", _ layers: [LayerFixture],
        settings: String = ""
    ) -> ImageFixture {
        var image = ImageFixture(layers, settings: settings)
        (image.architecture, image.os) = (architecture, os)
        return image
    }

    /// An attestation manifest of an image, with its blobs.
    private func attestation(of digest: Digest) -> (entry: String, blobs: [[UInt8]]) {
        let statement = Array("{\"subject\":\"\(digest)\"}".utf8)
        let config = Array(
            #"{"architecture":"unknown","os":"unknown","rootfs":{"type":"layers","diff_ids":[]}}"#
                .utf8)
        let manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.manifest)",\
            "config":\(ImageFixture.descriptor(.config, Digest.of(config), config.count)),\
            "layers":[\(ImageFixture.descriptor(.inToto, Digest.of(statement), statement.count))]}
            """.utf8)
        let more =
            ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"},\"annotations\":"
            + "{\"vnd.docker.reference.type\":\"attestation-manifest\","
            + "\"vnd.docker.reference.digest\":\"\(digest)\"}"
        let entry = ImageFixture.descriptor(.manifest, Digest.of(manifest), manifest.count, more)
        return (entry, [statement, config, manifest])
    }

    private func clean() throws -> ImageFixture {
        let layer = try LayerFixture { tar in
            tar.file("etc/passwd", "app:x:1000:1000::/:\n")
            tar.file("etc/group", "app:x:1000:\n")
            tar.directory("tmp", mode: 0o1777)
        }
        return image("arm64", [layer], settings: #""User":"1000:1000""#)
    }

    @Test func D13_aSharedLayerIsRewrittenOnce() throws {
        let base = try Samples.base()
        let layout = try LayoutFixture([
            image("amd64", [base, try Samples.app(.gzip, "one")]),
            image("arm64", [base, try Samples.app(.gzip, "two")]),
        ])
        let counter = Counter()
        var conversion = Conversion(try layout.source(), ConversionOptions())
        conversion.observer = { event in
            if case .layerStarted(_, _, let again) = event { counter.note(again: again) }
        }
        let result = try conversion.convert(into: layout.destination().begin())
        let images = try layout.images()
        #expect(images.count == 2)
        #expect(images[0].manifest.layers[0] == images[1].manifest.layers[0])
        #expect(images[0].manifest.layers[0].digest != base.digest)
        #expect(
            result.images.map(\.layers.first?.digest) == images.map { $0.manifest.layers[0].digest }
        )
        // Three different layers, each read once: what changes was foretold.
        #expect(counter.first == 3)
        #expect(counter.again == 0)
    }

    @Test func attestationsOfChangedImagesGoAndOthersStay() throws {
        let changing = image("amd64", [try Samples.base()])
        let staying = try clean()
        let gone = attestation(of: changing.digest)
        let kept = attestation(of: staying.digest)
        let layout = try LayoutFixture(
            [changing, staying], others: [gone.entry, kept.entry], blobs: gone.blobs + kept.blobs)
        let result = try layout.convert()
        let keptDigest = Digest.of(kept.blobs[2])
        let goneDigest = Digest.of(gone.blobs[2])
        #expect(result.carried.count == 1 && result.carried[0].contains("\(keptDigest)"))
        #expect(result.dropped.count == 1 && result.dropped[0].contains("\(goneDigest)"))
        let graph = try ImageGraph(reading: layout.result())
        #expect(graph.others.map(\.descriptor.digest) == [keptDigest])
        #expect(graph.images.map(\.descriptor.digest).contains(staying.digest))
        #expect(!graph.images.map(\.descriptor.digest).contains(changing.digest))
        let blobs = try layout.directory.snapshot("result/blobs")
        #expect(kept.blobs.allSatisfy { blobs.values.contains($0) })
        #expect(!blobs.values.contains(gone.blobs[2]))
    }

    @Test func anIndexThatNeedsNothingKeepsItsDigest() throws {
        let staying = try clean()
        let kept = attestation(of: staying.digest)
        var other = try clean()
        other.architecture = "amd64"
        let layout = try LayoutFixture([staying, other], others: [kept.entry], blobs: kept.blobs)
        let result = try layout.convert()
        #expect(result.isUnchanged)
        #expect(try layout.result().root().digest == layout.source().root().digest)
    }

    @Test func aPlatformIsTakenOutOfItsIndex() throws {
        let wanted = image("arm64", [try Samples.base()])
        let gone = attestation(of: wanted.digest)
        let layout = try LayoutFixture(
            [image("amd64", [try Samples.app()]), wanted], others: [gone.entry], blobs: gone.blobs)
        let result = try layout.convert(platform: "linux/arm64")
        let image = try layout.image()
        #expect(image.config.platform.architecture == "arm64")
        #expect(image.config.user == "65532:65532")
        #expect(result.dropped.count == 2)
        // The same image as with all its siblings.
        try layout.convert(to: "all")
        #expect(try layout.images("all").map(\.digest).contains(image.digest))
    }

    @Test func A13_aMissingSiblingIsNoObstacleToAPlatform() throws {
        let missing = image("amd64", [try Samples.app()])
        let layout = try LayoutFixture(
            [missing, image("arm64", [try Samples.base()])], missing: [missing.digest])
        #expect(throws: DerootError.self) { try layout.convert() }
        try layout.convert(platform: "linux/arm64")
        #expect(try layout.image().config.user == "65532:65532")
        let error = try #require(throws: DerootError.self) {
            try layout.convert(platform: "linux/s390x")
        }
        #expect(error.code == .notFound)
    }

    @Test func windowsImagesAreCarried() throws {
        let windows = image("amd64", os: "windows", [try Samples.app()])
        let layout = try LayoutFixture([windows, image("arm64", [try Samples.base()])])
        let result = try layout.convert()
        #expect(result.carried.contains { $0.contains("\(windows.digest)") })
        #expect(try layout.images().map(\.digest).contains(windows.digest))
    }

    @Test func artifactsOfNoImageAreCarried() throws {
        let blob = Array("sbom".utf8)
        let entry = ImageFixture.descriptor(
            MediaType("application/spdx+json"), Digest.of(blob), blob.count)
        let layout = try LayoutFixture(
            [image("amd64", [try Samples.base()])], others: [entry], blobs: [blob])
        let result = try layout.convert()
        #expect(result.carried.count == 1)
        #expect(try layout.directory.snapshot("result/blobs").values.contains(blob))
    }

    @Test func dockersFactsAreLabels() throws {
        var docker = try Samples.image()
        docker.isDocker = true
        let layout = try LayoutFixture(docker)
        try layout.convert()
        let image = try layout.image()
        #expect(image.manifest.isDocker)
        #expect(image.manifest.layers.allSatisfy { $0.mediaType == .dockerLayerGzip })
        #expect(image.manifest.annotations.isEmpty)
        #expect(image.config.labels[Facts.sourceDigest] == docker.digest.description)
        #expect(try layout.convert(from: "result", to: "again").isUnchanged)
    }
}

/// Counts the layers that are read, from any thread.
private final class Counter: Sendable {
    private let counts = Mutex((first: 0, again: 0))
    func note(again: Bool) {
        counts.withLock { again ? ($0.again += 1) : ($0.first += 1) }
    }
    var first: Int { counts.withLock { $0.first } }
    var again: Int { counts.withLock { $0.again } }
}
