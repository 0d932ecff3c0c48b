import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// Hostile inputs C01 to C12: what headers say, and to whom.
struct HostileTarTests {
    private func trial(_ build: @escaping Build) throws -> Trial {
        try Trial(layer: LayerFixture(.gzip, build))
    }

    @Test func C01_aSizeThatReadersSeeDifferentlyIsRefused() throws {
        try trial { tar in
            tar.pax(["size": "512"])
            tar.header(RawHeader("a"))
            tar.file("hidden", mode: 0o4755)
        }.refuses(.disagreement, naming: "size")
        try trial { tar in
            tar.pax(["size": "0"])
            tar.file("a", String(repeating: "x", count: 600))
        }.refuses(.disagreement)
        // GNU tar takes what follows for the link's body, nobody else does.
        try trial { tar in
            var link = RawHeader("link", type: "2", size: 512)
            link.put("target", at: TarField.linkName)
            tar.header(link)
            tar.file("hidden", mode: 0o4755)
        }.refuses(.disagreement, naming: "size")
        // The record repeats the field: nothing to smuggle.
        try trial { tar in
            tar.pax(["size": "3"])
            tar.file("a", "abc")
        }.carries()
    }

    @Test(arguments: ["L", "K"] as [Character])
    func C02_aPaxHeaderBeforeAnotherExtensionIsRefused(_ type: Character) throws {
        try trial { tar in
            tar.pax(["size": "512"])
            tar.extended(type, Array("long\u{0}".utf8), magic: .gnu)
            tar.link("a", to: "b")
        }.refuses(.disagreement)
    }

    @Test(arguments: [
        "11 path=abc", "99 path=abc\n", "3 a\n", "0 \n", "-1 a=b\n", "x path=a\n", " 8 path=\n",
        "8 path=\n", "12 path=\0ab\0\n", "18446744073709551617 a=b\n", "12 linkpath=\n",
    ])
    func C03_aBadPaxRecordIsRefused(_ record: String) throws {
        try trial { tar in
            tar.extended("x", Array(record.utf8))
            tar.link("a", to: "b")
        }.refuses(.malformed, .disagreement, .hostile, .truncated)
    }

    @Test(arguments: ["x", "g", "L", "K"] as [Character])
    func C04_anEndlessExtensionIsRefused(_ type: Character) throws {
        let value = [UInt8](repeating: 0x61, count: 1 << 20)
        try trial { tar in
            if type == "x" || type == "g" {
                tar.pax([PaxRecord("comment", value)], type: type)
            } else {
                tar.extended(type, value + [0], magic: .gnu)
            }
            tar.link("a", to: "b")
        }.refuses(.limit)
        // Only claimed, not there.
        try trial { tar in
            tar.header(RawHeader("PaxHeaders/x", type: type, size: 1 << 30))
        }.refuses(.limit, .truncated)
    }

    @Test func C05_twoExtensionsOfAKindAreRefused() throws {
        try trial { tar in
            tar.pax(["path": "a"])
            tar.pax(["path": "b"])
            tar.file("c")
        }.refuses(.disagreement)
        try trial { tar in
            tar.longName(Array("a".utf8))
            tar.longName(Array("b".utf8))
            tar.file("c")
        }.refuses(.disagreement)
        try trial { tar in
            tar.longName(Array("a".utf8))
            tar.pax(["path": "b"])
            tar.file("c")
        }.refuses(.disagreement)
    }

    @Test(arguments: ["path", "linkpath", "size", "uid", "gid", "uname", "SCHILY.xattr.user.a"])
    func C06_aGlobalHeaderThatChangesEntriesIsRefused(_ key: String) throws {
        try trial { tar in
            tar.pax([PaxRecord(key, "1")], type: "g")
            tar.file("a")
        }.refuses(.hostile, .disagreement)
        try trial { tar in
            tar.pax([EntryPolicyTests.capability], type: "g")
            tar.file("a")
        }.refuses(.hostile)
        try trial { tar in
            tar.pax(["comment": "a git commit"], type: "g")
            tar.file("a")
        }.carries()
    }

    @Test func C07_sparseFilesAreCarriedAndDisputedOnesRefused() throws {
        let map = Array("1\n0\n4\n".utf8) + [UInt8](repeating: 0, count: 506)
        let version: KeyValuePairs = [
            "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "x",
            "GNU.sparse.realsize": "10",
        ]
        let body = map + Array("abcd".utf8)
        try trial { tar in
            tar.pax(version)
            tar.header(RawHeader("GNUSparseFile.0/x", size: UInt64(body.count)), body: body)
        }.carries()
        try trial { tar in
            tar.pax(["GNU.sparse.major": "2", "GNU.sparse.minor": "7", "GNU.sparse.name": "x"])
            tar.header(RawHeader("x", size: UInt64(body.count)), body: body)
        }.refuses(.disagreement)
    }

    @Test func C08_numbersOutOfRangeAreRefused() throws {
        for (field, value) in [
            (TarField.size, -1), (TarField.uid, -1), (TarField.uid, 1 << 32), (TarField.gid, -2),
            (TarField.size, .max), (TarField.mode, -1),
        ] as [(Range<Int>, Int64)] {
            var header = RawHeader("a")
            header.base256(value, at: field)
            let raw = header
            try trial { $0.header(raw) }.refuses(.malformed, .truncated, .limit, .disagreement)
        }
        var garbage = RawHeader("a")
        garbage.put("0o644", at: TarField.mode)
        let raw = garbage
        try trial { $0.header(raw) }.refuses(.malformed)
    }

    @Test(arguments: [-1, -62_135_596_800, 1 << 40] as [Int64])
    func C08_anyTimeIsCarried(_ time: Int64) throws {
        var header = RawHeader("a", mode: 0o4755)
        header.base256(time, at: TarField.modified)
        let raw = header
        let done = try trial { $0.header(raw) }.neutralises("/a")
        #expect(try walked(done.image().layers[0]).first?.meaning.modified == time)
    }

    @Test func C09_aWrongChecksumIsRefusedAndASignedOneTaken() throws {
        var header = RawHeader("bad").sealed()
        header[1] ^= 1
        let bad = header
        try trial { tar in
            tar.file("good")
            tar.raw(bad)
        }.refuses(.malformed, naming: "checksum", "offset")
        let signed = RawHeader([0xE9, 0xE8], mode: 0o4755).sealed(signed: true)
        try trial { $0.raw(signed) }.neutralises()
    }

    @Test func C10_oldAndForeignFormatsAreCarriedOrRefusedWhole() throws {
        try trial { $0.header(RawHeader("v7", mode: 0o4755, magic: .v7)) }.neutralises("/v7")
        try trial { $0.header(RawHeader("gnu", mode: 0o4755, magic: .gnu)) }.neutralises("/gnu")
        var prefixed = RawHeader("name", mode: 0o4755)
        prefixed.put("prefix/of", at: TarField.prefix)
        let ustar = prefixed
        try trial { $0.header(ustar) }.neutralises("/prefix/of/name")
        var star = prefixed
        star.put(String(repeating: "p", count: 140), at: TarField.prefix)
        star.put("tar\0", at: TarField.starTrailer)
        let long = star
        try trial { $0.header(long) }.refuses(.disagreement)
        // Volume labels, parts of other volumes, GNU's lists of names: no entry is dropped.
        for type in ["V", "M", "D", "N"] as [Character] {
            let trial = try trial { tar in
                tar.header(RawHeader("label", type: type, magic: .gnu))
                tar.file("su", mode: 0o4755)
            }
            do {
                let done = try trial.convert()
                #expect(done.images[0].plan.layers[0].changes.count == 1)
            } catch let error as DerootError {
                #expect(error.code != .io, "\(error)")
                #expect(try trial.populated.difference() == nil)
            }
        }
    }

    @Test(arguments: ["8", "9", "Z", "B"] as [Character])
    func C11_anUnknownTypeIsCarried(_ type: Character) throws {
        let done = try trial { tar in
            tar.header(RawHeader("odd", type: type, size: 3), body: [1, 2, 3])
            tar.file("a", "b")
        }.carries()
        #expect(try walked(done.image().layers[0]).count == 2)
    }

    /// Solaris' access lists, and bytes by which libarchive does not know a tar stream.
    @Test(arguments: ["A", "!", "\u{7F}"] as [Character])
    func C11_aTypeThatReadersDisputeIsRefused(_ type: Character) throws {
        try trial { tar in
            tar.header(RawHeader("odd", type: type, size: 3), body: [1, 2, 3])
            tar.file("a", "b")
        }.refuses(.disagreement, .malformed)
    }

    @Test(arguments: [".", "./", "/", "./a", "//a", "a//b", "a/./b", "/a/b/"])
    func C12_spellingsOfAPathAreCarriedAsTheyAre(_ name: String) throws {
        try trial { $0.header(RawHeader(name, type: "5", mode: 0o755)) }.carries()
        guard name.hasSuffix("a") || name.hasSuffix("b") else { return }
        try trial { $0.file(name, "x", mode: 0o4755) }.neutralises()
    }

    @Test func C12_aRootThatIsNoDirectoryIsRefused() throws {
        // CVE-2021-29136: a symbolic link named "/.".
        try trial { $0.link("/.", to: "/etc") }.refuses(.hostile, .malformed)
        try trial { $0.file("dir/", "body", mode: 0o4755) }.refuses(.disagreement)
        try trial { $0.file("", "body", mode: 0o4755) }.refuses(.disagreement, naming: "name")
    }
}
