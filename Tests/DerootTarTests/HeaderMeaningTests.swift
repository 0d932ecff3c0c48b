import DerootBytes
import DerootTar
import DerootTestSupport
import Testing

/// What headers mean, and which of them nobody should believe.
struct HeaderMeaningTests {
    /// A stream of one header that a closure has spoilt.
    static func tar(
        _ header: RawHeader = RawHeader("file"), pax: KeyValuePairs<String, String> = [:],
        body: Int = 0, _ change: (inout RawHeader) -> Void = { _ in }
    ) -> [UInt8] {
        var tar = TarBuilder()
        if !pax.isEmpty { tar.pax(pax) }
        var header = header
        change(&header)
        tar.header(header, body: [UInt8](repeating: 0x78, count: body))
        return tar.ended
    }

    private func refusal(_ bytes: [UInt8]) throws -> DerootError.Code {
        let error = try #require(throws: DerootError.self) { try framed(bytes) }
        #expect(error.location.offset != nil)
        // Whatever our framing refuses, the walk refuses too.
        #expect(throws: DerootError.self) { try walked(bytes) }
        return error.code
    }

    @Test func C08_refusesNumbersThatAreNone() throws {
        for field in [TarField.mode, TarField.uid, TarField.gid, TarField.size, TarField.modified] {
            #expect(try refusal(Self.tar { $0.put("9", at: field) }) == .malformed)
            #expect(try refusal(Self.tar { $0.put("\0x", at: field) }) == .malformed)
        }
    }

    @Test func C08_refusesNegativeAndHugeNumbers() throws {
        for field in [TarField.mode, TarField.uid, TarField.gid, TarField.size] {
            #expect(try refusal(Self.tar { $0.base256(-1, at: field) }) == .malformed)
        }
        for field in [TarField.uid, TarField.gid] {
            #expect(try refusal(Self.tar { $0.base256(4_294_967_295, at: field) }) == .malformed)
        }
        #expect(try refusal(Self.tar { $0.base256(.max, at: TarField.size) }) == .malformed)
        #expect(try refusal(Self.tar { $0.base256(.max - 1023, at: TarField.size) }) == .malformed)
    }

    @Test(arguments: ["uid", "gid"])
    func C08_refusesPaxIdsOutOfRange(_ key: String) throws {
        for value in ["4294967295", "-1", "", "0x1", "1 ", "99999999999999999999"] {
            #expect(try refusal(Self.tar(pax: ["\(key)": value])) == .malformed)
        }
        let meaning = try single(Self.tar(pax: ["\(key)": "4294967294"])).meaning
        #expect((key == "uid" ? meaning.uid : meaning.gid) == 4_294_967_294)
    }

    @Test func C08_keepsAnyModificationTime() throws {
        let tar = Self.tar { $0.base256(-5, at: TarField.modified) }
        #expect(try single(tar).meaning.modified == -5)
    }

    @Test(arguments: [("512", 0), ("0", 512), ("600", 512), ("8589934591", 0)] as [(String, Int)])
    func C01_paxSizeContradictsHeader(_ stated: String, _ size: Int) throws {
        let header = RawHeader("file", size: UInt64(size))
        #expect(
            try refusal(Self.tar(header, pax: ["size": stated], body: size)) == .disagreement)
    }

    @Test func C01_paxSizeRepeatsHeader() throws {
        let tar = Self.tar(RawHeader("file", size: 700), pax: ["size": "700"], body: 700)
        #expect(try single(tar).meaning.bodySize == 700)
    }

    @Test func C01_paxSizeStandsInForWhatOctalCannotHold() throws {
        var tar = TarBuilder()
        tar.pax(["size": "8589934592"])
        tar.raw(RawHeader("huge").sealed())
        let error = try #require(throws: DerootError.self) { try framed(tar.bytes) }
        #expect(error.code == .truncated)
        #expect(error.message.contains("8589934592"))
        // A size in the field that is another one, and no overflow, is a contradiction.
        #expect(
            try refusal(
                Self.tar(RawHeader("huge", size: 512), pax: ["size": "8589934592"], body: 512))
                == .disagreement)
    }

    @Test func C01_twoPaxSizesContradictEachOther() throws {
        let header = RawHeader("file", size: 512)
        let tar = Self.tar(header, pax: ["size": "0", "size": "512"], body: 512)
        #expect(try refusal(tar) == .disagreement)
    }

    @Test(arguments: ["-1", "", "x", "1e3", "99999999999999999999"])
    func C01_paxSizeIsNoNumber(_ value: String) throws {
        #expect(try refusal(Self.tar(pax: ["size": value])) == .malformed)
    }

    @Test(arguments: ["path", "linkpath", "uname", "gname", "GNU.sparse.name"])
    func C03_refusesANulInANameRecord(_ key: String) throws {
        let tar = Self.tar(RawHeader("l", type: "2"), pax: ["\(key)": "a\0b"])
        #expect(try refusal(tar) == .disagreement)
    }

    @Test(arguments: ["path", "linkpath", "GNU.sparse.name"])
    func C03_refusesAnEmptyNameRecord(_ key: String) throws {
        let tar = Self.tar(RawHeader("l", type: "2"), pax: ["\(key)": ""])
        #expect(try refusal(tar) == .disagreement)
    }

    @Test(arguments: ["L", "K"] as [Character])
    func C02_refusesAPaxHeaderBeforeALongName(_ type: Character) throws {
        var tar = TarBuilder()
        tar.pax(["size": "2048"])
        tar.extended(type, Array("longname.txt\0".utf8), magic: .gnu)
        tar.file("file_a", String(repeating: "a", count: 2048))
        #expect(try refusal(tar.ended) == .disagreement)
    }

    @Test func C05_refusesTwoOpinionsOfAName() throws {
        for (key, type) in [("path", "L"), ("linkpath", "K")] as [(String, Character)] {
            var tar = TarBuilder()
            tar.extended(type, Array("two\0".utf8), magic: .gnu)
            tar.pax(["\(key)": "one"])
            tar.link("short", to: "x")
            #expect(try refusal(tar.ended) == .disagreement)
        }
    }

    @Test func C05_takesALongNameBesideOtherRecords() throws {
        var tar = TarBuilder()
        tar.longName(Array("long".utf8))
        tar.pax(["mtime": "1.5", "SCHILY.xattr.user.a": "b"])
        tar.file("short")
        #expect(try walked(tar.ended).map(\.meaning.name) == [Array("long".utf8)])
    }

    @Test func refusesAModeRecord() throws {
        #expect(try refusal(Self.tar(pax: ["mode": "0004755"])) == .disagreement)
    }

    @Test(arguments: [
        "path", "linkpath", "uid", "gid", "uname", "gname", "size", "mode",
        "SCHILY.xattr.security.capability", "LIBARCHIVE.xattr.security.capability",
        "GNU.sparse.name", "hdrcharset", "SCHILY.xattr.user.x",
    ])
    func C06_refusesAPrivilegedGlobalRecord(_ key: String) throws {
        var tar = TarBuilder()
        tar.pax(["\(key)": "1"], type: "g")
        tar.file("a")
        #expect(try refusal(tar.ended) == .hostile)
    }

    @Test(arguments: ["comment", "mtime", "atime", "ctime", "charset"])
    func C06_takesAHarmlessGlobalRecord(_ key: String) throws {
        var tar = TarBuilder()
        tar.pax(["\(key)": "1"], type: "g")
        tar.file("a")
        #expect(try framed(tar.ended).count == 1)
    }

    @Test func refusesAPrefixWhoseMagicReadersDispute() throws {
        for magic in ["ustar00\0", "ustarxx\0", "ustar \0\0"] {
            let tar = Self.tar(RawHeader("a", magic: .raw(Array(magic.utf8)))) {
                $0.put("dir", at: TarField.prefix)
            }
            #expect(try refusal(tar) == .disagreement)
        }
    }

    @Test func C10_refusesAStarHeaderWithALongPrefix() throws {
        let tar = Self.tar {
            $0.put([UInt8](repeating: 0x61, count: 140), at: TarField.prefix)
            $0.put("tar\0", at: TarField.starTrailer)
        }
        #expect(try refusal(tar) == .disagreement)
    }

    @Test func C10_refusesAPrefixInAGNUHeader() throws {
        let tar = Self.tar(RawHeader("a", magic: .gnu)) { $0.put("dir", at: TarField.prefix) }
        #expect(try refusal(tar) == .disagreement)
    }

    @Test func C12_aFileNamedLikeADirectoryIsOne() throws {
        #expect(try single(Self.tar(RawHeader("dir/"))).meaning.type == .directory)
        let long = Self.tar(RawHeader("dir/", size: 5), body: 5)
        #expect(try refusal(long) == .disagreement)
        let setuid = Self.tar(RawHeader("dir/", mode: 0o4755))
        #expect(try refusal(setuid) == .disagreement)
    }

    @Test func C16_refusesAHardLinkWithABody() throws {
        let header = RawHeader("link", type: "1", size: 512)
        let tar = Self.tar(header, pax: ["size": "512"], body: 512) {
            $0.put("target", at: TarField.linkName)
        }
        #expect(try refusal(tar) == .disagreement)
    }

    /// Go takes such an entry for a plain file of the header's own name.
    @Test(
        arguments: [
            ["GNU.sparse.name": "a"], ["GNU.sparse.major": "1", "GNU.sparse.name": "a"],
            ["GNU.sparse.major": "1", "GNU.sparse.minor": "1", "GNU.sparse.name": "a"],
            ["GNU.sparse.major": "2", "GNU.sparse.minor": "0"], ["GNU.sparse.realsize": "5"],
            ["GNU.sparse.map": "", "GNU.sparse.name": "a"],
        ] as [KeyValuePairs<String, String>])
    func C07_refusesASparseFileOfNoKnownVersion(_ pax: KeyValuePairs<String, String>) throws {
        #expect(try refusal(Self.tar(pax: pax)) == .disagreement)
    }

    @Test func C07_refusesASparseDirectory() throws {
        let pax: KeyValuePairs = ["GNU.sparse.major": "1", "GNU.sparse.minor": "0"]
        #expect(try refusal(Self.tar(RawHeader("d", type: "5"), pax: pax)) == .disagreement)
    }

    @Test func readsEveryType() throws {
        let types: [(Character, EntryType)] = [
            ("0", .file), ("\0", .file), ("7", .file), ("1", .hardLink), ("2", .symlink),
            ("3", .characterDevice), ("4", .blockDevice), ("5", .directory), ("6", .fifo),
            ("Z", .other(0x5A)),
        ]
        for (flag, type) in types {
            let tar = Self.tar(RawHeader("name", type: flag)) {
                $0.put("target", at: TarField.linkName)
            }
            #expect(try single(tar).meaning.type == type)
        }
        #expect(EntryType.other(1).carriesPrivilege && EntryType.hardLink.carriesPrivilege)
        #expect(!EntryType.directory.carriesPrivilege && !EntryType.hardLink.hasBody)
    }

    @Test func aPaxRecordWinsOverTheHeader() throws {
        let tar = Self.tar(
            RawHeader("short", type: "2", uid: 1, gid: 2),
            pax: [
                "path": "first", "path": "long", "linkpath": "target", "uid": "70000", "gid": "3",
                "uname": "me", "gname": "us",
            ]
        ) { $0.put("root", at: TarField.userName) }
        let meaning = try single(tar).meaning
        #expect(meaning.name == Array("long".utf8))
        #expect(meaning.link == Array("target".utf8))
        #expect((meaning.uid, meaning.gid) == (70000, 3))
        #expect(meaning.userName == Array("me".utf8) && meaning.groupName == Array("us".utf8))
        #expect(meaning.records.count == 7)
    }
}
