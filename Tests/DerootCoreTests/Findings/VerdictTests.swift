import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// The verdict, and what check does with several images and with those that it cannot read.
struct VerdictTests {
    @Test(
        arguments: [
            ("", Verdict.ready),
            (#""User":"app""#, .ready),
            (#""ExposedPorts":{"80/tcp":{}}"#, .readyOn(["docker", "containerd2"])),
            (#""User":"missing""#, .needsRecipe),
            (#""Entrypoint":["gosu","app","x"]"#, .needsRecipe),
            (#""Cmd":["/root/x"]"#, .needsRecipe),
            (#""Cmd":["crond"]"#, .refused("a cron daemon is started")),
            (#""User":"20000:20000""#, .already),
        ] as [(String, Verdict)])
    func theVerdictFollowsWhatIsLeft(_ settings: String, _ verdict: Verdict) throws {
        let found = try check(
            settings: settings, RuleCase.system, RuleCase.accounts,
            { tar in tar.file("root/x", mode: 0o755) })
        #expect(found.verdict == verdict)
        // The preview says the same.
        let after = try check(
            .init(), settings: settings, converted: true,
            [RuleCase.system, RuleCase.accounts, { tar in tar.file("root/x", mode: 0o755) }])
        #expect(after.verdict == verdict)
    }

    /// The preview knows what a recipe's edits made of the servers' files.
    @Test func thePreviewReadsWhatRecipesWrote() throws {
        let nginx: Build = { tar in
            tar.directory("docker-entrypoint.d")
            tar.directory("var/cache/nginx")
            tar.file("etc/nginx/nginx.conf", "pid /run/nginx.pid;\nhttp {\n}\n")
            tar.file("etc/nginx/conf.d/default.conf", "server {\n listen 80;\n}\n")
        }
        var options = ConversionOptions()
        options.ports = .remap
        for isConverted in [false, true] {
            let found = try check(
                options, settings: #""Cmd":["nginx"],"ExposedPorts":{"80/tcp":{}}"#,
                converted: isConverted, [RuleCase.system, RuleCase.accounts, nginx])
            #expect((found["NR035"] == nil) == isConverted)
            #expect((found["NR011"] == nil) == isConverted)
            #expect(found.verdict == .ready)
        }
    }

    /// A server that is known to end at its pid file is no promise, unless the folder is handed over.
    @Test(
        arguments: [
            ("nginx", [], Verdict.needsRecipe), ("app", [], .ready),
            ("nginx", ["/srv/run"], .ready),
        ] as [(String, [String], Verdict)])
    func aPidFileThatCannotBeWrittenIsNoPromise(
        _ program: String, _ own: [String], _ verdict: Verdict
    ) throws {
        var options = RuleCase.options(own: own)
        options.recipe = .none
        let found = try check(
            options, settings: #""Cmd":["\#(program)"]"#,
            [
                RuleCase.system, RuleCase.accounts,
                { tar in
                    tar.directory("srv/run")
                    tar.file("bin/nginx", "\u{7F}ELF", mode: 0o755)
                    tar.file("etc/nginx/nginx.conf", "pid /srv/run/nginx.pid;\n")
                },
            ])
        #expect(found.verdict == verdict)
        #expect((found["NR035"] == nil) == !own.isEmpty || found["NR035"]?.severity == .warn)
    }

    @Test func windowsIsSkippedAndSaysWhy() throws {
        let layer = try LayerFixture(.none, { $0.file("x") })
        var windows = ImageFixture([layer])
        windows.os = "windows"
        let layout = try LayoutFixture([windows, ImageFixture([layer])])
        let report = try Check(layout.source()).run()
        #expect(report.images.map(\.verdict.word) == ["SKIPPED", "READY"])
        #expect(report.images.first?.ids == ["NR064"])
    }

    @Test func aHostileImageIsRefusedAndTheOthersAreChecked() throws {
        let good = try ImageFixture([LayerFixture(.none, { $0.file("x") })])
        var bad = try ImageFixture([
            LayerFixture(.none, { $0.file("etc/passwd", "1000:x:0:0::/:\n") })
        ])
        bad.architecture = "arm64"
        var worse = try ImageFixture([LayerFixture(.none, { $0.file("../x") })])
        worse.architecture = "s390x"
        let layout = try LayoutFixture([good, bad, worse])
        let report = try Check(layout.source()).run()
        #expect(report.images.map(\.verdict.word) == ["READY", "REFUSED", "REFUSED"])
        #expect(report.images.map { $0.refusal?.code } == [nil, .hostile, .hostile])
        #expect(report.images[1].plan == nil)
    }

    @Test func damageIsAnErrorAndNoVerdict() throws {
        let image = try ImageFixture([LayerFixture(.none, { $0.file("x") })])
        let layout = try LayoutFixture([image], missing: [image.layers[0].digest])
        #expect(throws: DerootError.self) { try Check(layout.source()).run() }
    }

    @Test func attestationsAreReported() throws {
        let layer = try LayerFixture(.none, { $0.file("x") })
        let image = ImageFixture([layer])
        let blob = Array("{}".utf8)
        let manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.manifest)",\
            "artifactType":"application/vnd.example",\
            "config":\(ImageFixture.descriptor(MediaType("application/vnd.oci.empty.v1+json"), Digest.of(blob), 2)),\
            "layers":[],"subject":\(image.entry(platform: false))}
            """.utf8)
        let entry = ImageFixture.descriptor(.manifest, Digest.of(manifest), manifest.count)
        let layout = try LayoutFixture([image], others: [entry], blobs: [blob, manifest])
        let report = try Check(layout.source()).run()
        #expect(report.images.first?["NR065"]?.evidence.count == 1)
        #expect(report.images.first?["NR066"] == nil)
        #expect(report.images.last?.verdict.word == "SKIPPED")
    }

    @Test func describedLayersAreReported() throws {
        var image = try ImageFixture([LayerFixture(.none, { $0.file("x") })])
        image.layerAnnotations = [#""containerd.io/snapshot/stargz/toc.digest":"x""#]
        let layout = try LayoutFixture(image)
        let report = try Check(layout.source()).run()
        #expect(report.images.first?["NR066"] != nil)
        #expect(report.images.first?["NR065"] == nil)
    }

    @Test(arguments: [(nil, false), (0, false), (1, true), (3, true)] as [(Int?, Bool)])
    func aHistoryThatDoesNotFitIsReported(_ count: Int?, _ isFound: Bool) throws {
        var image = try ImageFixture([
            LayerFixture(.none, { $0.file("x") }), LayerFixture(.none, { $0.file("y") }),
        ])
        image.historyCount = count
        let layout = try LayoutFixture(image)
        let finding = try Check(layout.source()).run().images.first?["NR069"]
        #expect((finding != nil) == isFound)
        #expect(finding?.severity == (isFound ? .warn : nil))
    }

    @Test func rewrittenBasesAreReported() throws {
        let found = try check({ $0.file("bin/su", mode: 0o4755) }, { $0.file("x") })
        #expect(found["NR068"]?.evidence.count == 1)
    }

    /// The ones that everybody has seen convert stay so: no error is left afterwards.
    @Test(arguments: [LayerFixtureKind.base, .app, .both])
    func ourOwnResultsHaveNoErrors(_ kind: LayerFixtureKind) throws {
        let layout = try LayoutFixture(kind.image())
        try layout.convert()
        let report = try Check(layout.result()).run()
        for image in report.images {
            let errors = image.findings.filter { $0.severity >= .error }
            #expect(errors.map(\.rule.id) == [])
            #expect(image.verdict == .already)
        }
        var preview = Check(try layout.source())
        preview.showsConverted = true
        let foretold = try preview.run().images.first
        #expect(foretold?.ids == report.images.first?.ids)
    }

    enum LayerFixtureKind: Sendable {
        case base, app, both

        func image() throws -> ImageFixture {
            switch self {
            case .base: ImageFixture([try Samples.base()])
            case .app: ImageFixture([try Samples.app()], settings: #""WorkingDir":"/srv/app""#)
            case .both: try Samples.image()
            }
        }
    }
}
