import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootRegistryTestSupport
import DerootStore
import Testing

@Suite("the ledger")
struct LedgerTests {
    private let source = Digest.of(Array("source".utf8))
    private let result = Digest.of(Array("result".utf8))
    private let recipe = MirrorRecipe(ConversionOptions(), platform: nil)
    private var key: LedgerKey {
        LedgerKey(source: source, name: "s.io/a/b:1", recipe: recipe.digest)
    }

    @Test("everything that decides the bytes is part of the key")
    func keys() throws {
        var other = ConversionOptions()
        other.own = [try PathPattern("/srv")]
        let digests = [
            recipe.digest, MirrorRecipe(other, platform: nil).digest,
            MirrorRecipe(ConversionOptions(), platform: "linux/arm64").digest,
            recipe.digest(compressors: "zlib 9"),
        ]
        var keys = Set(digests.map { LedgerKey(source: source, name: "s.io/a/b:1", recipe: $0) })
        keys.insert(LedgerKey(source: result, name: "s.io/a/b:1", recipe: recipe.digest))
        // Recipes may look at the last two parts of a name, and at no more of it.
        keys.insert(LedgerKey(source: source, name: "s.io/a/c:1", recipe: recipe.digest))
        keys.insert(LedgerKey(source: source, name: "t.io/x/a/b:2@x", recipe: recipe.digest))
        #expect(keys.count == 6)
        #expect(LedgerKey(source: source, name: "s.io/a/b:1", recipe: recipe.digest) == key)
        #expect(key.description.utf8.count == 40)
    }

    @Test("tags say it all, and nothing else is taken for one")
    func tags() throws {
        for state in [LedgerState.done(result), .refused] {
            let tag = try #require(state.tag(key))
            #expect(isTag(tag) && tag.utf8.count <= 108)
            let parsed = try #require(LedgerState.parse(tag))
            #expect(parsed.key == key && parsed.state == state)
        }
        #expect(LedgerState.done(Digest.of([], algorithm: .sha512)).tag(key) == nil)
        for tag in [
            "latest", "v1-\(key)", "v1-\(key)-", "v1-\(key)-refused2", "v2-\(key)-refused",
            "v1-\(key)-\(result.hex)0", "v1-\(key.description.uppercased())-refused",
            "v1-\(key)-refused-x",
        ] {
            #expect(LedgerState.parse(tag) == nil, "\(tag)")
        }
    }

    @Test("results beat refusals, and two results show")
    func view() throws {
        var view = LedgerView(tags: ["x", try #require(LedgerState.refused.tag(key))])
        #expect(view[key] == .refused && view.contradictions.isEmpty)
        view.add(.done(result), for: key)
        #expect(view[key] == .done(result))
        view.add(.done(source), for: key)
        #expect(view.contradictions == [key])
        #expect(view[key] == .done([result, source].min { $0.hex < $1.hex } ?? result))
        #expect(view[LedgerKey(source: result, name: "s.io/a/b:1", recipe: recipe.digest)] == nil)
    }

    @Test("entries live in the registry, and pruning keeps what is asked for")
    func registry() throws {
        let registry = MemoryRegistry()
        let ledger = try Ledger(target: "t.io/hard", client: registry.client())
        #expect(ledger[key] == nil)
        let other = LedgerKey(source: result, name: "s.io/a/b:1", recipe: recipe.digest)
        try ledger.note(
            .refused, for: key,
            ["refusal": .object(["code": .string("hostile"), "message": .string("why")])])
        try ledger.note(.done(result), for: other, ["x": .number(1)])
        // Whoever comes later sees the same.
        let later = try Ledger(target: "t.io/hard", client: registry.client())
        #expect(later[key] == .refused && later[other] == .done(result))
        let refusal = try #require(try later.refusal(key))
        #expect(refusal.message == "why" && refusal.code == "hostile")
        #expect(try later.refusal(other) == nil)
        #expect(try later.prune(keeping: [other], dryRun: true).gone.count == 1)
        #expect(registry.tags("hard/deroot-ledger").count == 2)
        // Writing once more writes the same.
        let before = registry.manifest(
            "hard/deroot-ledger", try #require(LedgerState.refused.tag(key)))
        try later.note(
            .refused, for: key,
            ["refusal": .object(["code": .string("hostile"), "message": .string("why")])])
        #expect(
            registry.manifest("hard/deroot-ledger", try #require(LedgerState.refused.tag(key)))
                == before)
    }

    @Test(
        "deletions that are refused are counted, and not tried in vain",
        arguments: [(401, 3), (403, 3), (405, 1)])
    func pruneIsRefused(_ status: Int, _ tries: Int) throws {
        let registry = MemoryRegistry()
        let ledger = try Ledger(target: "t.io/hard", client: registry.client())
        for number in 0..<3 {
            let key = LedgerKey(
                source: Digest.of([UInt8(number)]), name: "s.io/a/b:1", recipe: recipe.digest)
            try ledger.note(.done(result), for: key, ["x": .number(number)])
        }
        registry.fail("DELETE", with: status, times: 100)
        registry.forgetRequests()
        let (gone, kept, refusal) = try ledger.prune(keeping: [], dryRun: false)
        #expect(gone.isEmpty && kept.count == 3)
        #expect(refusal?.code == (status == 405 ? .unsupported : .denied))
        #expect(registry.requests.count { $0.hasPrefix("DELETE") } == tries)
        registry.heal()
        let after = try ledger.prune(keeping: [], dryRun: false)
        #expect(after.gone.count == 3 && after.kept.isEmpty && after.refusal == nil)
    }
}
