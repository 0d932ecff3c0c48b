import DerootBytes
import DerootCore
import DerootFaultServer
import DerootOCI
import DerootStore
import DerootTestSupport
import Synchronization
import Testing

@testable import DerootRegistry

@Suite("Blobs that are read while they arrive")
struct ArrivingBlobTests {
    private let stage: Stage

    init() throws { stage = try Stage() }

    private func layer() throws -> (source: RegistrySource, layer: Descriptor) {
        let source = try RegistrySource(stage.name(), client: stage.client())
        let image = try #require(try ImageGraph(reading: source).images.first)
        return (source, image.manifest.layers[1])
    }

    /// The first bytes can be read when no more have come yet.
    @Test func theBeginningIsThereFirst() throws {
        // A second's pause for every 64 bytes after the first: the rest takes minutes.
        stage.server.on("GET", stage.largeLayerPath, .trickle(bytes: 4_000, milliseconds: 20))
        let (source, layer) = try layer()
        var blob = try source.blob(layer)
        #expect(blob.count == layer.size)
        let head = HeapBuffer(count: 16)
        #expect(try unsafe blob.read(into: head.bytes) == 16)
        #expect(try Digest.of(readBytes(source.blob(layer))) == layer.digest)
    }

    /// Whoever reads is told why the rest does not come, each time.
    @Test func readersLearnOfFailures() throws {
        stage.server.on("GET", stage.largeLayerPath, turns: 1...1, .reset(after: 100_000))
        stage.server.on("GET", stage.largeLayerPath, turns: 2...9, .respond(.error(403, "DENIED")))
        let (source, layer) = try layer()
        for _ in 0..<2 {
            let error = expectFailure(.denied) { () throws(DerootError) in
                _ = try readBytes(source.blob(layer))
            }
            #expect(error?.location.blob == layer.digest)
        }
    }

    /// A registry that begins again with other bytes changes nothing that was read.
    @Test func whatWasReadStays() throws {
        let true1 = stage.image.layers[1].blob
        let other = [UInt8](repeating: 1, count: true1.count)
        stage.server.on("GET", stage.largeLayerPath, turns: 1...1, .reset(after: 100_000))
        // Ignores the range, and gives something else.
        stage.server.on(
            "GET", stage.largeLayerPath, turns: 2...2, .respond(Response(200, body: other)))
        let (source, layer) = try layer()
        let bytes = try readBytes(source.blob(layer))
        let kept = zip(bytes, true1).prefix { $0 == $1 }.count
        #expect(kept > 0 && kept < true1.count)
        #expect(bytes[kept...].allSatisfy { $0 == 1 })
        // The same bytes again, whoever reads.
        #expect(try readBytes(source.blob(layer)) == bytes)
    }

    /// What could not be compared with its digest says nothing of the image.
    @Test func garbageBeforeABreakIsTheWaysFault() throws {
        let large = stage.image.layers[0]
        let path = stage.blobPath(large.digest)
        var garbage = [UInt8](repeating: 0xFF, count: large.blob.count - 10)
        garbage.replaceSubrange(0..<10, with: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3])
        stage.server.on("GET", path, turns: 1...1, .respond(Response(200, body: garbage)))
        stage.server.on("GET", path, turns: 2...100, .respond(.error(503, "UNAVAILABLE")))
        let source = try RegistrySource(stage.name(), client: stage.client())
        expectFailure(.transient) { () throws(DerootError) in
            _ = try Conversion(source, ConversionOptions()).plan()
        }
    }

    /// Whether a child's layer is a file system is known, or the image is not read.
    @Test(arguments: [404, 403, 503, 200])
    func childrenAreLookedInto(_ status: Int) throws {
        let inner = try LayerFixture(.gzip) { $0.file("a", "b") }
        let type = MediaType("application/vnd.in-toto+json")
        let config = stage.image.config
        let child = Array(
            #"""
            {"schemaVersion":2,"mediaType":"\#(MediaType.manifest)","config":\#(
                ImageFixture.descriptor(.config, Digest.of(config), config.count)),"layers":[\#(
                ImageFixture.descriptor(type, inner.digest, inner.blob.count))]}
            """#.utf8)
        let entries = [
            stage.image.entry(),
            ImageFixture.descriptor(.manifest, Digest.of(child), child.count),
        ]
        stage.registry.add(blobs: [inner.blob], to: Stage.repository)
        stage.registry.add(manifest: child, type: .manifest, to: Stage.repository)
        stage.registry.add(
            manifest: Array(LayoutFixture.index(entries).utf8), type: .index, to: Stage.repository,
            tag: "both")
        let path = stage.blobPath(inner.digest)
        if status != 200 { stage.server.on("GET", path, .respond(.error(status, "X"))) }
        let read = { () throws(DerootError) in
            let source = try RegistrySource(stage.name("both"), client: stage.client())
            _ = try ImageGraph(reading: source)
        }
        let codes: [Int: DerootError.Code] = [403: .denied, 503: .transient, 200: .hostile]
        guard let code = codes[status] else { return try read() }
        expectFailure(code) { () throws(DerootError) in try read() }
    }

    /// The scanner refuses it.
    @Test func wrongBytesAreRefused() throws {
        var wrong = stage.image.layers[1].blob
        wrong[5000] ^= 1
        stage.server.on("GET", stage.largeLayerPath, .respond(Response(200, body: wrong)))
        let error = expectFailure(.mismatch) { () throws(DerootError) in try stage.pull() }
        #expect(error?.location.blob == stage.largeLayer)
    }

    /// Closing does not wait for what nobody reads.
    @Test func closingEndsDownloads() throws {
        stage.server.on("GET", stage.largeLayerPath, .stall(after: 10))
        do {
            let (source, layer) = try layer()
            source.expect([layer])
            _ = try source.blob(layer)
        }
        #expect(stage.server.requests("GET", stage.largeLayerPath).count == 1)
    }

    /// Of many layers a few arrive while others are asked for; who asks for more waits for it whole.
    @Test func fewArriveAtATime() throws {
        let layers = try (0..<BlobFetcher.mostRunning + 4).map { index in
            try LayerFixture(.none) { tar in tar.file("srv/\(index)", "\(index)") }
        }
        let image = ImageFixture(layers)
        stage.add(image, tag: "many")
        for layer in layers.prefix(BlobFetcher.mostRunning) {
            stage.server.on("GET", stage.blobPath(layer.digest), .stall(after: 10))
        }
        for layer in layers.dropFirst(BlobFetcher.mostRunning) {
            stage.server.on(
                "GET", stage.blobPath(layer.digest), .trickle(bytes: 512, milliseconds: 30))
        }
        let source = try RegistrySource(stage.name("many"), client: stage.client())
        let found = try #require(try ImageGraph(reading: source).images.first).manifest.layers
        for layer in found.prefix(BlobFetcher.mostRunning) { _ = try source.blob(layer) }
        #expect(source.fetcher.running == BlobFetcher.mostRunning)
        for layer in found.dropFirst(BlobFetcher.mostRunning) {
            let blob = try source.blob(layer)
            #expect(source.fetcher.running == BlobFetcher.mostRunning)
            #expect(try Digest.of(readBytes(blob)) == layer.digest)
        }
    }

    /// What was let go of is fetched again when it is read after all.
    @Test func letGoIsFetchedAgain() throws {
        let (source, layer) = try layer()
        #expect(try Digest.of(readBytes(source.blob(layer))) == layer.digest)
        source.letGo()
        #expect(try Digest.of(readBytes(source.blob(layer))) == layer.digest)
        #expect(stage.server.requests("GET", stage.largeLayerPath).count == 2)
    }
}
