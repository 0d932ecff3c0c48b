import DerootBytes
import DerootTar
import Testing

/// A place for bytes that a non-sending closure can fill.
private final class Collected {
    var bytes: [UInt8] = []
    var total: UInt64 = 0
}

/// Bytes of a name, shown in few words.
struct Name: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    var testDescription: String { printable(bytes.prefix(12)) + " (\(bytes.count) bytes)" }
}

@Suite struct TarWriterTests {
    private func written(
        _ entries: [(NewEntry, [UInt8])]
    ) throws -> [UInt8] {
        let collected = Collected()
        var writer = try unsafe TarWriter { bytes in
            unsafe collected.bytes.append(contentsOf: bytes)
        }
        for (entry, body) in entries {
            try writer.begin(entry)
            try writer.write(body)
        }
        try writer.finish()
        return collected.bytes
    }

    private func field(_ block: ArraySlice<UInt8>, _ offset: Int, _ count: Int) -> String {
        let start = block.startIndex + offset
        return String(decoding: block[start..<start + count].prefix { $0 != 0 }, as: UTF8.self)
    }

    @Test func plainEntriesAreUstarHeadersAndNothingElse() throws {
        let tar = try written([
            (NewEntry(path: Array("etc".utf8), kind: .directory, mode: 0o1777), []),
            (
                NewEntry(
                    path: Array("etc/passwd".utf8), kind: .file, mode: 0o644, uid: 65532,
                    gid: 12, userName: Array("app".utf8), modified: 1_700_000_000, size: 3),
                [1, 2, 3]
            ),
            (NewEntry(path: Array("l".utf8), kind: .symlink(target: [0x61]), mode: 0o777), []),
            (NewEntry(path: Array("h".utf8), kind: .hardLink(target: [0x6C]), mode: 0o600), []),
        ])
        // Four headers, one body block, two zero blocks.
        #expect(tar.count == 7 * 512)
        #expect(tar.suffix(1024).allSatisfy { $0 == 0 })
        let directory = tar[0..<512]
        #expect(field(directory, 0, 100) == "etc/")
        #expect(field(directory, 100, 8) == "001777 ")
        #expect(tar[156] == UInt8(ascii: "5"))
        #expect(field(directory, 257, 6) == "ustar")
        let file = tar[512..<1024]
        #expect(field(file, 0, 100) == "etc/passwd")
        #expect(field(file, 108, 8) == "177774 ")
        #expect(field(file, 116, 8) == "000014 ")
        #expect(field(file, 124, 12) == "00000000003 ")
        #expect(field(file, 136, 12) == "14524770400 ")
        #expect(field(file, 265, 32) == "app")
        #expect(tar[1024..<1027].elementsEqual([1, 2, 3]))
        #expect(tar[1536 + 156] == UInt8(ascii: "2"))
        #expect(field(tar[1536..<2048], 157, 100) == "a")
        #expect(tar[2048 + 156] == UInt8(ascii: "1"))
        #expect(field(tar[2048..<2560], 157, 100) == "l")
    }

    @Test func theSameEntriesGiveTheSameBytes() throws {
        let entries = (0..<50).map { number in
            (
                NewEntry(
                    path: Array("directory/\(number)/é".utf8), kind: .file, mode: 0o4755,
                    uid: 3_000_000, modified: Int64(number), size: 1), [UInt8(number)]
            )
        }
        let once = try written(entries)
        #expect(try written(entries) == once)
    }

    /// Names that have no meaning in the C locale, in any encoding, or at all.
    static let names: [Name] =
        ([
            Array("usr/share/\u{e9}t\u{e9}".utf8),
            Array("e\u{301}".utf8),
            [0x66, 0xFF, 0xFE, 0x80],
            [0xED, 0xA0, 0x80],
            [0x0A, 0x1B, 0x5B],
            [UInt8](repeating: 0x78, count: 300),
            Array("d/".utf8) + [UInt8](repeating: 0xC3, count: 5000),
        ] as [[UInt8]]).map(Name.init)

    @Test(arguments: names) func namesLeaveAsTheyCame(given: Name) throws {
        let name = given.bytes
        let entry = NewEntry(
            path: name, kind: .symlink(target: name), mode: 0o777, userName: Array(name.prefix(20)))
        let tar = try written([(entry, [])])
        let records = paxRecords(tar)
        let last = tar[(tar.count - 1536)..<(tar.count - 1024)]
        let path = records["path"] ?? Array(last.prefix(100).prefix { $0 != 0 })
        let link = records["linkpath"] ?? Array(last.dropFirst(157).prefix(100).prefix { $0 != 0 })
        #expect(path == name)
        #expect(link == name)
        #expect(records["atime"] == nil && records["ctime"] == nil)
    }

    @Test func nothingEndsUpInAFieldThatCannotHoldIt() throws {
        let entry = NewEntry(
            path: [0x61], kind: .directory, mode: 0o755, uid: .max, gid: 2_097_152, modified: -5)
        let records = paxRecords(try written([(entry, [])]))
        #expect(records["uid"] == Array("4294967295".utf8))
        #expect(records["gid"] == Array("2097152".utf8))
        #expect(records["mtime"] == Array("-5".utf8))
    }

    @Test func sizesAboveEightGiB() throws {
        let size: UInt64 = 9 << 30
        let collected = Collected()
        var writer = try unsafe TarWriter { bytes in
            if collected.total < 4096 { unsafe collected.bytes.append(contentsOf: bytes) }
            collected.total += UInt64(bytes.count)
        }
        try writer.begin(NewEntry(path: [0x62], kind: .file, mode: 0o644, size: size))
        let zeros = [UInt8](repeating: 0, count: 32 << 20)
        for _ in 0..<(size >> 25) { try writer.write(zeros) }
        try writer.finish()
        #expect(paxRecords(Array(collected.bytes))["size"] == Array("\(size)".utf8))
        #expect(collected.total == size + 5 * 512)
    }

    @Test func theSinksErrorComesOut() throws {
        var writer = try unsafe TarWriter { (_) throws(DerootError) in
            throw DerootError(.io, "the disk is full")
        }
        let error = try #require(throws: DerootError.self) {
            try writer.begin(NewEntry(path: [0x62], kind: .file, mode: 0o644, size: 1 << 20))
            try writer.write([UInt8](repeating: 7, count: 1 << 20))
        }
        #expect(error.message == "the disk is full")
    }

    @Test func anAbandonedWriterWritesNoEnd() throws {
        let collected = Collected()
        do {
            var writer = try unsafe TarWriter { bytes in
                unsafe collected.bytes.append(contentsOf: bytes)
            }
            try writer.begin(NewEntry(path: [0x62], kind: .directory, mode: 0o755))
        }
        #expect(collected.bytes.isEmpty)
    }

    @Test func bodiesHaveTheStatedSize() throws {
        let file = NewEntry(path: [0x62], kind: .file, mode: 0o644, size: 2)
        let long = try #require(throws: DerootError.self) { try written([(file, [1, 2, 3])]) }
        #expect(long.code == .mismatch)
        let short = try #require(throws: DerootError.self) { try written([(file, [1])]) }
        #expect(short.code == .mismatch)
    }

    @Test(arguments: [Name(bytes: []), Name(bytes: [0x61, 0, 0x62])])
    func namesThatTarCannotHold(given: Name) throws {
        let name = given.bytes
        for entry in [
            NewEntry(path: name, kind: .directory, mode: 0o755),
            NewEntry(path: [0x61], kind: .symlink(target: name), mode: 0o777),
            NewEntry(path: [0x61], kind: .hardLink(target: name), mode: 0o777),
        ] {
            let error = try #require(throws: DerootError.self) { try written([(entry, [])]) }
            #expect(error.code == .malformed)
        }
    }

    @Test func onlyFilesHaveBodies() throws {
        let entry = NewEntry(path: [0x61], kind: .directory, mode: 0o755, size: 1)
        let error = try #require(throws: DerootError.self) { try written([(entry, [1])]) }
        #expect(error.code == .malformed)
    }

    /// The records of the pax header that a stream begins with; empty where there is none.
    private func paxRecords(_ tar: [UInt8]) -> [String: [UInt8]] {
        guard tar.count > 512, tar[156] == UInt8(ascii: "x") else { return [:] }
        let size = Int(field(tar[0..<512], 124, 12).prefix { $0 != " " }, radix: 8) ?? 0
        var rest = tar[512..<512 + size]
        var records: [String: [UInt8]] = [:]
        while let space = rest.firstIndex(of: 0x20) {
            let length = Int(String(decoding: rest[..<space], as: UTF8.self)) ?? 0
            let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
            let equals = record.firstIndex(of: 0x3D) ?? record.endIndex
            let key = String(decoding: record[..<equals], as: UTF8.self)
            records[key] = Array(record[(equals + 1)...])
            rest = rest[(rest.startIndex + length)...]
        }
        return records
    }
}
