import DerootBytes
import DerootCore
import DerootOCI
import DerootTar
import DerootTestSupport
import Testing

/// Hostile inputs C13 to C23: paths, links, markers, and layers without measure.
struct HostilePathTests {
    private func trial(_ build: @escaping Build) throws -> Trial {
        try Trial(layer: LayerFixture(.gzip, build))
    }

    @Test(arguments: ["../a", "a/../../b", "/../a", "a/b/../../../c", ".."])
    func C13_aPathThatLeavesTheRootIsRefused(_ name: String) throws {
        try trial { $0.file(name, mode: 0o4755) }.refuses(.hostile, .disagreement)
    }

    @Test func C13_anyOtherNameIsBytes() throws {
        let names: [[UInt8]] = [
            Array(#"a\..\b"#.utf8), Array("C:evil".utf8), Array("a\nb".utf8), [0x61, 0xFF, 0xFE],
            Array("a/../b".utf8),
        ]
        for name in names {
            try trial { $0.header(RawHeader(name, mode: 0o4755)) }.neutralises()
        }
        try trial { tar in
            tar.longName(Array(String(repeating: "d/", count: 1000).utf8) + [0x66])
            tar.file("short", mode: 0o4755)
            tar.longName([UInt8](repeating: 0x78, count: 5000))
            tar.file("short", mode: 0o2755)
        }.neutralises()
    }

    @Test func C14_everyOneOfTwoEntriesIsNeutralised() throws {
        let done = try trial { tar in
            tar.file("a", "first", mode: 0o4755)
            tar.directory("d")
            tar.file("d", "now a file", mode: 0o2755)
            tar.link("a", to: "d")
            tar.file("a", "last", mode: 0o6755)
        }.neutralises("/a", "/d")
        #expect(try done.image().content("a") == "last")
        #expect(done.outcome.images[0].plan.layers[0].changes.count == 3)
    }

    @Test func C15_linksInParentsResolveInsideTheImage() throws {
        let passwd = "root:x:0:0::/:\n"
        let done = try Trial(
            .init(), { $0.file("conf/passwd", passwd) }, { $0.link("etc", to: "/conf") }
        ).converts()
        #expect(try done.image().content("conf/passwd")?.hasPrefix(passwd + "nonroot:") == true)
        try trial { tar in
            tar.link("etc", to: "e2")
            tar.link("e2", to: "etc")
        }.refuses(.hostile, naming: "loops")
    }

    @Test func C16_everyNameOfAHardLinkIsNeutralised() throws {
        try Trial(
            .init(), { $0.file("bin/su", "su", mode: 0o755) },
            { $0.link("bin/alias", to: "bin/su", type: "1", mode: 0o4755) }
        ).neutralises("/bin/alias")
        try trial { tar in
            tar.link("later", to: "file", type: "1", mode: 0o4755)
            tar.file("file", "x", mode: 0o4755)
            tar.link("self", to: "self", type: "1", mode: 0o644)
            tar.link("none", to: "nowhere", type: "1", mode: 0o644)
            tar.directory("dir")
            tar.link("todir", to: "dir", type: "1", mode: 0o644)
        }.neutralises("/later", "/file")
        try trial { tar in
            tar.pax(["size": "3"])
            var header = RawHeader("body", type: "1", size: 3)
            header.put("a", at: TarField.linkName)
            tar.header(header, body: [1, 2, 3])
        }.refuses(.disagreement)
    }

    @Test(arguments: [
        ".wh.x", "d/.wh.x", ".wh..wh..opq", "d/.wh..wh..opq", ".wh..wh.aufs", ".wh..wh.plnk/1.2",
        ".wh..wh.orph", "d/.wh..wh.foo",
    ])
    func C17_aWhiteoutIsCarried(_ name: String) throws {
        for type in ["0", "5", "2", "3"] as [Character] {
            try Trial(
                .init(), { $0.file("d/x", "below") },
                { $0.header(RawHeader(name, type: type, mode: 0o644)) }
            ).carries()
        }
    }

    @Test(arguments: [".wh.", "d/.wh.", "d/.wh..", ".wh..."])
    func C17_aWhiteoutOfNothingIsRefused(_ name: String) throws {
        try trial { $0.file(name) }.refuses(.malformed)
    }

    @Test func C18_devicesAndPipesAreCarriedWhateverTheirBits() throws {
        let done = try trial { tar in
            for (name, type) in [("null", "3"), ("sda", "4"), ("pipe", "6")]
                as [(String, Character)]
            {
                tar.header(RawHeader("dev/\(name)", type: type, mode: 0o6666))
            }
        }.carries()
        #expect(try walked(done.image().layers[0]).count == 3)
    }

    @Test func C19_attributesStayInARewrittenHeader() throws {
        let records = [
            PaxRecord("SCHILY.xattr.user.note", [0, 0x0A, 0xFF]),
            PaxRecord("LIBARCHIVE.xattr.user.note", "AAr/"),
            PaxRecord("RHT.security.selinux", "system_u:object_r:etc_t:s0"),
            PaxRecord("SCHILY.acl.access", "user::rwx,group::r-x,other::r-x"),
            PaxRecord("mtime", "1.123456789"),
        ]
        let done = try trial { tar in
            tar.pax(records)
            tar.file("su", "x", mode: 0o4755)
        }.neutralises("/su")
        #expect(try walked(done.image().layers[0]).first?.meaning.records == records)
        // An access list that gives another mode than the header: readers differ.
        try trial { tar in
            tar.pax(["SCHILY.acl.access": "user::rw-,group::r--,other::r--"])
            tar.file("su", "x", mode: 0o4755)
        }.refuses(.disagreement)
    }

    @Test func C20_manyLayersAndManyWhiteoutsTakeLinearTime() throws {
        let layers = try (0..<300).map { number in
            try LayerFixture { $0.file("layer-\(number)", mode: 0o4755) }
        }
        let done = try Trial(LayoutFixture(ImageFixture(layers))).neutralises("/layer-0")
        #expect(try done.image().manifest.layers.count == 301)
        let hidden = try LayerFixture { tar in
            for number in 0..<20_000 { tar.file("d/.wh.\(number)") }
        }
        let below = try LayerFixture { $0.file("d/1", mode: 0o4755) }
        try Trial(LayoutFixture(ImageFixture([below, hidden]))).neutralises("/d/1")
    }

    @Test func C20_moreEntriesThanTheLimitAreRefused() throws {
        var limits = Limits()
        limits.entries = 100
        let layer = try LayerFixture { tar in
            for number in 0...100 { tar.file("\(number)") }
        }
        try Trial(layer: layer, limits: limits).refuses(.limit, naming: "--max-entries")
    }

    @Test(arguments: [1, 100, 511, 512, 1024, 1500, 5000])
    func C21_aTruncatedStreamIsRefused(_ lost: Int) throws {
        var tar = TarBuilder()
        tar.pax(["comment": String(repeating: "c", count: 600)])
        tar.file("big", String(repeating: "x", count: 5000))
        let raw = Array(tar.bytes.dropLast(lost))
        try Trial(layer: LayerFixture(raw: raw)).refuses(.truncated)
    }

    @Test func C22_whatFollowsTheEndIsCarriedUnread() throws {
        var first = TarBuilder()
        first.file("first", mode: 0o4755)
        var second = TarBuilder()
        second.file("second", mode: 0o4755)
        let done = try Trial(layer: LayerFixture(raw: first.ended + second.ended))
            .converts()
        // Runtimes stop at the two zero blocks as well: what is behind is no file to anybody.
        #expect(try done.image().layers[0].suffix(second.ended.count).elementsEqual(second.ended))
        #expect(try walked(done.image().layers[0]).count == 1)
        #expect(try walked(done.image().layers[0]).first?.meaning.mode == 0o755)
    }

    @Test func C23_namesInNoLocaleAreBytes() throws {
        // KOI8-R, EUC-JP, two normal forms of one letter, and a record that is no UTF-8.
        let names: [[UInt8]] = [
            [0xD0, 0xD2, 0xC9], [0xC6, 0xFC, 0xCB], Array("é".utf8), Array("e\u{301}".utf8),
        ]
        let done = try trial { tar in
            for name in names { tar.header(RawHeader(name, mode: 0o4755)) }
            tar.pax([PaxRecord("path", [0x61, 0xE9])])
            tar.file("x", mode: 0o4755)
        }.neutralises()
        let found = try walked(done.image().layers[0]).map(\.meaning.name)
        #expect(found == names + [[0x61, 0xE9]])
    }
}
