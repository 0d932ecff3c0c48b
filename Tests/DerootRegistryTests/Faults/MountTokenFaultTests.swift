import DerootBytes
import DerootFaultServer
import DerootOCI
import DerootStore
import DerootTestSupport
import Testing

@testable import DerootRegistry

@Suite("Mounts that token servers refuse")
struct MountTokenFaultTests {
    private static let source = "base/image"

    /// A registry behind a token service, and the image in another repository there.
    private func guarded(lifetime: Int = 300) throws -> (Stage, FaultServer) {
        let stage = try Stage(holdsImage: false)
        stage.add(stage.image, tag: "v1", to: Self.source)
        let issuer = TokenIssuer(lifetime: lifetime)
        let tokens = try FaultServer(issuer)
        stage.registry.behave { [url = tokens.url] in
            $0.gate = .bearer(realm: "\(url)/token", issuer)
        }
        return (stage, tokens)
    }

    private func push(_ stage: Stage, _ tokens: FaultServer) throws -> (asked: Int, mounts: Int) {
        try stage.push(mounting: stage.name("v1", repository: Self.source))
        #expect(stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
        let asked = tokens.requests.filter { $0.text.contains("base%2Fimage") }.count
        let mounts = stage.server.requests("POST", "/v2/*").filter { $0.query("from") != nil }
        return (asked, mounts.count)
    }

    // Hub, Google and GitHub refuse all for one; expired tokens are not asked for with it either.
    @Test(arguments: [400, 401, 403, 404], [300, 12])
    func F13_theBlobIsSentInstead(_ status: Int, _ lifetime: Int) throws {
        let (stage, tokens) = try guarded(lifetime: lifetime)
        tokens.on(nil, "/token?*base%2Fimage*", .respond(.error(status, "DENIED")))
        stage.server.on(nil, "/v2/*", .before { [clock = stage.clock] in clock.pass(2) })
        let (asked, mounts) = try push(stage, tokens)
        #expect(asked == 1 && mounts == 0)
        #expect(stage.registry.openUploads == 0)
    }

    @Test func F13_grantedMountsCostOneTokenMore() throws {
        let (stage, tokens) = try guarded()
        let (asked, mounts) = try push(stage, tokens)
        #expect(asked == 1 && mounts == 3)
        #expect(tokens.requests.count == 2)
        #expect(stage.server.traffic.received < 20_000)
    }

    @Test func F13_theSourceIsNotAskedForLater() throws {
        let (stage, tokens) = try guarded(lifetime: 12)
        stage.server.on("PUT", "/v2/*", .before { [clock = stage.clock] in clock.pass(20) })
        let (asked, _) = try push(stage, tokens)
        #expect(asked == 1)
        #expect(tokens.requests.count > 2)
        #expect(tokens.requests.last?.text.contains("base%2Fimage") == false)
    }

    // A server that gives one scope of two, and a registry that says so by 403.
    @Test func F13_tokensThatHoldLessThanAskedForAreNotUsedForOthers() throws {
        let (stage, tokens) = try guarded()
        tokens.on(
            nil, "/token?*base%2Fimage*", .respond(.json(#"{"token":"less","expires_in":300}"#)))
        stage.server.on(
            nil, "/v2/*",
            .change { response in if response.status == 401 { response.headers["X-Seen"] = "1" } })
        let (asked, mounts) = try push(stage, tokens)
        #expect(asked == 2 && mounts == 2)
        let refused = stage.server.requests.filter { $0.headers["Authorization"] == "Bearer less" }
        #expect(refused.allSatisfy { $0.query("from") != nil })
    }

    @Test func F13_anUploadThatMayMountIsSentWithout() throws {
        let (stage, tokens) = try guarded()
        tokens.on(nil, "/token?*base%2Fimage*", .respond(.error(403, "DENIED")))
        let endpoint = try #require(
            try StageSettings().endpoints(for: stage.name(), .write).first)
        let repository = try Repository(endpoint, .write, client: stage.client())
        // The registry's challenge is known then.
        #expect(try repository.blobSize(stage.largeLayer) == nil)
        let file = try File.anonymous(in: temporaryDirectory())
        try file.write(stage.image.layers[1].blob)
        let upload = Upload(
            repository: repository, digest: stage.largeLayer, mounting: Self.source)
        #expect(try upload.run(BlobFile(try FileSlice(file))) == nil)
        #expect(stage.registry.contents[Stage.repository].blobs.count == 1)
    }
}
