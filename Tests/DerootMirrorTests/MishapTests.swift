import DerootBytes
import DerootMirror
import DerootOCI
import DerootRegistryTestSupport
import DerootTestSupport
import Testing

/// What goes wrong between us and a registry: it says nothing of an image, and is never remembered.
@Suite("mishaps on the way")
struct MishapTests {
    /// A run, and one after the registry has come to its senses; the first gives other endings than
    /// results, and leaves nothing in the ledger of images that it did not convert.
    private func recovers(
        _ mirror: Mirror, _ hurt: (MemoryRegistry) -> Void, heal: (MemoryRegistry) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let plan = try mirror.plan()
        hurt(mirror.registry)
        let first = try mirror.run(plan)
        heal(mirror.registry)
        #expect(first.exitStatus != 0, sourceLocation: sourceLocation)
        #expect(first.count("refused") == 0, sourceLocation: sourceLocation)
        let entries = mirror.registry.tags("hardened/deroot-ledger")
        #expect(!entries.contains { $0.hasSuffix("refused") }, sourceLocation: sourceLocation)
        let second = try mirror.run(plan)
        #expect(second.exitStatus == 0, "\(second.outcomes)", sourceLocation: sourceLocation)
    }

    @Test(
        "a status that nobody expects is no fault of the image",
        arguments: [
            "GET /v2/team/app1/blobs", "GET /v2/team/app1/manifests",
            "POST /v2/hardened/team/app1/blobs", "PUT /v2/hardened/team/app1/blobs",
            "PUT /v2/hardened/team/app1/manifests", "PUT /v2/hardened/deroot-ledger/manifests",
        ],
        // 302: a redirect to nowhere. 401: a challenge that nobody can answer.
        [302, 400, 401, 403, 405, 407, 409, 410, 413, 415, 418, 422, 451, 501, 505])
    func status(_ match: String, _ status: Int) throws {
        let mirror = try Mirror()
        try mirror.populate(3)
        try recovers(mirror) {
            $0.fail(match, with: status, times: 1000)
        } heal: {
            $0.heal()
        }
    }

    @Test("a wrong Content-Type is the registry's word, and not the image's")
    func contentType() throws {
        for type in [MediaType.dockerSchema1Signed, .index, .dockerManifest] {
            let mirror = try Mirror()
            try mirror.populate(2)
            try recovers(mirror) {
                $0.behave { $0.contentType = type }
            } heal: {
                $0.behave { $0.contentType = nil }
            }
        }
    }

    @Test("a foreign layer that cannot be asked for is not one that is missing")
    func foreignLayer() throws {
        let mirror = try Mirror()
        let image = ImageFixture([mirror.base])
        let layer = ImageFixture.descriptor(
            .layerGzip, mirror.base.digest, mirror.base.blob.count)
        let elsewhere = String(layer.dropLast()) + #","urls":["https://elsewhere.io/layer"]}"#
        let foreign: String = String(decoding: image.manifest, as: UTF8.self)
            .split(separator: layer).joined(separator: elsewhere)
        for blob in [mirror.base.blob, image.config] {
            mirror.registry.add("team/app1", blob: blob)
        }
        mirror.registry.add(
            "team/app1", manifest: Array(foreign.utf8), type: .manifest, tag: "1")
        #expect(foreign.contains("elsewhere"))
        let plan = try mirror.plan()
        // Storage that is redirected to may refuse a HEAD and give a GET.
        mirror.registry.fail("HEAD /v2/team/app1/blobs", with: 403, times: 1000)
        #expect(try mirror.run(plan).count("refused") == 0)
        mirror.registry.heal()
        #expect(try mirror.run(plan).count("refused") == 0)
        // Where it is certainly not there nobody can look into it, and that is remembered.
        let other = try Mirror()
        other.registry.add("team/app1", blob: image.config)
        other.registry.add(
            "team/app1", manifest: Array(foreign.utf8), type: .manifest, tag: "1")
        #expect(try other.run(try other.plan()).count("refused") == 1)
        #expect(
            other.registry.tags("hardened/deroot-ledger").count { $0.hasSuffix("refused") } == 1)
    }

    @Test(
        "a registry that knows the types of images alone costs no image, and no second conversion")
    func strictTypes() throws {
        let mirror = try Mirror()
        try mirror.populate(4)
        mirror.add("team/app0", "bad", [mirror.base, mirror.poisoned])
        mirror.registry.behave { $0.refusesTypes = 400 }
        let plan = try mirror.plan(2)
        for index in 0..<2 {
            let figures = try mirror.run(plan, Shard(index: index, count: 2))
            #expect(figures.count("failed") + figures.count("transient") == 0)
        }
        mirror.registry.forgetRequests()
        let again = try mirror.run(plan)
        #expect(again.count("reused") == 4 && again.count("refused") == 1)
        #expect(again.outcomes.compactMap(\.reason).contains { !$0.contains("earlier run") })
        #expect(!mirror.registry.requests.contains { $0.hasPrefix("PUT") })
    }
}
