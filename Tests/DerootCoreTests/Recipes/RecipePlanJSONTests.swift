import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Plans hold everything that a recipe decided: they can be kept, read and applied without it.
struct RecipePlanJSONTests {
    private static let lines = """
        user: { strategy: adopt, name: app }
        own: [ { path: /data, to: group, mode: g=u } ]
        dirs: [ { path: /tmp, mode: 1777, owner: root }, /run/app ]
        links: [ { path: /log, to: /dev/stdout } ]
        files: [ { path: /etc/app.d/x, content: "uid {{uid}}\\n" } ]
        remove: [ /old ]
        ports: [ { from: 80/tcp, to: 8080/tcp } ]
        edits: [ { id: pid, file: /app.conf, replace: /run/, with: /tmp/, done: /tmp/, expect: 1 } ]
        env: { set: { APP_UID: "{{uid}}" }, unset: [ GONE ] }
        config: { entrypoint: [ /bin/app ], cmd: [], workdir: /data }
        keep-privileged: [ { path: /usr/bin/x, reason: it must } ]
        requires: [ a volume ]
        """

    private func layout() throws -> LayoutFixture {
        let image: Build = { tar in
            tar.directory("data", mode: 0o700)
            tar.file("data/x", mode: 0o640, uid: 5, gid: 6)
            tar.directory("tmp", mode: 0o755)
            tar.file("old/file")
            tar.file("high", uid: 100_000)
            tar.file("usr/bin/x", mode: 0o4755)
        }
        let settings =
            #""ExposedPorts":{"80/tcp":{}},"Env":["GONE=1","PATH=/bin"],"Cmd":["old"],"WorkingDir":"/""#
        let layers = try [plainImage, image].map { try LayerFixture(.gzip, $0) }
        return try LayoutFixture(ImageFixture(layers, settings: settings))
    }

    private func conversion(_ layout: LayoutFixture, _ lines: String) throws -> Conversion {
        var options = ConversionOptions()
        options.ports = .remap
        options.profiles = [.readOnlyRootfs]
        options.squashesIDs = true
        options.recipe = .one("mine")
        options.ownRecipes = Digest.of([1])
        var conversion = Conversion(try layout.source(), options)
        conversion.recipes = RecipeLibrary([try recipe(lines)])
        return conversion
    }

    @Test func readsWhatItWrites() throws {
        let planned = try conversion(try layout(), Self.lines).plan()
        let image = try #require(planned.plan.images.first)
        #expect(image.recipe?.id == "mine" && image.recipe?.requires == ["a volume"])
        #expect(image.config.environment.map(\.name) == ["APP_UID", "GONE"])
        #expect(image.config.workingDirectory?.after == "/data")
        #expect(image.added.contains { $0.kind == .whiteout })
        let document = PlanJSON.document(planned.plan)
        #expect(try ConversionPlan(parsing: document.serialized()) == planned.plan)
        let listings = planned.graph.images.map { image in
            image.manifest.layers.compactMap { planned.layers[$0.digest]?.pass.listing }
        }
        let named = PlanJSON.document(planned.plan, listings: listings)
        #expect(try ConversionPlan(parsing: named.serialized(indented: true)) == planned.plan)
    }

    /// What a plan says is done without the recipe at hand, to the same bytes.
    @Test func aPlanNeedsNoRecipe() throws {
        let layout = try layout()
        let conversion = try conversion(layout, Self.lines)
        let direct = try conversion.convert(into: layout.destination("direct").begin())
        let bytes = PlanJSON.document(try conversion.plan().plan).serialized()
        let plan = try ConversionPlan(parsing: bytes)
        var applying = Conversion(try layout.source(), plan.options)
        applying.recipes = RecipeLibrary()
        let applied = try applying.convert(
            into: layout.destination("applied").begin(), applying: plan)
        #expect(applied.root.digest == direct.root.digest)
        let image = try layout.image("applied")
        #expect(try image.status("data/x") == "5:1001 0660")
        #expect(try image.status("tmp") == "0:0 1777")
        #expect(try image.status("high") == "0:0 0644")
        #expect(try image.status("usr/bin/x") == "0:0 4755")
        #expect(try image.status("old") == nil)
        #expect(image.config.workingDirectory == "/data")
    }

    @Test func theDigestSpeaksOfTheRecipe() throws {
        let layout = try layout()
        var digests: Set<Digest> = []
        for change in [
            "", "notes: [ only for people ]", "env: { set: { A: b } }",
            "own: [ { path: /data, mode: g+w } ]", "links: [ { path: /log, to: /dev/stdout } ]",
            "links: [ { path: /log, to: /dev/stderr } ]", "remove: [ /old ]",
        ] {
            digests.insert(
                try #require(try conversion(layout, change).plan().plan.images.first).digest)
        }
        // The recipe's own digest counts as well.
        #expect(digests.count == 7)
    }

    @Test(arguments: [
        (#""set":"0070""#, #""set":"4070""#), (#""type":"whiteout""#, #""type":"fifo""#),
        (#""newOwner":{"uid":5"#, #""newOwner":{"uid":-5"#), (#""ports":"remap""#, #""ports":"x""#),
        (#""profiles":["read-only-rootfs"]"#, #""profiles":["moon"]"#),
        (#""recipe":"mine""#, #""recipe":"MINE""#), (#""id":"mine""#, #""id":"/etc""#),
        (#""name":"APP_UID""#, #""name":"""#),
    ])
    func refusesWhatIsNoPlan(_ old: String, _ new: String) throws {
        let planned = try conversion(try layout(), Self.lines).plan()
        var text = String(
            decoding: PlanJSON.document(planned.plan).serialized(), as: UTF8.self)
        let place = try #require(text.firstRange(of: old), "\(old)")
        text.replaceSubrange(place, with: new)
        #expect(throws: DerootError.self) { try ConversionPlan(parsing: Array(text.utf8)) }
    }

    /// A result is proven with its recipe, and not with another.
    @Test func isVerified() throws {
        let layout = try layout()
        let conversion = try conversion(layout, Self.lines)
        _ = try conversion.convert(into: layout.destination().begin())
        func verify(_ lines: String) throws -> Verification.Outcome {
            let again = try self.conversion(layout, lines)
            let scratch = try layout.destination("scratch").begin()
            return try Verification(again, against: layout.result(), scratch: scratch).run()
        }
        #expect(try verify(Self.lines).differences.isEmpty)
        let other = try verify(Self.lines.replacing("with: /tmp/", with: "with: /var/tmp/"))
        #expect(!other.differences.isEmpty)
    }
}
