import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// The changes of a whole image: names of one inode agree, and every layer counts.
struct LayerChangesTests {
    private static let owner = EntryPolicyTests.owner

    /// The changes of layers, as `layer:index` to what is done.
    private func changes(
        own: [String] = [], keep: [String] = [], caps: ConversionOptions.Capabilities = .strip,
        visible: Bool = false, _ builds: Build...
    ) throws -> [String: HeaderChange] {
        let (changes, _) = try all(own: own, keep: keep, caps: caps, builds)
        var out: [String: HeaderChange] = [:]
        for (layer, list) in try (visible ? changes.visible() : changes.layers).enumerated() {
            for entry in list { out["\(layer):\(entry.index)"] = entry.change }
        }
        return out
    }

    private func all(
        own: [String] = [], keep: [String] = [], caps: ConversionOptions.Capabilities = .strip,
        _ builds: [Build]
    ) throws -> (LayerChanges, FileTree) {
        let tree = try FileTree(listings(builds))
        var options = ConversionOptions()
        options.capabilities = caps
        options.keep = try keep.map { try PathPattern($0) }
        var policy = EntryPolicy(options)
        policy.owner = own.isEmpty ? nil : Self.owner
        policy.ownedRoots = own.map { TarPath($0) }
        policy.keptPaths = Set(options.keep.flatMap { $0.expand(in: tree) })
        return (LayerChanges(policy, in: tree), tree)
    }

    private func cleared(_ changes: [String: HeaderChange]) -> [String: UInt16] {
        changes.mapValues(\.clear)
    }

    @Test func D04_clearsInEveryLayerHiddenOnesIncluded() throws {
        let changes = try changes(
            {
                $0.file("a", mode: 0o4755); $0.file("b", mode: 0o2755)
            },
            {
                $0.file("a", mode: 0o755); $0.file(".wh.b")
            },
            { $0.file("a", mode: 0o4711) })
        #expect(cleared(changes) == ["0:0": 0o4000, "0:1": 0o2000, "2:0": 0o4000])
    }

    /// containerd and moby apply a link entry's own mode to the shared inode (CVE-2021-32760).
    @Test func D03_clearsOnEveryNameThatCarriesTheBit() throws {
        let changes = try changes { tar in
            tar.file("clean", mode: 0o755)
            tar.link("dirty", to: "clean", type: "1", mode: 0o4755)
            tar.file("su", mode: 0o4755)
            tar.link("alias", to: "su", type: "1", mode: 0o755)
        }
        #expect(cleared(changes) == ["0:1": 0o4000, "0:2": 0o4000])
    }

    @Test func D03_reachesTheLowerLayersFile() throws {
        let changes = try changes(
            { $0.file("su", mode: 0o4755) }, { $0.link("alias", to: "su", type: "1", mode: 0o4755) }
        )
        #expect(cleared(changes) == ["0:0": 0o4000, "1:0": 0o4000])
    }

    @Test(arguments: ["/su", "/alias", "/a*", "/third"])
    func D03_keepingOneNameKeepsThemAll(_ pattern: String) throws {
        let builds: [Build] = [
            { $0.file("su", mode: 0o4755) },
            { tar in
                tar.link("alias", to: "su", type: "1", mode: 0o4755)
                tar.link("third", to: "alias", type: "1", mode: 0o4755)
                tar.file("other", mode: 0o4755)
            },
        ]
        let (changes, tree) = try all(own: ["/"], keep: [pattern], builds)
        #expect(changes.layers.map { $0.map(\.index) } == [[], [2]])
        let kept = changes.kept.map { tree.layers[$0.layer].path($0.index).description }
        #expect(Set(kept) == ["/su", "/alias", "/third"])
        #expect(kept.count == 3)
    }

    @Test func keepingThroughASymlink() throws {
        let build: Build = { tar in
            tar.link("bin", to: "usr/bin")
            tar.file("usr/bin/ping", mode: 0o4755)
            tar.file("usr/bin/su", mode: 0o4755)
        }
        #expect(try cleared(changes(keep: ["/bin/ping"], build)) == ["0:2": 0o4000])
    }

    @Test func ownsAllNamesOfAnOwnedFile() throws {
        let changes = try changes(own: ["app"]) { tar in
            tar.file("app/a")
            tar.link("srv/b", to: "app/a", type: "1")
            tar.file("srv/c")
        }
        #expect(changes.keys.sorted() == ["0:0", "0:1"])
        #expect(changes.values.allSatisfy { $0.owner == Self.owner })
    }

    /// A link to a program must not hand the program over.
    @Test func ownsNoNameOfAProtectedFile() throws {
        let changes = try changes(own: ["app"]) { tar in
            tar.file("etc/shadow")
            tar.link("app/x", to: "etc/shadow", type: "1")
            tar.file("usr/bin/env", mode: 0o4755)
            tar.link("app/env", to: "usr/bin/env", type: "1", mode: 0o4755)
        }
        #expect(changes.values.allSatisfy { $0.owner == nil })
        #expect(cleared(changes) == ["0:2": 0o4000, "0:3": 0o4000])
    }

    @Test func ownsNoNameOfAFileWhoseCapabilitiesStay() throws {
        let changes = try changes(own: ["app"], caps: .keep) { tar in
            tar.pax([EntryPolicyTests.capability])
            tar.file("app/ping")
            tar.link("app/alias", to: "app/ping", type: "1")
            tar.file("app/other")
        }
        #expect(changes.keys.sorted() == ["0:2"])
    }

    /// One runtime follows the link, another replaces it: both spellings count.
    @Test func ownsWhatLiesBehindALinkedDirectory() throws {
        let changes = try changes(
            own: ["run/app"],
            {
                $0.directory("run/app"); $0.link("var/run", to: "/run")
            },
            { tar in
                tar.file("var/run/app/a")
                tar.file("var/run/app/b", mode: 0o4755)
                tar.link("var/run/app/c", to: "var/run/app/b", type: "1", mode: 0o4755)
                tar.file("var/run/other")
            })
        #expect(changes.keys.sorted() == ["0:0", "1:0", "1:1", "1:2"])
        #expect(changes.values.allSatisfy { $0.owner == Self.owner })
        #expect(changes["1:1"]?.clear == 0o4000 && changes["1:2"]?.clear == 0o4000)
    }

    @Test func keepsAndProtectsBehindALinkedDirectory() throws {
        let changes = try changes(
            own: ["/"], keep: ["/usr/bin/ping"],
            {
                $0.directory("usr/bin"); $0.link("x", to: "usr/bin")
            },
            { tar in
                tar.file("x/ping", mode: 0o4755)
                tar.link("x/alias", to: "x/ping", type: "1", mode: 0o4755)
                tar.file("x/env")
            })
        #expect(changes.keys.sorted() == ["0:0", "0:1"])
    }

    @Test func aLayerOnTopChangesWhatIsSeen() throws {
        let changes = try changes(
            visible: true,
            {
                $0.file("a", mode: 0o4755); $0.file("b", mode: 0o4755); $0.file("c", mode: 0o4755)
            },
            {
                $0.file("a", mode: 0o4711); $0.file(".wh.b")
            })
        #expect(cleared(changes) == ["0:2": 0o4000, "1:0": 0o4000])
    }

    /// All names come along, also those that have nothing to change.
    @Test func aLayerOnTopTakesAllNamesOfAFile() throws {
        let changes = try changes(
            visible: true, { $0.file("a", mode: 0o4755) },
            {
                $0.link("b", to: "a", type: "1", mode: 0o755); $0.file("c")
            })
        #expect(cleared(changes) == ["0:0": 0o4000, "1:0": 0])
    }

    @Test func aLinkThatALayerOnTopWouldTearBlocks() throws {
        let lower: Build = { tar in
            tar.file("a", mode: 0o4755)
            tar.link("b", to: "a", type: "1", mode: 0o4755)
            tar.link("c", to: "b", type: "1", mode: 0o4755)
        }
        for upper in [
            { $0.file("a", mode: 0o4755) }, { $0.file(".wh.a") }, { $0.file("b") },
        ] as [Build] {
            let changes = try all([lower, upper]).0
            let error = try #require(throws: DerootError.self) { try changes.visible() }
            #expect(error.code == .blocked)
            #expect(error.location.entry != nil)
        }
        #expect(try all([lower, { $0.file("c") }]).0.visible().map(\.count) == [2, 0])
    }

    @Test(.timeLimit(.minutes(60))) func C20_manyPrivilegedNamesOfOneFile() throws {
        let (changes, _) = try all(own: ["/"], keep: ["/none/**"]) { tar in
            tar.file("a", mode: 0o4755)
            for index in 0..<50_000 { tar.link("l\(index)", to: "a", type: "1", mode: 0o4755) }
        }
        #expect(changes.layers[0].count == 50_001)
    }

    private func all(
        own: [String], keep: [String], _ build: @escaping Build
    ) throws -> (LayerChanges, FileTree) {
        try all(own: own, keep: keep, caps: .strip, [build])
    }
}
