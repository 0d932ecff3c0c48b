import DerootBytes
import DerootFaultServer
import DerootOCI
import DerootTestSupport
import Glibc
import Testing

@testable import DerootRegistry

@Suite("Uploads that go wrong")
struct UploadFaultTests {
    private let session = "/v2/*/blobs/uploads/*"

    /// The image is in the registry under its tag, with all its blobs.
    private func expectPushed(_ stage: Stage, sourceLocation: SourceLocation = #_sourceLocation) {
        let repository = stage.registry.contents[Stage.repository]
        #expect(
            repository.tags["v2"] == stage.image.digest.description, sourceLocation: sourceLocation)
        #expect(repository.blobs.count == 3, sourceLocation: sourceLocation)
    }

    @Test func pushIsComplete() throws {
        let stage = try Stage(holdsImage: false)
        try stage.push()
        expectPushed(stage)
        #expect(stage.registry.openUploads == 0)
        let type = stage.registry.contents[Stage.repository].manifests[
            stage.image.digest.description]?.type
        #expect(type == stage.image.mediaType.rawValue)
    }

    @Test func existingBlobsAreSpared() throws {
        let stage = try Stage()
        try stage.push()
        expectPushed(stage)
        #expect(stage.server.requests("POST", "/v2/*").isEmpty)
        #expect(stage.server.traffic.received < 20_000)
    }

    @Test func F13_mountsAreGranted() throws {
        let stage = try Stage(holdsImage: false)
        stage.add(stage.image, tag: "v1", to: "base/image")
        try stage.push(mounting: stage.name("v1", repository: "base/image"))
        expectPushed(stage)
        let posts = stage.server.requests("POST", session)
        #expect(posts.contains { $0.query("from") == "base/image" })
        #expect(stage.server.requests("PATCH", session).isEmpty)
        #expect(stage.server.traffic.received < 20_000)
    }

    @Test func F13_mountsThatStartAnUpload() throws {
        let stage = try Stage(holdsImage: false)
        stage.registry.behave { $0.mounts = false }
        try stage.push(mounting: stage.name("v1", repository: "base/image"))
        expectPushed(stage)
        #expect(stage.registry.openUploads == 0, "the session that a refused mount opens is used")
    }

    @Test(arguments: [400, 401, 403, 404, 405, 500, 501])
    func F13_mountsThatAreRefused(_ status: Int) throws {
        let stage = try Stage(holdsImage: false)
        stage.server.on("POST", "/v2/*?mount=*", .respond(.error(status, "UNSUPPORTED")))
        try stage.push(mounting: stage.name("v1", repository: "base/image"))
        expectPushed(stage)
        #expect(stage.server.requests.count <= 60)
        let mounts = stage.server.requests("POST", session).filter { $0.query("from") != nil }
        // A missing blob may be the only one, and what is out of order may be in order again.
        #expect(mounts.count == 1 || [404, 500].contains(status))
    }

    @Test func F13_mountsThatLie() throws {
        let stage = try Stage(holdsImage: false)
        // "Mounted", but the blob is not there: the manifest must not be published.
        stage.server.on("POST", "/v2/*?mount=*", .respond(Response(201)))
        do throws(DerootError) {
            try stage.push(mounting: stage.name("v1", repository: "base/image"))
            expectPushed(stage)
        } catch {
            #expect(stage.registry.contents[Stage.repository].tags.isEmpty)
        }
        #expect(stage.server.requests.count <= 60)
    }

    @Test func F14_chunksOfTheRegistrysSize() throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 10_000
        stage.options.prefersChunks = true
        stage.registry.behave { $0.chunkMinimum = 60_000 }
        try stage.push()
        expectPushed(stage)
        let sizes = stage.server.requests("PATCH", session).map(\.body.count)
        #expect(sizes.filter { $0 >= 60_000 }.count >= 2, "\(sizes)")
    }

    @Test(arguments: [1, 2, 3])
    func F14_offsetsThatDoNotMatch(_ turn: Int) throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 40_000
        stage.options.prefersChunks = true
        stage.server.on("PATCH", session, turns: turn...turn, .respond(Response(416)))
        try stage.push()
        expectPushed(stage)
        #expect(stage.server.requests.count <= 60)
    }

    @Test(arguments: ["PATCH", "PUT"])
    func F14_sessionsThatAreGone(_ method: String) throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 40_000
        stage.options.prefersChunks = true
        let registry = stage.registry
        stage.server.on(method, session, turns: 2...2, .before { registry.forgetUploads() })
        try stage.push()
        expectPushed(stage)
    }

    @Test func F14_digestsThatAreCalledWrong() throws {
        let stage = try Stage(holdsImage: false)
        stage.server.on("PUT", session, turns: 1...2, .respond(.error(400, "DIGEST_INVALID")))
        try stage.push()
        expectPushed(stage)
    }

    @Test(arguments: [400, 404, 416])
    func F14_uploadsThatNeverWork(_ status: Int) throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 40_000
        stage.options.prefersChunks = true
        stage.server.on("PUT", session, .respond(.error(status, "BLOB_UPLOAD_INVALID")))
        stage.server.on("PATCH", session, .respond(.error(status, "BLOB_UPLOAD_INVALID")))
        let error = expectFailure(
            .mismatch, .malformed, .unsupported, .transient, .io, .denied, .notFound
        ) {
            () throws(DerootError) in try stage.push()
        }
        #expect(error != nil)
        #expect(stage.server.requests.count <= 80)
        #expect(stage.registry.contents[Stage.repository].tags.isEmpty)
        #expect(stage.registry.contents[Stage.repository].manifests.isEmpty)
    }

    @Test(arguments: [0, 1, 20_000, 39_999], [true, false])
    func F14_cutUploadsAreResumed(_ bytes: Int, _ keeps: Bool) throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 40_000
        stage.options.prefersChunks = true
        stage.server.on("PATCH", session, turns: 2...2, .cutUpload(after: bytes, keeps: keeps))
        try stage.push()
        expectPushed(stage)
        // Nothing but the cut chunk travels twice.
        #expect(stage.server.traffic.received < 290_000)
    }

    @Test(arguments: [0, 70_000])
    func F14_cutUploadsInOnePiece(_ bytes: Int) throws {
        let stage = try Stage(holdsImage: false)
        stage.server.on(nil, session, turns: 2...3, .cutUpload(after: bytes, keeps: false))
        try stage.push()
        expectPushed(stage)
    }

    /// A registry that reads a large blob once more before it says that it has it.
    @Test func registriesMayThinkAboutLargeBlobs() throws {
        var stage = try Stage(holdsImage: false)
        stage.options.idleSeconds = 1
        let large = try LayerFixture(.none) { tar in
            tar.file("srv/data", String(repeating: "x", count: 32 << 20))
        }
        let image = ImageFixture([large])
        stage.layout = try LayoutFixture(image)
        stage.server.on(
            "PUT", session, turns: 1...1, .before { usleep(2_500_000) })
        try stage.push()
        #expect(stage.server.requests("PUT", session).count == 2, "the layer and the config")
        #expect(Upload.patience(10 << 30) == 900)
    }

    /// What did not arrive in one piece goes on in chunks from where the registry is.
    @Test(arguments: [0, 1, 60_000], [true, false])
    func F14_piecesThatAreCutGoOnInChunks(_ bytes: Int, _ keeps: Bool) throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 40_000
        stage.server.on("PUT", session, turns: 2...2, .cutUpload(after: bytes, keeps: keeps))
        try stage.push()
        expectPushed(stage)
        #expect(stage.registry.openUploads == 0)
        #expect(!stage.server.requests("PATCH", session).isEmpty)
    }

    /// Registries that take a blob in one piece only (UploadSession says which): a piece that broke off
    /// is sent whole again, whatever they say of chunks.
    @Test(arguments: [400, 404, 405, 411, 413, 416, 500, 501, 503])
    func F14_registriesWithoutChunks(_ status: Int) throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 40_000
        stage.server.on("PUT", session, turns: 2...2, .cutUpload(after: 50_000, keeps: false))
        stage.server.on("PATCH", session, .respond(.error(status, "UNSUPPORTED")))
        try stage.push()
        expectPushed(stage)
        #expect(stage.server.requests("PATCH", session).count <= 8)
    }

    /// A registry that keeps every chunk, and says of all but the first that it did not.
    @Test func F14_rangesThatStandStill() throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 40_000
        stage.options.prefersChunks = true
        stage.server.on(
            "PATCH", session,
            .change {
                $0.status = 201
                $0.headers["Range"] = "0-39999"
            })
        try stage.push()
        expectPushed(stage)
    }

    /// A proxy that lets no large body through.
    @Test func F19_bodiesThatAreTooBig() throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 40_000
        let registry = stage.registry
        stage.server.on(
            "PUT", session,
            .answer { request in
                request.body.count > 50_000 ? Response(413) : registry.answer(request)
            })
        try stage.push()
        expectPushed(stage)
        #expect(stage.server.requests("PATCH", session).allSatisfy { $0.body.count <= 40_000 })
    }

    @Test(arguments: ["0-10", "100-200", "bytes=0-39999", "x", "", "0-99999999999999999999"])
    func F14_rangesThatLie(_ range: String) throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 40_000
        stage.options.prefersChunks = true
        stage.server.on("PATCH", session, turns: 1...2, .change { $0.headers["Range"] = range })
        do throws(DerootError) {
            try stage.push()
            expectPushed(stage)
        } catch {
            #expect(stage.registry.contents[Stage.repository].tags.isEmpty)
        }
        #expect(stage.server.requests.count <= 80)
    }

    @Test func F19_manifestsThatAreTooBig() throws {
        let stage = try Stage(holdsImage: false)
        stage.registry.behave { $0.manifestLimit = 100 }
        let error = expectFailure(.limit, .denied, .unsupported) { () throws(DerootError) in
            try stage.push()
        }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("\(stage.image.manifest.count)"), "it names the size: \(text)")
        #expect(stage.server.requests("PUT", "/v2/*/manifests/*").count == 1)
        #expect(stage.registry.contents[Stage.repository].tags.isEmpty)
    }

    @Test func F19_blobsThatAreTooBig() throws {
        let stage = try Stage(holdsImage: false)
        stage.server.on("PUT", session, .respond(Response(413)))
        stage.server.on("PATCH", session, .respond(Response(413)))
        let error = expectFailure(.limit, .denied, .unsupported) { () throws(DerootError) in
            try stage.push()
        }
        #expect(error?.description.contains("sha256:") == true || error?.location.blob != nil)
        #expect(stage.server.requests.count <= 30)
    }
}
