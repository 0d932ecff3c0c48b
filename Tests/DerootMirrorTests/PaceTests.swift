import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootRegistry
import DerootRegistryTestSupport
import DerootTestSupport
import Synchronization
import Testing

/// Rate limits: those of mirror.yaml, and those that a registry states.
@Suite("paces")
struct PaceTests {
    /// Time that passes only where somebody waits for it.
    private final class Clock: Sendable {
        let now = Mutex(1000.0)
        let waits = Mutex<[Double]>([])
        let awakened: @Sendable (Double) -> Void

        init(_ awakened: @escaping @Sendable (Double) -> Void = { _ in }) {
            self.awakened = awakened
        }

        func use(_ options: inout RegistryOptions) {
            options.timekeeper.now = { [self] in now.withLock { $0 } }
            options.timekeeper.random = { 0 }
            options.timekeeper.sleep = { [self] (seconds, _) throws(DerootError) in
                now.withLock { $0 += seconds }
                waits.withLock { $0.append(seconds) }
                awakened(seconds)
            }
        }
    }

    private func config(_ more: String) -> String {
        "version: 1\ndefaults: {target: h.io/hardened\(more)}\nsources:\n"
            + "  - registry: h.io\n    repos: {allow: ['^team/']}\n"
    }

    private func run(
        _ mirror: Mirror, _ plan: MirrorPlan, _ clock: Clock, shard: Shard = .whole
    ) throws -> MirrorFigures {
        var run = MirrorRun(
            plan, ledger: try mirror.ledger(), source: mirror.registry.client(clock.use),
            destination: mirror.registry.client(clock.use))
        run.pool = WorkerPool(jobs: 1)
        return try run.run(shard, sweep: false)
    }

    @Test("so many requests a second, divided among the shards")
    func rate() throws {
        for shards in [1, 2] {
            let mirror = try Mirror()
            try mirror.populate(6)
            let plan = try mirror.plan(shards, config(", requests-per-second: 10"))
            // What a file keeps of it is the same.
            let kept = try MirrorPlan(parsing: plan.document)
            #expect(kept == plan && kept.paces.general.perSecond == 10)
            let clock = Clock()
            mirror.registry.forgetRequests()
            let figures = try run(mirror, plan, clock, shard: Shard(index: 0, count: shards))
            #expect(figures.exitStatus == 0)
            // The ledger here has a client of its own.
            let count = Double(mirror.registry.requests.count { !$0.contains("deroot-ledger") })
            let seconds = clock.now.withLock { $0 } - 1000
            // Source and target are one registry here, which is asked by two clients.
            #expect(seconds >= (count - 1) * 0.1 * Double(shards) * 0.99)
        }
    }

    @Test("the last pulls of a rate limit are left to others")
    func reserve() throws {
        let mirror = try Mirror()
        try mirror.populate(5)
        let plan = try mirror.plan(1, config(", ratelimit: {min: 3, retry: 15m}"))
        #expect(plan.paces.general.reserve == 3 && plan.paces.general.retry == 900)
        mirror.registry.limit(pulls: 8)
        let clock = Clock { [registry = mirror.registry] seconds in
            // More are allowed when the time is over.
            if seconds == 900 { registry.limit(pulls: 12) }
        }
        let figures = try run(mirror, plan, clock)
        #expect(figures.exitStatus == 0 && figures.count("converted") == 5)
        #expect(clock.waits.withLock { $0.filter { $0 == 900 }.count } >= 1)
        // Nobody ever heard that there are none.
        #expect(figures.traffic.retries == 0)
    }

    @Test("who is told to wait makes all others wait")
    func pause() throws {
        let mirror = try Mirror()
        try mirror.populate(3)
        let plan = try mirror.plan()
        mirror.registry.fail("GET /v2/team", with: 429, times: 2)
        mirror.registry.ask(toWait: "7")
        let clock = Clock()
        let figures = try run(mirror, plan, clock)
        #expect(figures.exitStatus == 0 && figures.traffic.retries == 2)
        #expect(clock.now.withLock { $0 } >= 1014)
    }

    @Test("mirror.yaml says paces for all hosts, and for a source's own")
    func settings() throws {
        let text = """
            version: 1
            defaults: {target: h.io/t, ratelimit: {min: 20, retry: 1h}, requests-per-second: 5}
            sources:
              - repo: nginx
                requests-per-second: 0.5
              - repo: quay.io/a/b
            """
        let paces = try MirrorConfig(parsing: Array(text.utf8), file: "mirror.yaml").paces
        #expect(paces["quay.io"].perSecond == 5 && paces["quay.io"].retry == 3600)
        for host in ["docker.io", "registry-1.docker.io"] {
            #expect(paces[host].perSecond == 0.5 && paces[host].reserve == 20)
        }
    }

    @Test(
        "what is no pace is named with its line",
        arguments: [
            ("  ratelimit: {retry: 15m}", "line 5", "'min' is missing"),
            ("  ratelimit: {min: 1, retry: soon}", "line 5", "not a time"),
            ("  ratelimit: {min: -1}", "line 5", ""),
            ("  ratelimit: {least: 1}", "line 5", "unknown key"),
            ("  requests-per-second: 0", "line 5", "not a number"),
            ("  requests-per-second: fast", "line 5", "not a number"),
            (
                "- repo: b\n  requests-per-second: 3\n- repo: c\n  requests-per-second: 4",
                "line 7", "another pace"
            ),
        ])
    func wrong(_ lines: String, _ line: String, _ expected: String) throws {
        let text = "version: 1\ndefaults: {target: h.io/t}\nsources:\n- repo: a\n" + lines
        let error = try #require(
            failure { () throws(DerootError) in
                _ = try MirrorConfig(parsing: Array(text.utf8), file: "mirror.yaml")
            })
        #expect(error.description.contains(line), "\(error)")
        #expect(error.description.contains(expected), "\(error)")
    }
}
