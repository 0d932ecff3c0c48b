import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootRegistry
import DerootStore
import Testing

@Suite("mirror plans")
struct PlanTests {
    private func digest(_ text: String) -> Digest { Digest.of(Array(text.utf8)) }

    private func candidate(
        _ source: String, _ content: String, _ layers: [(String, UInt64)] = [],
        repository: String = "t.io/x", own: String? = nil
    ) throws -> MirrorCandidate {
        var options = ConversionOptions()
        if let own { options.own = [try PathPattern(own)] }
        let name = try ImageName(parsing: source)
        return MirrorCandidate(
            name: name.name, tag: name.tag ?? "latest", digest: digest(content),
            recipe: MirrorRecipe(options, platform: nil), repository: repository,
            layers: layers.map { .init(digest: digest($0.0), size: $0.1) })
    }

    private func plan(
        _ candidates: [MirrorCandidate], shards: Int = 1
    ) throws(DerootError) -> MirrorPlan {
        try PlanArrangement.plan(
            candidates, target: "t.io", shards: shards,
            problems: [.init(source: "z", code: "denied", message: "no", isTransient: false)])
    }

    @Test("one digest is one item, whatever tags it has")
    func duplicates() throws {
        let plan = try plan([
            candidate("s.io/a:1.27", "one"), candidate("s.io/a:latest", "one"),
            candidate("s.io/a:1.26", "two"), candidate("s.io/a:1.27", "one"),
            candidate("s.io/a:own", "one", own: "/srv"),
        ])
        #expect(plan.items.count == 3)
        let first = try #require(plan.items.first { $0.tags.contains("latest") })
        #expect(first.tags == ["1.27", "latest"] && first.source == "s.io/a:1.27")
        #expect(first.pinned == "s.io/a:1.27@\(digest("one"))")
        #expect(Set(plan.items.map(\.key)).count == 3)
    }

    @Test("two sources for one tag are a mistake")
    func conflict() throws {
        let error = failure { () throws(DerootError) in
            do {
                _ = try plan([candidate("s.io/a:1", "one"), candidate("r.io/a:1", "two")])
            } catch let error as DerootError { throw error } catch { return }
        }
        #expect(error?.code == .usage)
        #expect(error?.description.contains("t.io/x:1") == true)
    }

    @Test("images with shared bases come first and together, the order being the same every time")
    func order() throws {
        let candidates = [
            try candidate("s.io/lonely:1", "a", [("only", 5)], repository: "t.io/0"),
            try candidate("s.io/app:1", "b", [("debian", 50), ("app1", 1)], repository: "t.io/1"),
            try candidate("s.io/alp:1", "c", [("alpine", 3), ("x", 1)], repository: "t.io/2"),
            try candidate("s.io/app:2", "d", [("debian", 50), ("app2", 1)], repository: "t.io/3"),
            try candidate("s.io/base:1", "e", [("debian", 50)], repository: "t.io/4"),
            try candidate("s.io/alp:2", "f", [("alpine", 3)], repository: "t.io/5"),
        ]
        let plan = try plan(candidates)
        let names = plan.items.map(\.source)
        #expect(
            names.prefix(3) == ["s.io/base:1", "s.io/app:1", "s.io/app:2"].prefix(3)
                || Set(names.prefix(3)) == ["s.io/base:1", "s.io/app:1", "s.io/app:2"])
        #expect(names.last == "s.io/lonely:1")
        #expect(try self.plan(candidates.reversed()) == plan)
        #expect(plan.sharedLayers == [digest("debian"), digest("alpine")])
    }

    @Test("shards have about the same to do, shared layers counted once")
    func balance() throws {
        var candidates: [MirrorCandidate] = []
        for number in 0..<200 {
            candidates.append(
                try candidate(
                    "s.io/a:\(number)", "\(number)",
                    [("base\(number % 5)", 40 << 20), ("own\(number)", UInt64(number + 1) << 16)]))
        }
        let plan = try plan(candidates, shards: 4)
        #expect(Set(plan.items.map(\.shard)) == [0, 1, 2, 3])
        let loads = (0..<4).map { shard -> UInt64 in
            var seen: Set<Digest> = []
            var sum: UInt64 = 0
            for item in plan.items where item.shard == shard {
                sum += item.bytes - (40 << 20)
                if seen.insert(item.layers[0]).inserted { sum += 40 << 20 }
            }
            return sum
        }
        let most = try #require(loads.max())
        let least = try #require(loads.min())
        #expect(most - least < 50 << 20, "\(loads)")
        // Far from every base in every shard: that would be 20 times 40 MiB.
        let own = plan.items.reduce(UInt64(0)) { $0 + $1.bytes - (40 << 20) }
        #expect(loads.reduce(0, +) - own < 400 << 20, "\(loads)")
    }

    @Test("a plan survives its document")
    func document() throws {
        let plan = try plan(
            [
                candidate("s.io/a:1", "one", [("l", 7), ("l", 7)]),
                candidate("s.io/a:2", "two", own: "/srv/*"),
            ], shards: 3)
        let bytes = try plan.document
        #expect(try MirrorPlan(parsing: bytes) == plan)
        #expect(plan.items.first { $0.source == "s.io/a:1" }?.layers.count == 1)
        #expect(try MirrorPlan(parsing: bytes).document == bytes)
    }

    @Test("a plan whose members were sorted is the same plan")
    func sorted() throws {
        let plan = try plan([
            candidate("s.io/a:1", "one", [("l", 7)]), candidate("s.io/a:2", "two", own: "/srv/*"),
        ])
        var root = try Document(parsing: plan.document).root
        root.members.sort { $0.name.value < $1.name.value }
        let names = root.members.map(\.name.value)
        try #require(names.firstIndex(of: "items")! < names.firstIndex(of: "recipes")!)
        #expect(try MirrorPlan(parsing: JSON.object(root).serialized()) == plan)
    }

    @Test(
        "items that nobody would find are no empty plan, and another document is called that",
        arguments: [
            (
                #"{"deroot":"mirror-plan","version":1,"target":"t.io","shards":1,"Items":[{}]}"#,
                "item"
            ),
            (
                #"{"deroot":"mirror-status","version":1,"items":[{"source":"a"}]}"#,
                "not a mirror plan"
            ),
            (
                #"{"deroot":"mirror-plan","version":1,"target":"t.io","shards":1,"items":[{}]}"#,
                "item"
            ),
        ])
    func otherDocuments(_ text: String, _ words: String) {
        let error = failure { () throws(DerootError) in
            _ = try MirrorPlan(parsing: Array(text.utf8))
        }
        #expect(
            error?.code == .malformed && error?.message.contains(words) == true,
            "\(String(describing: error))")
    }

    @Test("waits beyond measure are bounded")
    func waits() throws {
        var plan = try plan([candidate("s.io/a:1", "one")])
        (plan.paces.general.reserve, plan.paces.general.retry) = (7, 8)
        let text = String(decoding: try plan.document, as: UTF8.self)
            .replacing("\"min\": 7", with: "\"min\": \(Int64.max)")
            .replacing("\"retry\": 8", with: "\"retry\": \(Int64.max)")
        let general = try MirrorPlan(parsing: Array(text.utf8)).paces.general
        #expect(general.reserve == 1_000_000 && general.retry == 3_600_000_000)
        #expect(
            [-1e300, -1, 0, 0.1, 1e9, 1e300, .infinity].map(wholeSeconds) == [
                0, 0, 0, 1, 1_000_000_000, 1_000_000_000, 1_000_000_000,
            ])
    }

    @Test("sizes beyond measure stop nothing", arguments: [1, 3])
    func sizes(shards: Int) throws {
        let most = UInt64(Int64.max)
        let plan = try plan(
            (0..<40).map { number in
                try candidate(
                    "s.io/a:\(number)", "\(number)",
                    [("base", most), ("a\(number)", most), ("b\(number)", most)])
            }, shards: shards)
        #expect(plan.items.allSatisfy { $0.bytes == 1 << 40 })
        let text = String(decoding: try plan.document, as: UTF8.self)
        let edited = text.split(separator: "\(1 << 40)", omittingEmptySubsequences: false)
            .joined(separator: "\(most)")
        #expect(try MirrorPlan(parsing: Array(edited.utf8)) == plan)
    }

    @Test("a plan for other compressors is refused")
    func otherCompressors() throws {
        let plan = try plan([candidate("s.io/a:1", "one")])
        let recipe = try #require(plan.items.first).recipe
        let other = recipe.digest(compressors: "zlib 0").description
        let text = String(decoding: try plan.document, as: UTF8.self)
        let parts = text.split(
            separator: recipe.digest.description, omittingEmptySubsequences: false)
        let error = failure { () throws(DerootError) in
            _ = try MirrorPlan(parsing: Array(parts.joined(separator: other).utf8))
        }
        #expect(error?.code == .planMismatch)
    }

    @Test(
        "what is no plan", arguments: ["{}", "[]", #"{"deroot":"plan","version":1}"#, "x"])
    func noPlan(_ text: String) {
        let error = failure { () throws(DerootError) in
            _ = try MirrorPlan(parsing: Array(text.utf8))
        }
        #expect(error?.code == .malformed)
    }
}
