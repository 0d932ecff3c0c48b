import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Profiles, ports and squashed ids.
struct RecipeProfileTests {
    private static let data: Build = { tar in
        tar.directory("data", mode: 0o750)
        tar.file("data/x", mode: 0o600)
        tar.file("data/run", mode: 0o755)
        tar.file("other", mode: 0o600)
    }

    private func convert(
        _ settings: String = #""Volumes":{"/data":{}}"#, _ builds: [Build] = [plainImage, data],
        recipes: [Recipe] = [], _ change: (inout ConversionOptions) -> Void
    ) throws -> ReadImage {
        let layers = try builds.map { try LayerFixture(.none, $0) }
        let layout = try LayoutFixture(ImageFixture(layers, settings: settings))
        var options = ConversionOptions()
        change(&options)
        var conversion = Conversion(try layout.source(), options)
        conversion.recipes = RecipeLibrary(recipes)
        let once = try conversion.convert(into: layout.destination().begin())
        var again = Conversion(try layout.result(), options)
        again.recipes = conversion.recipes
        let twice = try again.convert(into: layout.destination("again").begin())
        #expect(twice.root.digest == once.root.digest)
        return try layout.image()
    }

    @Test func openshiftSharesTheWritableSetWithItsGroup() throws {
        let image = try convert { $0.profiles = [.openshift] }
        #expect(image.config.user == "65532:0")
        #expect(try image.status("data") == "65532:0 0770")
        #expect(try image.status("data/x") == "65532:0 0660")
        #expect(try image.status("data/run") == "65532:0 0775")
        // What is only read stays as it was.
        #expect(try image.status("other") == "0:0 0600")
        #expect(try image.status("home/nonroot") == "65532:0 0770")
        #expect(try image.status("etc/passwd") == "0:0 0644")
    }

    @Test func openshiftWantsItsGroup() throws {
        for (user, isRight) in [("1000", true), ("1000:0", true), ("app", true), ("1000:5", false)]
        {
            var options = ConversionOptions()
            options.profiles = [.openshift]
            options.user = try Identity.Choice(parsing: user)
            guard isRight else {
                let error = try #require(throws: DerootError.self) {
                    try plan(options, [plainImage])
                }
                #expect(error.code == .usage)
                continue
            }
            #expect(try plan(options, [plainImage]).userAfter == "1000:0")
        }
    }

    @Test func aDenialStopsTheProfileAndNothingElse() throws {
        let recipe = try recipe(
            "deny: [ { profile: openshift, reason: the data wants its owner } ]")
        let error = try #require(throws: DerootError.self) {
            try plan(recipe, [plainImage]) { $0.profiles = [.openshift] }
        }
        #expect(error.code == .refused && error.code.exitStatus == 1)
        #expect(error.message.contains("--profile openshift cannot work: the data wants its owner"))
        #expect(try plan(recipe, [plainImage]) { $0.profiles = [.readOnlyRootfs] }.recipe != nil)
    }

    @Test func conditionsTurnItemsOnAndOff() throws {
        let recipe = try recipe(
            """
            dirs:
              - { path: /ro, when: { profile: read-only-rootfs } }
              - { path: /remap, when: { ports: remap } }
              - { path: /keep, when: { ports: keep } }
              - { path: /alpine, when: { distro: alpine } }
              - { path: /debian, when: { distro: debian } }
              - { path: /has, when: { file: "/app.*" } }
              - { path: /hasnot, when: { absent: /app.conf } }
            """)
        let release: Build = { $0.file("usr/lib/os-release", "ID=ubuntu\nID_LIKE=\"x debian\"\n") }
        let made = { (planned: ImagePlan) in
            planned.added.map(\.path.description).filter {
                !$0.hasPrefix("/etc") && !$0.hasPrefix("/home")
            }
        }
        #expect(
            made(try plan(recipe, [plainImage, release])) == ["/debian", "/has", "/keep"])
        #expect(
            made(
                try plan(recipe, [plainImage, release]) {
                    $0.profiles = [.readOnlyRootfs]
                    $0.ports = .remap
                }) == ["/debian", "/has", "/remap", "/ro"])
    }

    @Test(
        arguments: [
            (#"{"80/tcp":{}}"#, ["8080/tcp"]), (#"{"80":{},"9000":{}}"#, ["8080/tcp", "9000"]),
            (#"{"8080/tcp":{}}"#, ["8080/tcp"]), (#"{"3000/tcp":{}}"#, ["3000/tcp"]),
        ] as [(String, [String])])
    func movesPorts(_ ports: String, _ after: [String]) throws {
        let recipe = try recipe("ports: [ { from: 80/tcp, to: 8080/tcp } ]")
        let image = try convert("\"ExposedPorts\":\(ports)", recipes: [recipe]) {
            $0.ports = .remap
        }
        #expect(image.config.exposedPorts == after)
    }

    @Test(arguments: [
        (#"{"80/tcp":{},"8080/tcp":{}}"#, "NR012"), (#"{"443/tcp":{}}"#, "443/tcp"),
        (#"{"80/udp":{}}"#, "80/udp"),
    ])
    func refusesPortsThatClash(_ ports: String, _ what: String) throws {
        let recipe = try recipe("ports: [ { from: 80/tcp, to: 8080/tcp } ]")
        let error = try #require(throws: DerootError.self) {
            try plan(recipe, settings: "\"ExposedPorts\":\(ports)", [plainImage]) {
                $0.ports = .remap
            }
        }
        #expect(error.code == .blocked)
        #expect(error.message.contains(what))
    }

    @Test func squashesHighIDs() throws {
        let image = try convert(
            #""User":"100000:70000""#,
            [
                plainImage,
                { tar in
                    tar.file("mine", uid: 100_000, gid: 70_000)
                    tar.file("another", uid: 1_000_500_000, gid: 5)
                    tar.file("usr/bin/x", uid: 100_000, gid: 70_000)
                    tar.file("low", uid: 65535, gid: 65535)
                },
            ]
        ) { $0.squashesIDs = true }
        #expect(image.config.user == "65532:65532")
        #expect(try image.status("mine") == "65532:65532 0644")
        #expect(try image.status("another") == "0:5 0644")
        #expect(try image.status("usr/bin/x") == "0:0 0644")
        #expect(try image.status("low") == "65535:65535 0644")
    }

    @Test func theOptionsAreWrittenAsTheyAreGiven() throws {
        var options = ConversionOptions()
        options.user = .adopt
        options.recipe = .one("nginx")
        options.profiles = [.readOnlyRootfs, .openshift]
        options.ports = .remap
        options.squashesIDs = true
        #expect(
            options.description == "--user adopt --recipe nginx --profile openshift "
                + "--profile read-only-rootfs --ports remap --squash-ids")
        options = .init()
        options.recipe = .none
        #expect(options.description == "--recipe none")
        options.ownRecipes = Digest.of([])
        #expect(options.description == "--recipe \(Digest.of([]))")
    }
}
