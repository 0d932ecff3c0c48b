import DerootBytes
import DerootCore
import DerootFaultServer
import DerootOCI
import DerootStore
import DerootTestSupport
import Glibc
import Synchronization
import Testing

@testable import DerootRegistry

/// Counts how many are there at the same time.
private final class Crowd: Sendable {
    private let state = Mutex((here: 0, most: 0))
    var most: Int { state.withLock(\.most) }

    private func come() { state.withLock { $0 = ($0.here + 1, max($0.most, $0.here + 1)) } }
    private func leave() { state.withLock { $0.here -= 1 } }

    func visit() {
        come()
        usleep(20_000)
        leave()
    }

    /// Stays until so many have come, but no longer than its client, and twenty seconds at most.
    func gather(_ count: Int, while isAwaited: () -> Bool) {
        come()
        for _ in 0..<20_000 where most < count && isAwaited() { usleep(1000) }
        leave()
    }
}

@Suite("Layers that are sent while they are written")
struct EarlyUploadTests {
    private static let session = "/v2/*/blobs/uploads/*"

    private var stage: Stage
    /// What the image becomes.
    private let wanted: Digest
    /// The layer's new form.
    private let layer: WrittenLayer

    /// Made once: a debug build takes its time for millions of random letters.
    private static let image = Result {
        var random = SeededGenerator(seed: 7)
        let text = String(decoding: random.bytes(5_000_000).map { $0 % 64 + 32 }, as: UTF8.self)
        return ImageFixture([
            try LayerFixture(.gzip) { tar in
                tar.directory("etc")
                tar.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
                tar.directory("usr")
                tar.file("usr/su", "su", mode: 0o4755)
                tar.directory("srv")
                tar.file("srv/data", text)
            }
        ])
    }

    init() throws {
        stage = try Stage(holdsImage: false)
        stage.layout = try LayoutFixture(Self.image.get())
        let local = try Conversion(stage.layout.source(), Self.options).convert(
            into: stage.layout.destination("local").begin())
        wanted = local.root.digest
        layer = try #require(local.images.first?.layers.first)
        #expect(layer.size > EarlyUpload.leastBytes)
    }

    private static var options: ConversionOptions {
        var options = ConversionOptions()
        options.user = .numbers(uid: 1000, gid: 1000)
        return options
    }

    private func convert(to tag: String = "out") throws -> Digest {
        let destination = try RegistryDestination(stage.name(tag), client: stage.client())
        return try Conversion(stage.layout.source(), Self.options)
            .convert(into: destination.begin()).root.digest
    }

    /// A transaction that keeps a blob of 4 MiB, of which was said that it will have `size` bytes.
    private func keeping(
        about size: UInt64
    ) throws -> (transaction: RegistryTransaction, digest: Digest, bytes: [UInt8]) {
        let destination = try RegistryDestination(stage.name("out"), client: stage.client())
        let transaction = try destination.transaction()
        let staged = try transaction.stage()
        transaction.expect(staged, about: size)
        let bytes = [UInt8](repeating: 7, count: 4 << 20)
        try staged.write(bytes)
        let digest = Digest.of(bytes)
        transaction.expect(staged, digest: digest)
        try transaction.keep(staged, digest: digest, size: UInt64(bytes.count))
        return (transaction, digest, bytes)
    }

    private var patches: [Request] { stage.server.requests("PATCH", Self.session) }
    /// The requests that say the layer's digest.
    private var puts: [Request] {
        stage.server.requests("PUT", Self.session).filter {
            $0.query("digest") == layer.digest.description
        }
    }
    /// Bytes of the layer that were sent.
    private var sent: UInt64 {
        (patches + puts).reduce(0) { $0 + UInt64($1.body.count) }
    }

    /// The result is in the registry, whole, and no session is left behind.
    private func expectConverted(
        _ tag: String = "out", sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try stage.pull(tag) == wanted, sourceLocation: sourceLocation)
        #expect(stage.registry.openUploads == 0, sourceLocation: sourceLocation)
    }

    @Test func newRepositoriesGetThemAtOnce() throws {
        #expect(try convert() == wanted)
        #expect(patches.count == 1)
        #expect(sent == layer.size)
        // As Docker and Podman do it: a stream without a range, and then the digest alone.
        #expect(patches.first?.headers["Content-Range"] == nil)
        #expect(patches.first?.headers["Transfer-Encoding"] == "chunked")
        #expect(puts.map(\.body.count) == [0])
        #expect(puts.first?.headers["Content-Range"] == nil)
        // Nobody could say its digest yet.
        let path = stage.blobPath(layer.digest)
        #expect(stage.server.requests("HEAD", path).isEmpty)
        #expect(stage.server.traffic.received < layer.size + 50_000)
        try expectConverted()
    }

    @Test func othersAreAskedFirst() throws {
        stage.add(stage.image, tag: "there")
        #expect(try convert() == wanted)
        #expect(patches.count == 1)
        #expect(sent == layer.size)
        #expect(stage.server.requests("HEAD", stage.blobPath(layer.digest)).count == 1)
        try expectConverted()
    }

    @Test func whatIsThereIsNotSent() throws {
        _ = try convert(to: "first")
        let before = stage.server.traffic.received
        #expect(try convert(to: "second") == wanted)
        #expect(stage.server.traffic.received - before < 50_000)
        try expectConverted("second")
    }

    /// A registry that does not list tags has not said that it has nothing.
    @Test func registriesThatDoNotListTags() throws {
        stage.server.on("GET", "/v2/*/tags/list?*", .respond(.error(404, "UNSUPPORTED")))
        _ = try convert(to: "first")
        let before = stage.server.traffic.received
        #expect(try convert(to: "second") == wanted)
        #expect(stage.server.traffic.received - before < 50_000)
    }

    @Test(arguments: [400, 404, 405, 416, 500, 501, 503])
    func F14_registriesThatTakeNoParts(_ status: Int) throws {
        stage.server.on("PATCH", Self.session, .respond(.error(status, "UNSUPPORTED")))
        #expect(try convert() == wanted)
        try expectConverted()
    }

    @Test(arguments: ["PATCH", "PUT"], [0, 100_000])
    func F14_partsThatAreCut(_ method: String, _ bytes: Int) throws {
        stage.server.on(
            method, Self.session, turns: 1...1, .cutUpload(after: bytes, keeps: true))
        #expect(try convert() == wanted)
        try expectConverted()
    }

    /// A registry that has the bytes and cannot make a blob of them: they are sent whole, once.
    @Test(arguments: [400, 403, 404, 405, 411, 416, 500, 501, 503])
    func F14_sessionsThatCannotEnd(_ status: Int) throws {
        let registry = stage.registry
        stage.server.on(
            "PUT", Self.session,
            .answer { request in
                // Only what came in one piece is taken.
                request.body.isEmpty ? .error(status, "UNSUPPORTED") : registry.answer(request)
            })
        #expect(try convert() == wanted)
        #expect(sent == 2 * layer.size)
        #expect(puts.count <= 3)
        try expectConverted()
    }

    /// Registries that take no chunks, and one that answers 201 (UploadSession says which).
    @Test(arguments: [400, 416])
    func F14_registriesWithoutChunks(_ status: Int) throws {
        let registry = stage.registry
        stage.server.on(
            "PATCH", Self.session,
            .answer { request in
                let isChunk = request.headers["Content-Range"] != nil
                return isChunk
                    ? .error(status, "UNSUPPORTED")
                    : registry.answer(request).with { $0.status = 201 }
            })
        #expect(try convert() == wanted)
        #expect(sent == layer.size)
        try expectConverted()
    }

    @Test func F14_sessionsThatAreGone() throws {
        let registry = stage.registry
        stage.server.on("PUT", Self.session, turns: 1...1, .before { registry.forgetUploads() })
        #expect(try convert() == wanted)
        try expectConverted()
    }

    @Test func F14_sessionsThatCannotBegin() throws {
        stage.server.on("POST", Self.session, turns: 1...1, .respond(.error(403, "DENIED")))
        #expect(try convert() == wanted)
        try expectConverted()
    }

    @Test func F14_registriesThatClaimToHaveMore() throws {
        stage.server.on(
            "PATCH", Self.session, turns: 1...1,
            .change { $0.headers["Range"] = "0-999999999999" })
        #expect(try convert() == wanted)
        try expectConverted()
    }

    /// What is on its way when something else fails is stopped, and not sent in another way.
    @Test func abortingStopsWhatIsKept() throws {
        stage.server.on("PATCH", Self.session, .stall(after: nil))
        let (transaction, _, _) = try keeping(about: 4 << 20)
        transaction.abort()
        #expect(stage.server.requests("PUT", Self.session).isEmpty)
        #expect(stage.registry.openUploads == 0)
    }

    /// Each session's farewell may take a second, and Ctrl-C has two for all.
    @Test func sessionsAreCancelledTogether() throws {
        stage.server.on("PATCH", Self.session, .stall(after: nil))
        let crowd = Crowd()
        let count = RegistryTransaction.mostEarly
        stage.server.on("DELETE", Self.session, .meanwhile { crowd.gather(count, while: $0) })
        let destination = try RegistryDestination(stage.name("out"), client: stage.client())
        let transaction = try destination.transaction()
        let staged = try (0..<count).map { _ in try transaction.stage() }
        for blob in staged {
            transaction.expect(blob, about: 4 << 20)
            try blob.write([UInt8](repeating: 7, count: 4 << 20))
            try blob.flush()
        }
        while stage.server.requests("POST", Self.session).count < count { usleep(1000) }
        transaction.abort()
        #expect(crowd.most == count)
        #expect(stage.registry.openUploads == 0)
    }

    /// Many layers: a few at a time go in the background, the others as before.
    @Test func manySmallLayers() throws {
        let layers = try (0..<40).map { index in
            try LayerFixture(.gzip) { tar in
                tar.directory("usr")
                tar.file("usr/su\(index)", "su", mode: 0o4755)
            }
        }
        let layout = try LayoutFixture(ImageFixture(layers))
        let crowd = Crowd()
        stage.server.on("PUT", Self.session, .before { crowd.visit() })
        let destination = try RegistryDestination(stage.name("out"), client: stage.client())
        var conversion = try Conversion(layout.source(), Self.options)
        conversion.pool = WorkerPool(jobs: 2)
        let result = try conversion.convert(into: destination.begin())
        #expect((2...10).contains(crowd.most), "\(crowd.most) at once")
        let local = try Conversion(layout.source(), Self.options)
            .convert(into: layout.destination("local").begin())
        #expect(result.root.digest == local.root.digest)
        #expect(try stage.pull("out") == local.root.digest)
    }

    /// What the plan refuses leaves nothing behind.
    @Test func refusedResultsAreCancelled() throws {
        let source = try stage.layout.source()
        let destination = try RegistryDestination(stage.name("out"), client: stage.client())
        let transaction = try destination.begin()
        _ = try Conversion(source, Self.options).build(into: transaction)
        transaction.abort()
        #expect(stage.registry.openUploads == 0)
        #expect(stage.registry.contents[Stage.repository].tags.isEmpty)
    }

    /// A layer that becomes much smaller than it was: what was promised does not come.
    @Test func promisesThatAreNotKept() throws {
        let (transaction, digest, bytes) = try keeping(about: 8 << 20)
        try transaction.settle()
        #expect(stage.registry.contents[Stage.repository].blobs[digest.description] == bytes)
        transaction.abort()
        #expect(stage.registry.openUploads == 0)
    }

    /// Blobs that nobody keeps in the end are given up, however far they are.
    @Test(arguments: [true, false])
    func draftsThatAreDropped(_ isComplete: Bool) throws {
        let destination = try RegistryDestination(stage.name("out"), client: stage.client())
        let transaction = try destination.transaction()
        do {
            let staged = try transaction.stage()
            transaction.expect(staged, about: 8 << 20)
            let bytes = [UInt8](repeating: 7, count: 4 << 20)
            try staged.write(bytes)
            if isComplete { transaction.expect(staged, digest: Digest.of(bytes)) }
        }
        transaction.abort()
        #expect(stage.registry.openUploads == 0)
        #expect(stage.registry.contents[Stage.repository].blobs.isEmpty)
    }
}
