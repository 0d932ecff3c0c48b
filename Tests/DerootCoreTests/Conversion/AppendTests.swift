import DerootBytes
import DerootCore
import DerootOCI
import DerootTar
import DerootTestSupport
import Testing

/// `--layers append`: the layers below keep their blobs, all changes are in one on top.
struct AppendTests {
    private func options() throws -> ConversionOptions { try ConversionOptions(layers: .append) }

    @Test(arguments: Compression.allCases)
    func theOldLayersStay(_ compression: Compression) throws {
        let source = try Samples.image(compression)
        let layout = try LayoutFixture(source)
        try layout.convert(options())
        let image = try layout.image()
        #expect(image.manifest.layers.dropLast().map(\.digest) == source.layers.map(\.digest))
        #expect(image.layers.dropLast().map { $0 } == source.layers.map(\.raw))
        #expect(image.config.history.count == 3)
        #expect(image.manifest.annotations[Facts.baseDigest] == source.digest.description)
    }

    /// What a container sees is what rewriting would have shown.
    @Test func theViewIsTheSameAsOfARewriting() throws {
        let layout = try LayoutFixture(Samples.image())
        try layout.convert(options(), to: "appended")
        try layout.convert(to: "rewritten")
        let appended = try layout.image("appended")
        let rewritten = try layout.image("rewritten")
        let trees = (try appended.tree(), try rewritten.tree())
        #expect(trees.0.paths == trees.1.paths)
        for path in trees.1.paths {
            let path = TarPath(path)
            #expect(try appended.status(path) == rewritten.status(path), "\(path)")
        }
        for path in ["usr/bin/su", "usr/bin/ping", "srv/app/data", "etc/passwd"] as [TarPath] {
            #expect(try appended.content(path) == rewritten.content(path), "\(path)")
        }
        let top = try #require(appended.layers.last)
        let records = try walked(top).flatMap(\.meaning.records)
        #expect(records.contains(PaxRecord("mtime", "1.5")))
        #expect(!records.contains(where: FileCapability.isCapability))
    }

    /// The added layer extracts on its own: links follow the file that has their body.
    @Test func allNamesOfAFileComeAlong() throws {
        let layout = try LayoutFixture(Samples.image())
        try layout.convert(options())
        let top = try #require(try layout.image().layers.last)
        let listing = try listing(top)
        let names = (0..<listing.count).map { listing.path($0).description }
        let file = try #require(names.firstIndex(of: "/usr/bin/su"))
        let link = try #require(names.firstIndex(of: "/usr/bin/alias"))
        #expect(file < link)
        #expect(listing.entries[file].type == .file && listing.entries[link].type == .hardLink)
        #expect((0..<listing.count).allSatisfy { !listing.entries[$0].isSetid })
    }

    @Test func hiddenFilesAreNotCopied() throws {
        let layers = [
            try LayerFixture {
                $0.file("a", "old", mode: 0o4755); $0.file("b", "old", mode: 0o4755)
            },
            try LayerFixture {
                $0.file("a", "new", mode: 0o4755); $0.file(".wh.b")
            },
        ]
        let layout = try LayoutFixture(ImageFixture(layers))
        try layout.convert(options())
        let image = try layout.image()
        #expect(try image.content("a") == "new")
        #expect(try image.status("a") == "0:0 0755")
        #expect(try image.status("b") == nil)
        // What lies below stays privileged, and is reported as such elsewhere.
        #expect(try image.privileged() == ["/a", "/b", "/a"])
    }

    @Test func aTornHardLinkBlocks() throws {
        let layers = [
            try LayerFixture { tar in
                tar.file("a", "one", mode: 0o4755)
                tar.link("b", to: "a", type: "1", mode: 0o4755)
            }, try LayerFixture { $0.file("a", "two", mode: 0o4755) },
        ]
        let layout = try LayoutFixture(ImageFixture(layers))
        let error = try #require(throws: DerootError.self) { try layout.convert(options()) }
        #expect(error.code == .blocked)
        #expect(error.advice?.contains("rewrite") == true)
        try layout.convert(to: "rewritten")
        #expect(try layout.image("rewritten").privileged().isEmpty)
    }

    /// Bodies are copied as they stand, over any boundary of the pieces in which they are read.
    @Test func largeAndOddBodiesAreCopied() throws {
        var random = SeededGenerator(seed: 1)
        let large = random.bytes(700_000)
        let layer = try LayerFixture { tar in
            tar.header(RawHeader("empty", mode: 0o4755))
            tar.header(RawHeader("large", mode: 0o4755, size: UInt64(large.count)), body: large)
            tar.file("small", "s", mode: 0o2755)
        }
        let layout = try LayoutFixture(ImageFixture([layer]))
        try layout.convert(options())
        let top = try #require(try layout.image().layers.last)
        let groups = try walked(top)
        let group = try #require(groups.first { $0.meaning.name == Array("large".utf8) })
        let start = Int(group.offset) + group.bytes.count
        #expect(Array(top[start..<(start + large.count)]) == large)
        #expect(groups.first { $0.meaning.name == Array("small".utf8) }?.meaning.mode == 0o755)
    }

    @Test func nothingToDoAddsNothing() throws {
        let layer = try LayerFixture { tar in
            tar.file("etc/passwd", "app:x:1000:1000::/:\n")
            tar.file("etc/group", "app:x:1000:\n")
            tar.directory("tmp", mode: 0o1777)
        }
        let layout = try LayoutFixture(ImageFixture([layer], settings: #""User":"1000:1000""#))
        #expect(try layout.convert(options()).isUnchanged)
    }
}
