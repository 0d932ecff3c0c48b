import DerootBytes
import DerootMirror
import DerootOCI
import DerootRegistry
import DerootRegistryTestSupport
import DerootTestSupport
import Testing

/// What a night costs after one in which something went wrong.
@Suite("what is not done again")
struct RepeatTests {
    private let mirror: Mirror

    init() throws { mirror = try Mirror() }

    private func blobs() -> Int {
        mirror.registry.requests.count { $0.hasPrefix("GET") && $0.contains("/blobs/sha256") }
    }

    /// Stores an image whose manifest says something else of a blob's size.
    private func lie(of type: MediaType, _ digest: Digest, _ size: Int, _ stated: Int) {
        let image = ImageFixture([mirror.base])
        for blob in [mirror.base.blob, image.config] {
            mirror.registry.add("team/app0", blob: blob)
        }
        let altered = String(decoding: image.manifest, as: UTF8.self)
            .split(separator: ImageFixture.descriptor(type, digest, size))
            .joined(separator: ImageFixture.descriptor(type, digest, stated))
        mirror.registry.add(
            "team/app0", manifest: Array(altered.utf8), type: .manifest, tag: "1")
    }

    private func isRemembered(_ config: String = Mirror.config) throws {
        let first = try mirror.run(try mirror.plan(1, config))
        #expect(first.count("refused") == 1 && first.exitStatus == 1, "\(first.outcomes)")
        #expect(mirror.registry.tags("hardened/deroot-ledger").count == 1)
        mirror.registry.forgetRequests()
        let second = try mirror.run(try mirror.plan(1, config))
        #expect(second.count("refused") == 1 && second.exitStatus == 1)
        #expect(blobs() == 0)
    }

    @Test("a layer that is smaller than its descriptor says is wrong for good")
    func shortLayer() throws {
        let size = mirror.base.blob.count
        lie(of: .layerGzip, mirror.base.digest, size, size + 10)
        try isRemembered()
    }

    @Test("a layer that is larger than its descriptor says is not fetched")
    func longLayer() throws {
        let size = mirror.base.blob.count
        lie(of: .layerGzip, mirror.base.digest, size, size - 10)
        let figures = try mirror.run(try mirror.plan())
        #expect(figures.count("refused") == 1 && figures.exitStatus == 1)
        // Told by the length that the answer states, before any byte.
        #expect(
            figures.outcomes[0].reason?.hasSuffix(
                "says that the blob has \(size) bytes, its descriptor says \(size - 10)") == true)
    }

    @Test("a config of another size than stated is remembered", arguments: [-3, 3])
    func config(_ difference: Int) throws {
        let config = ImageFixture([mirror.base]).config
        lie(of: .config, Digest.of(config), config.count, config.count + difference)
        try isRemembered()
    }

    @Test("an image without the platform that is asked for is remembered")
    func platform() throws {
        mirror.add("team/app0", "1", [mirror.base])
        try isRemembered(
            Mirror.config.split(separator: "hardened}")
                .joined(separator: "hardened, platform: linux/arm64}"))
    }

    @Test(
        "a tag that may not move costs no conversion, and keeps no other tag",
        arguments: [400, 403])
    func immutable(_ status: Int) throws {
        mirror.add("team/app0", "1", [mirror.base])
        #expect(try mirror.run(try mirror.plan()).exitStatus == 0)
        let old = mirror.results()["hardened/team/app0:1"]
        mirror.registry.behave { $0.immutable = status }
        let own = try LayerFixture { $0.file("app/new", "new", mode: 0o4755) }
        for tag in ["1", "2"] { mirror.add("team/app0", tag, [own]) }
        let first = try mirror.run(try mirror.plan())
        #expect(first.count("failed") == 1 && first.exitStatus == 1, "\(first.outcomes)")
        mirror.registry.forgetRequests()
        let plan = try mirror.plan()
        let second = try mirror.run(plan)
        #expect(second.count("failed") == 1 && second.exitStatus == 1)
        #expect(blobs() == 0)
        #expect(mirror.results()["hardened/team/app0:1"] == old)
        #expect(mirror.results()["hardened/team/app0:2"] != nil)
        mirror.registry.behave { $0.immutable = nil }
        let third = try mirror.run(plan)
        #expect(third.count("reused") == 1 && third.exitStatus == 0)
        #expect(
            mirror.results()["hardened/team/app0:1"] == mirror.results()["hardened/team/app0:2"])
    }

    @Test("what was beyond a limit is tried again with another limit, and only then")
    func limits() throws {
        mirror.add("team/app0", "1", [mirror.base])
        let plan = try mirror.plan()
        for limit in [1, 1, 1_000_000] {
            mirror.registry.forgetRequests()
            let figures = try mirror.run(plan) { $0.limits.entries = limit }
            #expect(figures.exitStatus == (limit == 1 ? 1 : 0))
            #expect(figures.count("refused") == (limit == 1 ? 1 : 0))
        }
        #expect(blobs() > 0)
        mirror.registry.forgetRequests()
        #expect(try mirror.run(plan) { $0.limits.entries = 1 }.exitStatus == 0)
        #expect(blobs() == 0)
    }

    @Test("a name server that is away for a while is worth another try")
    func names() throws {
        try mirror.populate(2)
        let plan = try mirror.plan()
        for requests in [0, 3, 10] {
            let figures = try mirror.run(plan) { _ in
                mirror.registry.breakAfter(requests, .noSuchHost)
            }
            #expect(figures.exitStatus == 75 && figures.count("failed") == 0)
            mirror.registry.heal()
        }
        #expect(try mirror.run(plan).exitStatus == 0)
    }
}
