import Deroot
import DerootTestSupport
import Testing

/// The library as another program sees it: nothing but its public surface is used on images.
struct LibraryTests {
    /// An image without a User, with a setuid program and an application.
    private func layout() throws -> LayoutFixture {
        let layer = try LayerFixture { tar in
            tar.directory("srv")
            tar.directory("srv/app")
            tar.file("srv/app/server", "#!/bin/sh\n", mode: 0o755)
            tar.directory("usr")
            tar.directory("usr/bin")
            tar.file("usr/bin/mount", "elf", mode: 0o4755)
        }
        return try LayoutFixture(
            ImageFixture(
                [layer],
                settings:
                    #""WorkingDir":"/srv/app","Entrypoint":["/srv/app/server"],"Labels":{"a":"b"}"#)
        )
    }

    private func image(_ layout: LayoutFixture) throws -> ContainerImage {
        try ContainerImage("oci:" + layout.directory("source"))
    }

    private func result(_ layout: LayoutFixture, _ name: String = "result") -> String {
        "oci:" + layout.directory(name)
    }

    @Test func checkFindsWhatConvertMends() throws {
        let layout = try layout()
        defer { withExtendedLifetime(layout) {} }
        let before = try image(layout).check()
        let found = before.images.flatMap(\.findings)
        #expect(found.contains { $0.rule == "NR001" && $0.severity == .error })
        let setuid = try #require(found.first { $0.rule == "NR050" })
        #expect(setuid.places.contains { $0.location == .file("/usr/bin/mount") })
        #expect(!before.passes())
        let outcome = try image(layout).convert(to: result(layout))
        #expect(outcome.images.map(\.user) == ["65532:65532"])
        #expect(!outcome.isUnchanged)
        let after = try ContainerImage(result(layout)).check()
        #expect(after.passes())
        #expect(after.images.map(\.verdict) == [.already])
        let again = try ContainerImage(result(layout)).convert(to: result(layout, "again"))
        #expect(again.isUnchanged && again.digest == outcome.digest)
    }

    @Test func aPlanIsKeptAndAppliedLater() throws {
        let layout = try layout()
        defer { withExtendedLifetime(layout) {} }
        let image = try image(layout)
        let plan = try image.plan()
        #expect(plan.digest == image.digest && !plan.isEmpty)
        #expect(plan.images.map(\.userAfter) == ["65532:65532"])
        #expect(plan.images.allSatisfy { $0.changedEntries > 0 && $0.addedPaths.contains("/tmp") })
        let kept = try Plan(json: plan.json)
        let applied = try image.convert(to: result(layout, "applied"), applying: kept)
        let direct = try image.convert(to: result(layout, "direct"))
        #expect(applied.digest == direct.digest)
        let other = try ContainerImage(result(layout, "direct"))
        let error = try #require(throws: DerootError.self) {
            try other.convert(to: result(layout, "wrong"), applying: kept)
        }
        #expect(error.code == .planMismatch)
    }

    @Test func aRuleOfOnesOwnStopsAConversion() throws {
        let layout = try layout()
        defer { withExtendedLifetime(layout) {} }
        let rule = try CustomRule("HOUSE-1", severity: .block, title: "Code is root's") { image in
            guard image.isConverted, image.labels["a"] == "b" else { return [] }
            let files = (try? image.files(matching: "/srv/**")) ?? []
            let owned = files.filter { $0.kind == .file && $0.uid == image.uid }
            return owned.isEmpty ? [] : [.init("the user owns code", at: owned.map(\.path))]
        }
        let image = try image(layout)
        let error = try #require(throws: DerootError.self) {
            try image.convert(to: result(layout), rules: [rule])
        }
        #expect(error.code == .blocked && error.message == "HOUSE-1 the user owns code")
        #expect(throws: DerootError.self) { try ContainerImage(result(layout)) }
        let seen = try image.check(rules: [rule], converted: true).images.flatMap(\.findings)
        let finding = try #require(seen.first { $0.rule == "HOUSE-1" })
        #expect(finding.severity == .block)
        #expect(finding.places.map(\.location) == [.file("/srv/app/server")])
        #expect(
            try image.check(rules: [rule]).images.flatMap(\.findings).allSatisfy {
                $0.rule != rule.id
            })
        var options = Options()
        options.keep = ["/srv/**"]
        #expect(try image.convert(to: result(layout), options, rules: [rule]).isUnchanged == false)
    }

    @Test(arguments: ["", "NR001", "NR", "with space", "é"])
    func idsOfTheCatalogueAreNotForOthers(_ id: String) {
        let error = #expect(throws: DerootError.self) {
            try CustomRule(id, severity: .info, title: "no") { _ in [] }
        }
        #expect(error?.code == .usage)
    }

    @Test func optionsThatAreNoneAreRefused() throws {
        let layout = try layout()
        defer { withExtendedLifetime(layout) {} }
        let image = try image(layout)
        func refusal(_ change: (inout Options) -> Void) throws -> DerootError.Code? {
            var options = Options()
            change(&options)
            return try #require(throws: DerootError.self) { try image.plan(options) }.code
        }
        #expect(try refusal { $0.user = .numbers(uid: 0) } == .usage)
        #expect(try refusal { $0.user = .numbers(uid: 4_294_967_295) } == .usage)
        #expect(try refusal { $0.own = [""] } == .usage)
        #expect(try refusal { $0.jobs = 0 } == .usage)
        #expect(try refusal { $0.sourceDateEpoch = -1 } == .usage)
        #expect(try refusal { $0.platform = "linux" } == .usage)
        #expect(try refusal { $0.recipe = .builtIn("no-such-recipe") } == .usage)
        #expect(try refusal { $0.recipe = .own(yaml: "recipe: 2", name: "x") } == .malformed)
    }

    @Test func aRecipeOfOnesOwnIsApplied() throws {
        let layout = try layout()
        defer { withExtendedLifetime(layout) {} }
        var options = Options()
        options.recipe = .own(
            yaml: """
                recipe: 1
                id: app
                title: The app
                match:
                  all:
                    - file: /srv/app/server
                dirs: [/var/lib/app]
                """, name: "app.yaml")
        let plan = try image(layout).plan(options)
        #expect(plan.images.map(\.recipe) == ["app"])
        #expect(plan.images.allSatisfy { $0.addedPaths.contains("/var/lib/app") })
    }

    @Test func gatesNameTheirClauses() throws {
        let layout = try layout()
        defer { withExtendedLifetime(layout) {} }
        let report = try image(layout).check(gates: [.podSecurity, .cis])
        let breaches = report.images.flatMap(\.findings).flatMap(\.breaches)
        #expect(breaches.contains { $0.gate == .cis && !$0.clause.isEmpty })
    }

    @Test func progressTellsOfEveryLayer() throws {
        let layout = try layout()
        defer { withExtendedLifetime(layout) {} }
        let seen = Seen()
        _ = try image(layout).convert(to: result(layout)) { seen.add($0) }
        let events = seen.events
        #expect(events.contains { if case .found(layers: 1, _) = $0 { true } else { false } })
        #expect(
            events.contains {
                if case .layerFinished(_, entries: 6, _) = $0 { true } else { false }
            })
        #expect(events.last == .publishing)
    }
}
