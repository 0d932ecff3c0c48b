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

@Suite("mirror runs")
struct MirrorRunTests {
    @Test("all images are converted, a shared base is read and written once")
    func converts() throws {
        let mirror = try Mirror()
        try mirror.populate(7)
        mirror.registry.forgetRequests()
        let plan = try mirror.plan()
        #expect(plan.items.count == 7 && plan.problems.isEmpty)
        let figures = try mirror.run(plan)
        #expect(figures.count("converted") == 7 && figures.exitStatus == 0)
        // Read once in the whole run, although seven images have it.
        let reads = mirror.registry.requests.filter {
            $0.hasPrefix("GET") && $0.hasSuffix("blobs/\(mirror.base.digest)")
        }
        #expect(reads.count == 1)
        #expect(figures.reusedLayers == 6)
        // And every result is what a conversion by itself gives.
        for item in plan.items {
            let source = try RegistrySource(
                ImageName(parsing: item.pinned), client: mirror.registry.client())
            let alone = try LayoutFixture(ImageFixture([mirror.base]))
            let result = try Conversion(source, item.recipe.options).convert(
                into: alone.destination().begin())
            let stored = mirror.registry.manifest(
                String(item.repository.dropFirst("h.io/".count)), item.tags[0])
            #expect(stored.map { Digest.of($0.bytes) } == result.root.digest)
        }
    }

    @Test("a second run moves no blob and asks for each image twice")
    func again() throws {
        let mirror = try Mirror()
        try mirror.populate(5)
        let first = try mirror.run(try mirror.plan())
        #expect(first.exitStatus == 0)
        let before = mirror.results()
        mirror.registry.forgetRequests()
        let second = try mirror.run(try mirror.plan())
        #expect(second.count("reused") == 5 && second.exitStatus == 0)
        #expect(mirror.results() == before)
        let requests = mirror.registry.requests
        #expect(!requests.contains { $0.contains("/blobs/") })
        #expect(!requests.contains { $0.hasPrefix("PUT") || $0.hasPrefix("POST") })
        // One HEAD of the source when planning, one of the target.
        #expect(requests.filter { $0.hasPrefix("HEAD") }.count == 10)
        #expect(requests.filter { $0.contains("/manifests/") }.count == 10)
    }

    @Test("a poisoned image stops no other, is listed and remembered")
    func poisoned() throws {
        let mirror = try Mirror()
        try mirror.populate(3)
        mirror.add("team/app0", "bad", [mirror.base, mirror.poisoned])
        let figures = try mirror.run(try mirror.plan())
        #expect(figures.count("converted") == 3 && figures.count("refused") == 1)
        #expect(figures.exitStatus == 1)
        #expect(mirror.registry.manifest("hardened/team/app0", "bad") == nil)
        mirror.registry.forgetRequests()
        let again = try mirror.run(try mirror.plan())
        #expect(again.count("refused") == 1 && again.count("reused") == 3)
        // Why it was refused is told every time.
        let reasons = [figures, again].map { $0.outcomes.compactMap(\.reason) }
        #expect(reasons[0].count == 1 && reasons[0] == reasons[1])
        #expect(!mirror.registry.requests.contains { $0.contains("/blobs/") })
        let status = try MirrorStatus(
            try mirror.plan(), ledger: try mirror.ledger(), client: mirror.registry.client(),
            pool: WorkerPool(jobs: 1))
        #expect(status.count("done") == 3 && status.count("refused") == 1)
        #expect(status.exitStatus == 1)
        #expect(status.lines.contains { $0.contains("team/app0:bad") })
    }

    @Test("transient failures are never remembered, and the next run makes up for them")
    func transient() throws {
        let mirror = try Mirror()
        try mirror.populate(3)
        let plan = try mirror.plan()
        mirror.registry.fail("PUT /v2/hardened/team/app1", with: 503, times: 1000)
        let figures = try mirror.run(plan)
        #expect(figures.count("transient") == 1 && figures.count("converted") == 2)
        #expect(figures.exitStatus == 75)
        let calm = try Mirror()
        try calm.populate(3)
        #expect(try calm.run(try calm.plan()).exitStatus == 0)
        // The failing answers are used up by another registry's client, so this one is healthy again.
        mirror.registry.heal()
        #expect(try mirror.run(plan).exitStatus == 0)
        #expect(mirror.results() == calm.results())
    }

    @Test("bursts of 429 and 503 cost tries, not images")
    func bursts() throws {
        let mirror = try Mirror()
        try mirror.populate(4)
        mirror.registry.fail("GET /v2/team", with: 429, times: 3)
        mirror.registry.fail("POST /v2/hardened", with: 503, times: 3)
        mirror.registry.fail("PUT /v2/hardened", with: 500, times: 3)
        let figures = try mirror.run(try mirror.plan())
        #expect(figures.count("converted") == 4 && figures.exitStatus == 0)
    }

    @Test("shards together do what one does, and a sweep does what is left")
    func shards() throws {
        let serial = try Mirror()
        try serial.populate(9)
        _ = try serial.run(try serial.plan(), jobs: 1)
        let mirror = try Mirror()
        try mirror.populate(9)
        let plan = try mirror.plan(4)
        #expect(Set(plan.items.map(\.shard)).count == 4)
        var count = 0
        for index in [2, 0] {
            count += try mirror.run(plan, Shard(index: index, count: 4)).outcomes.count
        }
        #expect(count < 9)
        let swept = try mirror.run(plan, Shard(index: 1, count: 4), sweep: true)
        #expect(swept.outcomes.count == 9 - count)
        #expect(mirror.results() == serial.results())
        let error = failure { () throws(DerootError) in
            do {
                _ = try mirror.run(plan, Shard(index: 0, count: 3))
            } catch let error as DerootError { throw error } catch { return }
        }
        #expect(error?.code == .usage)
    }

    @Test("a crash anywhere repeats the same bytes", arguments: [1, 5, 20, 60])
    func crashes(_ requests: Int) throws {
        let serial = try Mirror()
        try serial.populate(4)
        _ = try serial.run(try serial.plan())
        let mirror = try Mirror()
        try mirror.populate(4)
        let plan = try mirror.plan()
        // What follows some request fails for good, as if the process had died there.
        mirror.registry.breakAfter(requests)
        let broken = try? mirror.run(plan, jobs: 1)
        #expect(broken?.exitStatus != 0)
        mirror.registry.heal()
        #expect(try mirror.run(plan).exitStatus == 0)
        #expect(mirror.results() == serial.results())
    }

    @Test("a tag that was moved by others is set right; a result that is gone is made again")
    func repairs() throws {
        let mirror = try Mirror()
        try mirror.populate(2)
        let plan = try mirror.plan()
        _ = try mirror.run(plan)
        let before = mirror.results()
        let item = plan.items[0]
        let repository = String(item.repository.dropFirst("h.io/".count))
        mirror.registry.add(
            repository, manifest: Array("{}".utf8), type: .manifest, tag: item.tags[0])
        let retagged = try mirror.run(plan)
        #expect(retagged.count("reused") == 2 && mirror.results() == before)
        let digest = try #require(
            mirror.registry.manifest(repository, item.tags[0]).map { Digest.of($0.bytes) })
        mirror.registry.remove(repository, item.tags[0])
        mirror.registry.remove(repository, digest.description)
        let remade = try mirror.run(plan)
        #expect(remade.count("converted") == 1 && mirror.results() == before)
    }

    @Test("an image that needs nothing keeps its digest, and several tags cost one conversion")
    func unchanged() throws {
        let mirror = try Mirror()
        let plain = try LayerFixture { tar in
            tar.file("app", "x", uid: 65532, gid: 65532)
            tar.file(
                "etc/passwd",
                "root:x:0:0:root:/root:/bin/sh\nnonroot:x:65532:65532::/home/nonroot:/bin/sh\n")
            tar.file("etc/group", "root:x:0:\nnonroot:x:65532:\n")
            tar.directory("home/")
            tar.directory("home/nonroot/", mode: 0o700, uid: 65532, gid: 65532)
            tar.directory("tmp/", mode: 0o1777)
        }
        let digest = mirror.add(
            "team/app0", "1", [plain], settings: #""User":"65532:65532""#)
        mirror.add("team/app0", "latest", [plain], settings: #""User":"65532:65532""#)
        let plan = try mirror.plan()
        #expect(plan.items.count == 1 && plan.items.first?.tags == ["1", "latest"])
        let figures = try mirror.run(plan)
        #expect(figures.exitStatus == 0)
        let results = ["1", "latest"].map { mirror.registry.manifest("hardened/team/app0", $0) }
        #expect(results[0] == results[1])
        if figures.count("unchanged") == 1 {
            #expect(results[0].map { Digest.of($0.bytes) } == digest)
        }
    }

    @Test("what we wrote ourselves is never a source")
    func ownResults() throws {
        let mirror = try Mirror()
        try mirror.populate(2)
        _ = try mirror.run(try mirror.plan())
        let all = """
            version: 1
            defaults: {target: h.io/hardened}
            sources:
              - registry: h.io
            """
        let plan = try mirror.plan(1, all)
        #expect(plan.items.count == 2)
        #expect(!plan.items.contains { $0.source.contains("hardened") })
    }

    @Test("a source that cannot be looked at is listed and stops nothing")
    func problems() throws {
        let mirror = try Mirror()
        try mirror.populate(1)
        let plan = try mirror.plan(
            1,
            """
            version: 1
            defaults: {target: h.io/hardened}
            sources:
              - repo: h.io/team/none
              - repo: h.io/team/app0
            """)
        #expect(plan.items.count == 1 && plan.problems.count == 1)
        #expect(plan.problems.first?.source == "h.io/team/none")
        let figures = try mirror.run(plan)
        #expect(figures.count("converted") == 1 && figures.exitStatus == 1)
    }
}
