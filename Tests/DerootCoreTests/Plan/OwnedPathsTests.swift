import DerootBytes
import DerootCore
import DerootOCI
import DerootTar
import DerootTestSupport
import Testing

/// Which paths change hands: VOLUME, WORKDIR and what was asked for.
struct OwnedPathsTests {
    private let base: Build = { tar in
        tar.directory("tmp", mode: 0o1777)
        tar.directory("data")
        tar.file("data/x")
        tar.directory("srv")
        tar.file("srv/app/bin")
        tar.directory("etc")
        tar.directory("run")
        tar.link("var/run", to: "/run")
    }

    private func added(_ plan: ImagePlan) -> [String] {
        plan.addedLines.filter { !$0.contains("/etc") && !$0.contains("/home") }
    }

    @Test func volumesAreOwnedWithAllBelow() throws {
        let plan = try plan(settings: #""Volumes":{"/data":{},"/new/deep":{}}"#, [base])
        #expect(plan.changed == ["0:1", "0:2"])
        #expect(added(plan) == ["0755 0:0 /new", "0755 65532:65532 /new/deep"])
    }

    @Test func theWorkingDirectoryIsOwned() throws {
        let plan = try plan(settings: #""WorkingDir":"/srv/app/""#, [base])
        #expect(plan.changed == ["0:4"])
        // Only its child implied it: an entry of its own makes it somebody's.
        #expect(added(plan) == ["0755 65532:65532 /srv/app"])
    }

    @Test(arguments: ["/", "", "/srv", "/usr/share", "/var/lib", "/tmp"])
    func sharedDirectoriesKeepTheirOwner(_ path: String) throws {
        let plan = try plan(
            settings: "\"WorkingDir\":\"\(path)\"",
            [
                base,
                {
                    $0.directory("usr/share"); $0.directory("var/lib")
                },
            ])
        #expect(plan.changed.isEmpty)
        #expect(added(plan).isEmpty)
        #expect(plan.notes.contains { $0.contains("shared") } == (path.utf8.count > 1))
    }

    @Test func aMissingSharedDirectoryIsMadeAsRoots() throws {
        let plan = try plan(settings: #""WorkingDir":"/opt""#, [base])
        #expect(added(plan) == ["0755 0:0 /opt"])
    }

    /// `/var/run` is a link in nearly every image.
    @Test func pathsResolveThroughTheImagesLinks() throws {
        let plan = try plan(
            try ConversionOptions(own: ["/var/run/app"]),
            settings: #""Volumes":{"/var/run/sock":{}}"#, [base])
        #expect(added(plan) == ["0755 65532:65532 /run/app", "0755 65532:65532 /run/sock"])
        let shared = try self.plan(
            settings: #""Volumes":{"/link":{}}"#, { $0.link("link", to: "/run") })
        #expect(shared.notes.contains { $0.contains("shared") })
    }

    private func plan(settings: String, _ build: @escaping Build) throws -> ImagePlan {
        try DerootCoreTests.plan(settings: settings, [base, build])
    }

    private func plan(settings: String, _ builds: [Build]) throws -> ImagePlan {
        try DerootCoreTests.plan(settings: settings, builds)
    }

    private func plan(
        _ options: ConversionOptions, settings: String = "", _ builds: [Build]
    ) throws -> ImagePlan {
        try DerootCoreTests.plan(options, settings: settings, builds)
    }

    @Test func owningTheRootSparesWhatIsProtected() throws {
        let plan = try plan(
            try ConversionOptions(own: ["/"]),
            [
                { tar in
                    tar.directory("etc")
                    tar.file("etc/passwd", "")
                    tar.file("etc/nginx.conf")
                    tar.file("usr/bin/env")
                    tar.directory("tmp", mode: 0o1777)
                    tar.file("opt/app/x")
                }
            ])
        #expect(plan.changed == ["0:0", "0:2", "0:4", "0:5"])
        #expect(
            added(plan) == [
                "0755 65532:65532 /opt", "0755 65532:65532 /opt/app", "0755 65532:65532 /usr",
                "0755 65532:65532 /usr/bin",
            ])
    }

    @Test func aPatternThatFitsNothingIsAMistake() throws {
        let error = try #require(throws: DerootError.self) {
            try plan(try ConversionOptions(own: ["/nothing/*"]), [base])
        }
        #expect(error.code == .usage)
    }

    @Test func aLiteralThatIsMissingIsMade() throws {
        let plan = try plan(try ConversionOptions(own: ["/cache/app"]), [base])
        #expect(added(plan) == ["0755 0:0 /cache", "0755 65532:65532 /cache/app"])
    }

    @Test(arguments: [#""WorkingDir":"/loop/x""#, #""Volumes":{"/loop":{}}"#])
    func C15_aLoopIsRefused(_ settings: String) throws {
        let error = try #require(throws: DerootError.self) {
            try plan(settings: settings, { $0.link("loop", to: "loop") })
        }
        #expect(error.code == .hostile)
    }

    @Test(arguments: [#""WorkingDir":"../../x""#, #""Volumes":{"/a/../../b":{}}"#])
    func C13_aPathThatLeavesTheRootIsRefused(_ settings: String) throws {
        let error = try #require(throws: DerootError.self) { try plan(settings: settings, [base]) }
        #expect(error.code == .hostile)
    }

    @Test func C13_aPathWithoutEndIsRefused() throws {
        let path = String(repeating: "/a", count: 200_000)
        let error = try #require(throws: DerootError.self) {
            try plan(settings: "\"WorkingDir\":\"\(path)\"", [base])
        }
        #expect(error.code == .hostile)
    }

    /// An extractor could not make it, and so not extract the image at all.
    @Test(arguments: ["/data/x", "/data/x/sub", "/dev-node/sub"])
    func whatIsNoDirectoryIsNotedAndLeft(_ path: String) throws {
        let plan = try plan(
            settings: "\"WorkingDir\":\"\(path)\"", { $0.header(RawHeader("dev-node", type: "3")) })
        #expect(added(plan).isEmpty)
        #expect(plan.notes.contains { $0.contains("no directory") })
    }

    @Test func aHomeThatCannotBeMadeIsNoted() throws {
        let plan = try plan(settings: "", { $0.link("home", to: "home") })
        #expect(!plan.addedLines.contains { $0.contains("/home") })
        #expect(plan.notes.contains { $0.contains("/home") })
    }

    @Test func temporaryDirectories() throws {
        let link = try DerootCoreTests.plan([{ $0.link("tmp", to: "/var/tmp") }])
        #expect(added(link).contains("1777 0:0 /var/tmp"))
        let file = try DerootCoreTests.plan([{ $0.file("tmp") }])
        #expect(!added(file).contains { $0.hasSuffix("/tmp") })
        #expect(file.notes.contains { $0.contains("/tmp") })
    }

    @Test func keepIsExplained() throws {
        let plan = try plan(
            try ConversionOptions(keep: ["/data/x", "/bin/ping"]),
            [base, { $0.file("bin/ping", mode: 0o4755) }])
        #expect(plan.notes.contains("/bin/ping keeps its privileges (--keep)"))
        #expect(plan.notes.contains("--keep /data/x fits no privileged file"))
    }

    /// What is guessed before a layer was read; a wrong guess costs time and nothing else.
    @Test func foretellsTheUsual() throws {
        let image = ImageFixture(
            [], settings: #""WorkingDir":"/app","Volumes":{"/var/run/x":{},"/var/lib":{}}"#)
        let config = try ImageConfig(parsing: image.config)
        let options = try ConversionOptions(own: ["/opt/a", "/opt/*"])
        #expect(OwnedPaths.foretold(options, config: config) == ["opt/a", "run/x", "app"])
    }
}
