import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

struct PlanJSONTests {
    /// A plan of everything that a plan may hold.
    static func everything() throws -> ConversionPlan {
        let owner = HeaderChange.Owner(uid: 7, gid: 0, userName: [0xFF, 0xFE], groupName: [])
        var changes: [EntryChange] = []
        for (index, clear, owned, caps) in [
            (0, 0o4000, false, nil), (3, 0, true, nil), (7, 0o6000, true, .strip),
            (1_000_000, 0, false, .permit),
        ] as [(Int, UInt16, Bool, FileCapability.Treatment?)] {
            var change = HeaderChange()
            (change.clear, change.capabilities) = (clear, caps)
            change.owner = owned ? owner : nil
            changes.append(EntryChange(index: index, change: change))
        }
        let digest = Digest.of([1])
        let root = HeaderChange.Owner(uid: 0, gid: 42, userName: Array("root".utf8))
        let added = [
            AddedEntry(
                path: TarPath([0x61, 0xFF]), kind: .directory, mode: 0o1777, owner: owner,
                reason: "so"),
            AddedEntry(
                path: "etc/passwd", kind: .file(Array("a:b\n\u{7F}\"".utf8)), mode: 0o644,
                owner: root, reason: "a \"quote\""),
            AddedEntry(
                path: "etc/shadow", kind: .file([0, 0xFF]), mode: 0o600, owner: root, reason: ""),
        ]
        let layers = [
            LayerPlan(digest: digest, diffID: DiffID(Digest.of([2])), changes: changes),
            LayerPlan(digest: Digest.of([3]), diffID: DiffID(Digest.of([4])), changes: []),
        ]
        let images = [
            ImagePlan(
                manifest: digest, platform: "linux/arm64/v8", owner: owner, userBefore: "größe",
                userAfter: "7:0", homeBefore: "/root", homeAfter: "/home/x", layers: layers,
                added: added, notes: ["one", "two\n"]),
            ImagePlan(
                manifest: Digest.of([5]), platform: "linux/amd64", owner: root.renumbered,
                userBefore: nil, userAfter: "1:1", homeBefore: nil, homeAfter: nil, layers: [],
                added: [], notes: []),
        ]
        var options = try ConversionOptions(
            user: "5:6", own: ["/a b", "/ü/*"], keep: ["/x'y"], layers: .append,
            capabilities: .permit)
        options.stripsSetgidDirectories = true
        options.compression = .all(.zstd)
        options.sourceDateEpoch = -7
        return ConversionPlan(
            source: "oci:x:y", digest: digest, options: options, platform: "linux/arm64",
            images: images)
    }

    @Test func readsWhatItWrites() throws {
        let plan = try Self.everything()
        let bytes = PlanJSON.document(plan).serialized(indented: true)
        #expect(try ConversionPlan(parsing: bytes) == plan)
        #expect(
            PlanJSON.document(try ConversionPlan(parsing: bytes)).serialized()
                == PlanJSON.document(plan).serialized())
    }

    @Test func readsWhatItWritesWithNames() throws {
        let layout = try LayoutFixture(
            ImageFixture(
                [
                    try LayerFixture {
                        $0.file("bin/su", mode: 0o4755); $0.file("data/x")
                    }
                ],
                settings: #""Volumes":{"/data":{}}"#))
        let planned = try Conversion(layout.source(), ConversionOptions()).plan()
        let listings = planned.graph.images.map { image in
            image.manifest.layers.compactMap { planned.layers[$0.digest]?.pass.listing }
        }
        let json = PlanJSON.document(planned.plan, listings: listings)
        #expect(try ConversionPlan(parsing: json.serialized()) == planned.plan)
        let entries = json.object?["images"]?.array?.first?.object?["layers"]?.array?.first?
            .object?["entries"]?.array
        let first = try #require(entries?.first?.object)
        #expect(first["path"]?.string == "/bin/su")
        #expect(first["mode"]?.object?["before"]?.string == "4755")
        #expect(first["mode"]?.object?["after"]?.string == "0755")
        #expect(first["why"]?.array?.map(\.string) == ["setuid"])
        #expect(entries?.last?.object?["owner"]?.object?["after"]?.string == "65532:65532")
    }

    @Test(arguments: [
        ("user", "auto"), ("user", "5"), ("user", "app"), ("compress", "keep"),
        ("compress", "plain-to-gzip"), ("compress", "gzip"), ("compress", "none"),
    ])
    func readsEveryOption(_ name: String, _ value: String) throws {
        let plan = try Self.everything()
        var text = String(decoding: PlanJSON.document(plan).serialized(), as: UTF8.self)
        text = text.replacing(
            name == "user" ? #""options":{"user":"5:6""# : #""compress":"zstd""#,
            with: name == "user"
                ? "\"options\":{\"user\":\"\(value)\"" : "\"compress\":\"\(value)\"")
        let read = try ConversionPlan(parsing: Array(text.utf8))
        #expect(try ConversionPlan(parsing: PlanJSON.document(read).serialized()) == read)
        #expect(PlanJSON.document(read).serialized() == Array(text.utf8))
    }

    /// A plan is checked as far as it could do harm without its author's knowledge.
    @Test(arguments: [
        (#""deroot":"plan""#, #""deroot":"other""#), (#""version":1"#, #""version":2"#),
        (#""after":"7:0""#, #""after":"0:0""#), (#""after":"7:0""#, #""after":"root""#),
        (#""uid":7"#, #""uid":8"#), (#""uid":7"#, #""uid":-1"#),
        (#""gid":0"#, #""gid":4294967296"#),
        (#""clear":"4000""#, #""clear":"14000""#), (#""clear":"4000""#, #""clear":"x""#),
        (#""capabilities":"strip""#, #""capabilities":"add""#), (#""index":3"#, #""index":-3"#),
        (#""path":"/etc/passwd""#, #""path":"/../etc/passwd""#),
        (#""hex":"00ff""#, #""hex":"00f""#),
        (#""hex":"00ff""#, #""hex":"0xff""#), (#""caps":"permit""#, #""caps":"add""#),
        (#""layers":"append""#, #""layers":"other""#), (#""compress":"zstd""#, #""compress":"xz""#),
        (#""user":"5:6""#, #""user":"0""#), (#""type":"file""#, #""type":"fifo""#),
        (#""clear":"4000""#, #""set":"4000""#), (#""mode":"1777""#, #""mode":"4755""#),
        (#""mode":"0644""#, #""mode":"2644""#), (#""images":["#, #""images":[1,"#),
    ])
    func refusesWhatIsNoPlan(_ old: String, _ new: String) throws {
        var text = String(
            decoding: PlanJSON.document(try Self.everything()).serialized(), as: UTF8.self)
        let place = try #require(text.firstRange(of: old))
        text.replaceSubrange(place, with: new)
        #expect(throws: DerootError.self) { try ConversionPlan(parsing: Array(text.utf8)) }
    }

    @Test(
        arguments: [(0, "0000"), (0o755, "0755"), (0o4755, "4755"), (0o7777, "7777")]
            as [(UInt16, String)])
    func writesModesAsPeopleDo(_ mode: UInt16, _ text: String) {
        #expect(PlanJSON.octal(mode) == text)
    }

    @Test func theDigestSpeaksOfEveryDecision() throws {
        let plan = try Self.everything()
        let first = try #require(plan.images.first)
        let again = try #require(try Self.everything().images.first)
        #expect(first.digest == again.digest)
        let others = [
            first.with(userAfter: "8:0"), first.with(homeAfter: "/other"),
            first.with(layers: Array(first.layers.dropLast())), first.with(added: []),
        ]
        #expect(Set(others.map(\.digest)).union([first.digest]).count == 5)
    }
}

extension HeaderChange.Owner {
    fileprivate var renumbered: HeaderChange.Owner { .init(uid: 1, gid: 1) }
}

extension ImagePlan {
    fileprivate func with(
        userAfter: String? = nil, homeAfter: String? = nil, layers: [LayerPlan]? = nil,
        added: [AddedEntry]? = nil
    ) -> ImagePlan {
        ImagePlan(
            manifest: manifest, platform: platform, owner: owner, userBefore: userBefore,
            userAfter: userAfter ?? self.userAfter, homeBefore: homeBefore,
            homeAfter: homeAfter ?? self.homeAfter, layers: layers ?? self.layers,
            added: added ?? self.added, notes: notes)
    }
}
