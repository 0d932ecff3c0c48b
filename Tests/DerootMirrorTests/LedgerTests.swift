import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootRegistry
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

    private static let why: JSONObject = [
        "refusal": .object(["code": .string("hostile"), "message": .string("why")])
    ]

    @Test(
        "where types are refused entries take a plain form, and are read in both",
        arguments: [400, 404, 415, 422, 500])
    func plain(_ status: Int) throws {
        let registry = MemoryRegistry()
        let done = LedgerState.done(result)
        let other = LedgerKey(source: result, name: "s.io/a/b:1", recipe: recipe.digest)
        try Ledger(target: "t.io/hard", client: registry.client()).note(
            done, for: key, ["x": .number(1)])
        registry.behave { $0.refusesTypes = status }
        registry.forgetRequests()
        let client = registry.client()
        let ledger = try Ledger(target: "t.io/hard", client: client)
        try ledger.note(.refused, for: key, Self.why)
        try ledger.note(.refused, for: other, Self.why)
        try ledger.note(done, for: other, ["x": .number(2)])
        // The registry says so once, to a process; a 500 is tried again before.
        let puts = registry.requests.count { $0.hasPrefix("PUT") && $0.contains("/manifests/") }
        #expect(puts == 3 + (status == 500 ? 6 : 1))
        let later = try Ledger(target: "t.io/hard", client: registry.client(), .read)
        #expect(later[key] == done && later[other] == done)
        for key in [key, other] {
            let refusal = try #require(try later.refusal(key))
            #expect(refusal.message == "why" && refusal.code == "hostile")
        }
        let stored = try [key, other].map { key in
            try Manifest(
                parsing: registry.manifest("hard/deroot-ledger", try #require(done.tag(key)))?
                    .bytes ?? [])
        }
        #expect(stored.map(\.artifactType) == [Ledger.entryType.rawValue, nil])
        #expect(stored[1].config.mediaType == .config)
        #expect(stored[1].annotations[Referrer.typeAnnotation] == Ledger.entryType.rawValue)
        let documents = stored.map { manifest in
            registry.blob("hard/deroot-ledger", manifest.layers[0].digest).flatMap {
                try? Document(parsing: $0).root["x"]?.integer
            }
        }
        #expect(documents == [1, 2])
    }

    @Test("a registry that takes neither form says why it did not take the first")
    func neitherForm() throws {
        let registry = MemoryRegistry()
        let ledger = try Ledger(target: "t.io/hard", client: registry.client())
        registry.fail("PUT /v2/hard/deroot-ledger/manifests", with: 400, times: 2)
        let error = failure { () throws(DerootError) in
            try ledger.note(.done(result), for: key, [:])
        }
        #expect(error?.code == .unsupported && error?.isOfTransport == true)
        // That was not the types' fault, so that the next entry has its usual form.
        try ledger.note(.done(result), for: key, [:])
        let stored = registry.manifest(
            "hard/deroot-ledger", LedgerState.done(result).tag(key) ?? "")
        #expect(try Manifest(parsing: stored?.bytes ?? []).artifactType != nil)
    }

    @Test("where tags are immutable an entry can be written twice", arguments: [400, 409, 412])
    func immutable(_ status: Int) throws {
        let registry = MemoryRegistry()
        registry.behave { $0.immutable = status }
        let ledger = try Ledger(target: "t.io/hard", client: registry.client())
        for _ in 0..<2 {
            try ledger.note(.done(result), for: key, ["x": .number(1)])
            try ledger.note(.refused, for: key, Self.why)
        }
        #expect(registry.tags("hard/deroot-ledger").count == 2)
    }

    @Test("where tags are immutable an entry of another form is as good")
    func immutableForm() throws {
        let registry = MemoryRegistry()
        try Ledger(target: "t.io/hard", client: registry.client())
            .note(.done(result), for: key, ["x": .number(1)])
        registry.behave { ($0.refusesTypes, $0.immutable) = (400, 400) }
        let ledger = try Ledger(target: "t.io/hard", client: registry.client())
        let other = LedgerKey(source: result, name: "s.io/a/b:1", recipe: recipe.digest)
        for key in [other, key] { try ledger.note(.done(result), for: key, ["x": .number(1)]) }
        #expect(registry.tags("hard/deroot-ledger").count == 2)
        registry.fail("PUT /v2/hard/deroot-ledger/manifests", with: 403, times: 100)
        let third = LedgerKey(source: result, name: "s.io/a/c:1", recipe: recipe.digest)
        #expect(throws: DerootError.self) {
            try ledger.note(.done(result), for: third, ["x": .number(1)])
        }
    }

    @Test("who only reads asks for no more, but where a repository shows to writers alone")
    func access() throws {
        let registry = MemoryRegistry()
        registry.behave { $0.wantsTokens = true }
        // There is none yet, and who may only pull is not told so.
        let first = try Ledger(target: "t.io/hard", client: registry.client(), .read)
        #expect(first.current.keys.isEmpty)
        #expect(registry.scopes.map { $0.contains("push") } == [false, true])
        let ledger = try Ledger(target: "t.io/hard", client: registry.client())
        try ledger.note(.done(result), for: key, ["x": .number(1)])
        #expect(registry.scopes.count == 3)
        let later = try Ledger(target: "t.io/hard", client: registry.client(), .read)
        #expect(later[key] == .done(result))
        #expect(registry.scopes.last?.contains("push") == false && registry.scopes.count == 4)
    }

    /// A ledger of three entries.
    private func three() throws -> (MemoryRegistry, Ledger) {
        let registry = MemoryRegistry()
        let ledger = try Ledger(target: "t.io/hard", client: registry.client())
        for number in 0..<3 {
            let key = LedgerKey(
                source: Digest.of([UInt8(number)]), name: "s.io/a/b:1", recipe: recipe.digest)
            try ledger.note(.done(result), for: key, ["x": .number(number)])
        }
        return (registry, ledger)
    }

    @Test(
        "deletions that are refused are counted, and not tried in vain",
        arguments: [(401, 3), (403, 3), (405, 1)])
    func pruneIsRefused(_ status: Int, _ tries: Int) throws {
        let (registry, ledger) = try three()
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

    @Test(
        "one entry that cannot be deleted keeps no other, and a registry that fails ends it",
        arguments: [(400, 2, 1), (403, 2, 1), (412, 2, 1), (503, 0, 3)])
    func pruneGoesOn(_ status: Int, _ gone: Int, _ kept: Int) throws {
        let (registry, ledger) = try three()
        registry.fail("DELETE", with: status, times: status == 503 ? 100 : 1)
        let found = try ledger.prune(keeping: [], dryRun: false)
        #expect(found.gone.count == gone && found.kept.count == kept)
        #expect((found.refusal?.code == .transient) == (status == 503))
    }

    @Test("a host whose name leads nowhere is no empty ledger")
    func noSuchHost() throws {
        let registry = MemoryRegistry()
        let ledger = try Ledger(target: "t.io/hard", client: registry.client())
        try ledger.note(.done(result), for: key, ["x": .number(1)])
        registry.breakAfter(0, .noSuchHost)
        for access in [RegistryAccess.read, .write] {
            let error = #expect(throws: DerootError.self) {
                _ = try Ledger(target: "t.io/hard", client: registry.client(), access)
            }
            #expect(error?.code == .notFound)
        }
        #expect(throws: DerootError.self) { try ledger.refresh() }
        #expect(ledger[key] == .done(result))
    }
}
