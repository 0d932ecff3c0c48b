import DerootBytes
import DerootFaultServer
import DerootOCI
import DerootRegistry
import DerootStore
import DerootTestSupport
import Testing

@Suite("What is published, and when")
struct OrderFaultTests {
    @Test func F15_blobsThenManifestThenTag() throws {
        let stage = try Stage(holdsImage: false)
        try stage.push()
        let puts = stage.server.requests("PUT", "/v2/*")
        let last = try #require(puts.last)
        #expect(last.path == "/v2/\(Stage.repository)/manifests/v2")
        let firstManifest = try #require(puts.firstIndex { $0.path.contains("/manifests/") })
        #expect(puts[..<firstManifest].filter { $0.path.contains("/blobs/") }.count == 3)
        #expect(puts[firstManifest...].allSatisfy { $0.path.contains("/manifests/") })
    }

    @Test func F15_childrenBeforeTheIndex() throws {
        var stage = try Stage(holdsImage: false)
        var other = try Stage.image(seed: 3)
        other.architecture = "arm64"
        stage.layout = try LayoutFixture([stage.image, other])
        let root = try stage.layout.source().root()
        try stage.push()
        #expect(stage.registry.tag("v2", in: Stage.repository) == root.digest.description)
        let paths = stage.server.requests("PUT", "/v2/*/manifests/*").map(\.path)
        #expect(paths.last == "/v2/\(Stage.repository)/manifests/v2")
        for child in [stage.image, other] {
            #expect(paths.dropLast().contains { $0.hasSuffix("/manifests/\(child.digest)") })
        }
    }

    /// Whatever breaks for good, the old tag stays what it was, and no tag names half an image.
    static let breaks: [(method: String?, path: String)] = [
        ("POST", "/v2/*/blobs/uploads/*"), ("PUT", "/v2/*/blobs/uploads/*"),
        ("PUT", "/v2/*/manifests/sha256:*"), ("PUT", "/v2/*/manifests/v2"), (nil, "/v2/*"),
    ]

    @Test(arguments: breaks.indices, [403, 500])
    func F15_brokenPushesMoveNoTag(_ number: Int, _ status: Int) throws {
        let stage = try Stage(holdsImage: false)
        let old = try Stage.image(seed: 4)
        stage.add(old, tag: "v2")
        let before = stage.registry.contents[Stage.repository]
        let place = Self.breaks[number]
        stage.server.on(place.method, place.path, .respond(.error(status, "NO")))
        do throws(DerootError) {
            try stage.push()
            // A registry that never sees the broken request has taken it all.
            #expect(
                stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
            #expect(place.path.hasSuffix("sha256:*"))
        } catch {
            #expect([.denied, .transient].contains(error.code), "\(error)")
            let after = stage.registry.contents[Stage.repository]
            #expect(after.tags == before.tags)
            #expect(before.manifests.allSatisfy { after.manifests[$0.key] == $0.value })
        }
    }

    @Test func F16_otherBytesComeBack() throws {
        let stage = try Stage(holdsImage: false)
        let other = try Stage.image(seed: 5)
        stage.server.on(
            nil, "/v2/*/manifests/*",
            .change { response in
                guard response.status == 200 else { return }
                response.body = other.manifest
                response.headers["Docker-Content-Digest"] = other.digest.description
            })
        let error = expectFailure(.mismatch, .hostile) { () throws(DerootError) in
            try stage.push()
        }
        #expect(error != nil)
    }

    /// A registry of many servers, of which some learn later what was pushed.
    @Test func F16_whatWasPushedShowsLater() throws {
        let stage = try Stage(holdsImage: false)
        let other = try Stage.image(seed: 5)
        stage.server.on(
            "GET", "/v2/*/manifests/sha256:*", turns: 1...2, .respond(.error(404, "UNKNOWN")))
        stage.server.on(
            "HEAD", "/v2/*/manifests/v2", turns: 1...2,
            .answer { _ in
                Response(200, ["Docker-Content-Digest": other.digest.description])
            })
        try stage.push()
        #expect(stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
        #expect(stage.server.requests("PUT", "/v2/*/manifests/*").count == 2)
    }

    @Test func F16_whatWasPushedNeverShows() throws {
        let stage = try Stage(holdsImage: false)
        stage.server.on("GET", "/v2/*/manifests/sha256:*", .respond(.error(404, "UNKNOWN")))
        expectFailure(.mismatch) { () throws(DerootError) in try stage.push() }
        #expect(stage.registry.contents[Stage.repository].tags.isEmpty)
        #expect(stage.server.requests("GET", "/v2/*/manifests/*").count == 4)
    }

    @Test func F16_anotherDigestIsAcknowledged() throws {
        let stage = try Stage(holdsImage: false)
        stage.server.on(
            "PUT", "/v2/*/manifests/*",
            .change {
                $0.headers["Docker-Content-Digest"] = "sha256:" + String(repeating: "a", count: 64)
            })
        do throws(DerootError) {
            try stage.push()
            #expect(
                stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
        } catch {
            #expect(error.code == .mismatch)
        }
    }

    /// The request, from 1, before which the tag is moved.
    @Test(arguments: 1...6)
    func F17_tagsThatMoveNeverMix(_ turn: Int) throws {
        let stage = try Stage()
        let other = try Stage.image(seed: 6)
        stage.add(other, tag: "other")
        let registry = stage.registry
        stage.server.on(
            nil, "/v2/\(Stage.repository)/*", turns: turn...turn,
            .before {
                registry.contents[Stage.repository].tags["v1"] = other.digest.description
            })
        do throws(DerootError) {
            let digest = try stage.pull()
            #expect([stage.image.digest, other.digest].contains(digest))
        } catch {
            #expect([.transient, .mismatch].contains(error.code), "\(error)")
            #expect(try stage.hasNoResult())
        }
    }

    @Test func F22_interruptedWaitsMoveNoTag() throws {
        let stage = try Stage(holdsImage: false)
        stage.clock.interruptNextWait()
        stage.server.on("PUT", "/v2/*/blobs/uploads/*", .respond(Response(503)))
        expectFailure(.interrupted) { () throws(DerootError) in try stage.push() }
        #expect(stage.registry.contents[Stage.repository].tags.isEmpty)
        #expect(stage.registry.contents[Stage.repository].manifests.isEmpty)
        #expect(stage.clock.waits.count == 1, "nothing is tried after a signal")
    }

    @Test func F22_interruptedPullsLeaveNothing() throws {
        let stage = try Stage()
        stage.clock.interruptNextWait()
        stage.server.on("GET", stage.largeLayerPath, .end(after: 1000))
        expectFailure(.interrupted) { () throws(DerootError) in try stage.pull() }
        #expect(
            try stage.layout.directory.snapshot("out").keys.allSatisfy {
                $0.hasSuffix("/") || $0.contains("lock")
            })
    }
}
