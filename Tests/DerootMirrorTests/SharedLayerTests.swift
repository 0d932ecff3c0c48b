import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootRegistry
import DerootRegistryTestSupport
import DerootStore
import DerootTestSupport
import Synchronization
import Testing

/// Layers that several images have: how often they are read, written and sent.
@Suite("shared layers")
struct SharedLayerTests {
    private func requests(_ mirror: Mirror, _ method: String, _ end: String) -> Int {
        mirror.registry.requests.count { $0.hasPrefix(method) && $0.hasSuffix(end) }
    }

    @Test("a converted base is sent once and mounted into the other repositories")
    func mounts() throws {
        let mirror = try Mirror()
        try mirror.populate(6)
        let figures = try mirror.run(try mirror.plan(), jobs: 1)
        #expect(figures.layers.rewritten == 1)
        let form = try #require(base(in: mirror))
        // Six images in three repositories: one sends, two mount, three find it there.
        let layer = UInt64(mirror.registry.blob("hardened/team/app0", form)?.count ?? 0)
        #expect(layer > 0)
        for repository in ["app0", "app1", "app2"] {
            #expect(mirror.registry.blob("hardened/team/\(repository)", form) != nil)
        }
        #expect(figures.traffic.mounted >= 2 * layer)
        #expect(figures.traffic.present >= 3 * layer)
    }

    /// The base's new form, which is the first layer of every result.
    private func base(in mirror: Mirror) -> Digest? {
        let stored = mirror.registry.manifest("hardened/team/app0", "1.0")
        return stored.flatMap { try? Manifest(parsing: $0.bytes) }?.layers.first?.digest
    }

    @Test("shards find in the ledger what others have written")
    func shards() throws {
        let serial = try Mirror()
        try serial.populate(9)
        _ = try serial.run(try serial.plan())
        let mirror = try Mirror()
        try mirror.populate(9)
        let plan = try mirror.plan(3)
        let notes = Mutex<[String]>([])
        var figures: [MirrorFigures] = []
        for index in 0..<3 {
            figures.append(
                try mirror.run(plan, Shard(index: index, count: 3)) { run in
                    run.observer = { event in
                        guard case .layer(let note) = event else { return }
                        notes.withLock { notes in
                            switch note {
                            case .rewritten(let layer, _): notes.append("new \(layer)")
                            case .recalled(let layer, _): notes.append("known \(layer)")
                            }
                        }
                    }
                })
        }
        #expect(figures.map(\.layers.rewritten).reduce(0, +) == 1)
        #expect(figures.map(\.layers.recalledForms).reduce(0, +) == 2)
        let base = mirror.base.digest
        #expect(
            notes.withLock { $0 }.sorted() == ["known \(base)", "known \(base)", "new \(base)"])
        #expect(mirror.results() == serial.results())
    }

    @Test(
        "an entry that states another size than the blob's is not believed",
        arguments: [UInt64(1), 1 << 47, UInt64(Int64.max)])
    func wrongSizes(_ size: UInt64) throws {
        let serial = try Mirror()
        try serial.populate(9)
        _ = try serial.run(try serial.plan())
        let mirror = try Mirror()
        try mirror.populate(9)
        let plan = try mirror.plan(2)
        _ = try mirror.run(plan, Shard(index: 0, count: 2))
        let ledger = "hardened/deroot-ledger"
        for tag in mirror.registry.tags(ledger) {
            let stored = try #require(mirror.registry.manifest(ledger, tag))
            var manifest = try Manifest(parsing: stored.bytes)
            let entry = try #require(mirror.registry.blob(ledger, manifest.layers[0].digest))
            var document = try Document(parsing: entry)
            let layers = try #require(document.root["layers"]?.array).map { json in
                var object = json.object ?? [:]
                object["size"] = .number(size)
                return JSON.object(object)
            }
            document.root["layers"] = .array(layers)
            mirror.registry.add(ledger, blob: document.bytes)
            manifest.setLayer(
                at: 0,
                Descriptor(
                    mediaType: manifest.layers[0].mediaType, digest: document.digest,
                    size: UInt64(document.bytes.count)))
            mirror.registry.add(
                ledger, manifest: manifest.document.bytes,
                type: MediaType(stored.type), tag: tag)
        }
        let figures = try mirror.run(plan, Shard(index: 1, count: 2))
        #expect(figures.layers.recalledForms == 0 && figures.exitStatus == 0)
        let results = { (results: [String: String]) in
            results.filter { !$0.key.hasPrefix(ledger) }
        }
        #expect(results(mirror.results()) == results(serial.results()))
    }

    @Test("forms that other shards wrote are mounted on Docker Hub too, whose API has another host")
    func mountsOnDockerHub() throws {
        let mounted = try ["h.io", "docker.io"].map { host in
            let mirror = try Mirror()
            try mirror.populate(9)
            let plan = try mirror.plan(
                3, Mirror.config.split(separator: "h.io").joined(separator: host))
            return try (0..<3).map { index in
                try mirror.run(plan, Shard(index: index, count: 3), jobs: 1).traffic.mounted
            }
        }
        #expect(mounted[0] == mounted[1])
        #expect(mounted[0].reduce(0, +) > 0)
    }

    @Test("a cache spares reading and writing in another run, and changes nothing")
    func cache() throws {
        let folder = try TemporaryDirectory()
        let cache = try LayerCache(folder: folder.path + "/cache", bytes: 1 << 30)
        let first = try Mirror()
        try first.populate(6)
        let before = try first.run(try first.plan(), cache: cache)
        #expect(before.layers.read == 7 && before.layers.recalled == 0)
        // Another registry without a ledger, the same images.
        let second = try Mirror()
        try second.populate(6)
        second.registry.forgetRequests()
        let after = try second.run(try second.plan(), cache: cache)
        #expect(after.count("converted") == 6)
        #expect(after.layers.read == 0 && after.layers.recalled == 7)
        #expect(after.layers.rewritten == 0 && after.layers.recalledForms == 1)
        #expect(requests(second, "GET", "blobs/\(second.base.digest)") == 0)
        #expect(second.results() == first.results())
    }

    @Test("what is damaged in a cache counts for nothing")
    func damage() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/cache"
        let cache = try LayerCache(folder: path, bytes: 1 << 30)
        let first = try Mirror()
        try first.populate(4)
        _ = try first.run(try first.plan(), cache: cache)
        var damaged = 0
        for part in try Directory.names(in: path) {
            for name in try Directory.names(in: "\(path)/\(part)") {
                let file = try File.opening("\(path)/\(part)/\(name)", flags: 1)
                try file.seek(to: try file.size() / 2)
                try file.write([0x55, 0xAA, 0x55])
                damaged += 1
            }
        }
        #expect(damaged >= 7)
        let second = try Mirror()
        try second.populate(4)
        let figures = try second.run(try second.plan(), cache: cache)
        #expect(figures.count("converted") == 4 && figures.exitStatus == 0)
        #expect(figures.layers.recalled == 0)
        #expect(second.results() == first.results())
    }

    @Test("a cache keeps to its size")
    func size() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/cache"
        let most: UInt64 = 4096
        let cache = try LayerCache(folder: path, bytes: most)
        let mirror = try Mirror()
        try mirror.populate(12)
        let figures = try mirror.run(try mirror.plan(), cache: cache)
        #expect(figures.count("converted") == 12)
        var bytes: UInt64 = 0
        var files = 0
        for part in try Directory.names(in: path) {
            for name in try Directory.names(in: "\(path)/\(part)") {
                bytes += try File.reading("\(path)/\(part)/\(name)").size()
                files += 1
            }
        }
        #expect(bytes <= most && files > 0)
    }
}
