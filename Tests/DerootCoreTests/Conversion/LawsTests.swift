import DerootBytes
import DerootCore
import DerootOCI
import DerootTar
import DerootTestSupport
import Testing

/// What holds for every conversion.
struct LawsTests {
    @Test(arguments: Compression.allCases)
    func convertsAnImage(_ compression: Compression) throws {
        let layout = try LayoutFixture(Samples.image(compression))
        let result = try layout.convert()
        let image = try layout.image()
        #expect(!result.isUnchanged)
        #expect(image.digest == result.root.digest)
        #expect(image.config.user == "65532:65532")
        #expect(try image.privileged().isEmpty)
        #expect(try image.status("srv/app/data") == "65532:65532 0644")
        #expect(try image.status("srv/app/tool") == "65532:65532 0755")
        #expect(try image.status("usr/bin/su") == "0:0 0755")
        #expect(try image.status("var/local") == "0:50 2775")
        #expect(try image.status("etc/shadow") == "0:42 0640")
        #expect(try image.status("home/nonroot") == "65532:65532 0700")
        #expect(
            try image.content("etc/passwd") == "root:x:0:0:root:/root:/bin/sh\n"
                + "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")
        #expect(try image.content("srv/app/data") == "data of app")
    }

    @Test func keepsTheConfigsOtherMembers() throws {
        let layout = try LayoutFixture(Samples.image())
        try layout.convert()
        let image = try layout.image()
        let text = String(decoding: image.config.document.bytes, as: UTF8.self)
        #expect(text.contains(#""x.unknown":[1.10,1e2]"#))
        #expect(text.contains(#""Healthcheck":{"Test":["NONE"]}"#))
        #expect(image.config.env == ["PATH=/bin"])
        #expect(image.config.history.count == 3)
        #expect(image.config.diffIDs.count == 3)
        #expect(image.manifest.layers.count == 3)
        let annotations = image.manifest.annotations
        #expect(annotations[Facts.sourceDigest] == (try Samples.image().digest.description))
    }

    /// The added account files keep what the old ones had.
    @Test func addedFilesKeepTheirAttributes() throws {
        let layout = try LayoutFixture(Samples.image())
        try layout.convert()
        let added = try #require(try layout.image().layers.last)
        let shadow = try walked(added).first { $0.meaning.name == Array("etc/shadow".utf8) }
        #expect(
            shadow?.meaning.records == [PaxRecord("SCHILY.xattr.security.selinux", "label")])
    }

    @Test(arguments: Compression.allCases)
    func nothingToDoGivesTheSourcesOwnDigest(_ compression: Compression) throws {
        let layer = try LayerFixture(compression) { tar in
            tar.file("etc/passwd", "app:x:1000:1000::/:\n")
            tar.file("etc/group", "app:x:1000:\n")
            tar.directory("tmp", mode: 0o1777)
        }
        let image = ImageFixture([layer], settings: #""User":"1000:1000""#)
        let layout = try LayoutFixture(image)
        let result = try layout.convert()
        #expect(result.isUnchanged)
        #expect(result.root.digest == image.digest)
        let before = try layout.directory.snapshot("source/blobs")
        let after = try layout.directory.snapshot("result/blobs")
        #expect(Set(after.values) == Set(before.values))
    }

    @Test(arguments: [
        ConversionOptions.LayerMode.rewrite, .append,
    ])
    func convertingTwiceIsConvertingOnce(_ mode: ConversionOptions.LayerMode) throws {
        let layout = try LayoutFixture(Samples.image())
        var options = try ConversionOptions(own: ["/srv"], layers: mode)
        options.stripsSetgidDirectories = mode == .rewrite
        let once = try layout.convert(options)
        let twice = try layout.convert(options, from: "result", to: "again")
        #expect(twice.isUnchanged)
        #expect(twice.root.digest == once.root.digest)
    }

    @Test func theSameBytesWithAnyNumberOfThreads() throws {
        var images: [ImageFixture] = []
        for (index, architecture) in ["amd64", "arm64", "s390x"].enumerated() {
            var image = ImageFixture(
                [try Samples.base(), try Samples.app(.gzip, "app\(index)")],
                settings: "\"WorkingDir\":\"/srv/app\(index)\"")
            image.architecture = architecture
            images.append(image)
        }
        let layout = try LayoutFixture(images)
        let one = try layout.convert(to: "one", jobs: 1)
        for run in 1...3 {
            let four = try layout.convert(to: "four\(run)", jobs: 4)
            #expect(four.root.digest == one.root.digest)
            #expect(
                try layout.directory.snapshot("four\(run)/blobs").values.sorted {
                    $0.lexicographicallyPrecedes($1)
                }
                    == layout.directory.snapshot("one/blobs").values.sorted {
                        $0.lexicographicallyPrecedes($1)
                    })
        }
    }

    @Test func theTimeOfWhatIsNewIsTheImagesOwnOrTheOneAskedFor() throws {
        let layout = try LayoutFixture(Samples.image())
        try layout.convert()
        let home = { (name: String) throws in
            try walked(layout.image(name).layers[2]).first {
                $0.meaning.name == Array("home/".utf8)
            }
        }
        #expect(try home("result")?.meaning.modified == 1_709_208_000)
        var options = ConversionOptions()
        options.sourceDateEpoch = 86_400
        try layout.convert(options, to: "dated")
        #expect(try home("dated")?.meaning.modified == 86_400)
        #expect(try layout.image("dated").config.history.last?.created == "1970-01-02T00:00:00Z")
    }

    @Test func aPlanGivesTheSameBytesAsConverting() throws {
        let layout = try LayoutFixture(Samples.image())
        for options in [ConversionOptions(), try ConversionOptions(own: ["/srv"], layers: .append)]
        {
            let direct = try layout.convert(options, to: "direct-\(options.layers)")
            let plan = try Conversion(layout.source(), options).plan().plan
            let read = try ConversionPlan(parsing: PlanJSON.document(plan).serialized())
            #expect(read == plan)
            let applied = try layout.convert(
                options, to: "applied-\(options.layers)", applying: read)
            #expect(applied.root.digest == direct.root.digest)
        }
    }

    @Test func aPlanOfAnotherSourceIsRefused() throws {
        let layout = try LayoutFixture(Samples.image())
        let other = try LayoutFixture(ImageFixture([Samples.app()]))
        let plan = try Conversion(other.source(), ConversionOptions()).plan().plan
        let error = try #require(throws: DerootError.self) { try layout.convert(applying: plan) }
        #expect(error.code == .planMismatch)
        #expect(try layout.directory.snapshot("result").isEmpty)
    }

    @Test func aPlanThatWasTamperedWithIsRefused() throws {
        let layout = try LayoutFixture(Samples.image())
        let plan = try Conversion(layout.source(), ConversionOptions()).plan().plan
        let text = String(decoding: PlanJSON.document(plan).serialized(), as: UTF8.self)
        let places = [(#""index":4"#, #""index":4000"#), (#""index":4"#, #""index":0"#)]
        for (old, new) in places {
            let changed = try ConversionPlan(parsing: Array(text.replacing(old, with: new).utf8))
            try #require(changed != plan)
            let error = try #require(throws: DerootError.self) {
                try layout.convert(applying: changed)
            }
            #expect(error.code == .planMismatch)
        }
        #expect(try layout.directory.snapshot("result").isEmpty)
    }

    /// Outside the edited headers every byte of every layer is carried.
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func randomLayersAreCarried(_ seed: UInt64) throws {
        let tar = RandomTar(seed: seed, count: 25)
        let compression = Compression.allCases[Int(seed % 3)]
        let layout = try LayoutFixture(ImageFixture([LayerFixture(raw: tar.bytes, compression)]))
        let result: ConversionResult
        do {
            result = try layout.convert()
        } catch let error as DerootError {
            // Names are random: one of them may be a directory's where a file is needed.
            Issue.record("seed \(seed): \(error)")
            return
        }
        let image = try layout.image()
        let changes = try #require(result.images.first?.plan.layers.first?.changes)
        let groups = try walked(tar.bytes)
        let edits = changes.flatMap { groups[$0.index].edits(for: $0.change) }
        #expect(image.layers[0] == applying(edits, to: tar.bytes), "seed \(seed)")
        #expect(try image.privileged().isEmpty, "seed \(seed)")
    }
}
