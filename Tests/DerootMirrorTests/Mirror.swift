import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootRegistry
import DerootRegistryTestSupport
import DerootStore
import DerootTestSupport

/// Images in a registry in memory, and a mirror of them in the same one.
struct Mirror {
    let registry = MemoryRegistry()
    let base: LayerFixture
    let poisoned: LayerFixture

    init() throws {
        base = try LayerFixture { tar in
            tar.file("usr/bin/su", "su", mode: 0o4755)
            tar.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        }
        var tar = TarBuilder()
        tar.file("a", "b")
        poisoned = LayerFixture(
            raw: tar.ended, blob: try LayerFixture.compressed(tar.ended, .gzip).dropLast(9) + [])
    }

    /// Stores an image and gives its digest.
    @discardableResult
    func add(
        _ repository: String, _ tag: String, _ layers: [LayerFixture], settings: String = ""
    ) -> Digest {
        let image = ImageFixture(layers, settings: settings)
        for blob in layers.map(\.blob) + [image.config] { registry.add(repository, blob: blob) }
        registry.add(repository, manifest: image.manifest, type: image.mediaType, tag: tag)
        return image.digest
    }

    /// So many images on one base, each with a file of its own.
    func populate(_ count: Int) throws {
        for number in 0..<count {
            let own = try LayerFixture { $0.file("app/\(number)", "\(number)", mode: 0o755) }
            add("team/app\(number % 3)", "1.\(number)", [base, own])
        }
    }

    static let config = """
        version: 1
        defaults: {target: h.io/hardened}
        sources:
          - registry: h.io
            repos: {allow: ['^team/']}
        """

    func plan(_ shards: Int = 1, _ config: String = config) throws -> MirrorPlan {
        try MirrorPlanner(
            try MirrorConfig(parsing: Array(config.utf8), file: "mirror.yaml"),
            source: registry.client(), pool: WorkerPool(jobs: 2), limits: Limits(),
            ledger: { [ledger = try ledger()] in ledger }
        ).plan(shards: shards)
    }

    func ledger() throws -> Ledger {
        try Ledger(target: "h.io/hardened", client: registry.client())
    }

    func run(
        _ plan: MirrorPlan, _ shard: Shard = .whole, sweep: Bool = false, jobs: Int = 2,
        cache: LayerCache? = nil, _ change: (inout MirrorRun) -> Void = { _ in }
    ) throws -> MirrorFigures {
        var run = MirrorRun(
            plan, ledger: try ledger(), source: registry.client(), destination: registry.client())
        run.pool = WorkerPool(jobs: jobs)
        run.cache = cache
        change(&run)
        return try run.run(shard, sweep: sweep)
    }

    /// All tags of the target with what they name.
    func results() -> [String: String] {
        var found: [String: String] = [:]
        for repository in ["app0", "app1", "app2"].map({ "hardened/team/\($0)" })
            + ["hardened/deroot-ledger"]
        {
            for tag in registry.tags(repository) {
                let bytes = registry.manifest(repository, tag)?.bytes ?? []
                found["\(repository):\(tag)"] = Digest.of(bytes).description
            }
        }
        return found
    }
}

extension MirrorPlan {
    /// The whole document.
    var document: [UInt8] {
        get throws(DerootError) {
            var text: [UInt8] = []
            try write { text += $0 }
            return text
        }
    }
}
