import DerootBytes
import DerootTar
import DerootTestSupport
import Testing

/// Changing headers: exactly what was asked for, and not one byte more.
struct HeaderEditsTests {
    private static let target = HeaderChange.Owner(
        uid: 65532, gid: 65533, userName: Array("nonroot".utf8), groupName: Array("users".utf8))

    private func changed(_ bytes: [UInt8], _ change: HeaderChange) throws -> HeaderGroup {
        let group = try single(bytes)
        return try single(applying(group.edits(for: change), to: bytes))
    }

    private func owned() -> HeaderChange {
        var change = HeaderChange()
        change.owner = Self.target
        return change
    }

    private func cleared() -> HeaderChange {
        var change = HeaderChange()
        change.clear = 0o6000
        return change
    }

    @Test func nothingToDoIsNoEdit() throws {
        var tar = TarBuilder()
        tar.pax(["SCHILY.xattr.user.a": "b"])
        tar.file("a", mode: 0o755, uid: 65532, gid: 65533)
        let group = try single(tar.ended)
        #expect(group.edits(for: HeaderChange()).isEmpty)
        #expect(group.edits(for: cleared()).isEmpty)
        #expect(group.edits(for: owned()).isEmpty)
        var strip = HeaderChange()
        strip.capabilities = .strip
        #expect(group.edits(for: strip).isEmpty)
        #expect(group.bytes(applying: owned()) == group.bytes)
    }

    @Test func D01_clearsSetuidAndTouchesModeAndChecksumOnly() throws {
        var tar = TarBuilder()
        tar.file("bin/su", "body", mode: 0o6755)
        let edits = try single(tar.ended).edits(for: cleared())
        let touched = edits.flatMap { Array(Int($0.offset)..<Int($0.end)) }
        #expect(touched.allSatisfy { TarField.mode.contains($0) || TarField.checksum.contains($0) })
        #expect(edits.allSatisfy { $0.delete == $0.insert.count })
        #expect(try changed(tar.ended, cleared()).meaning.mode == 0o755)
    }

    @Test func D01_keepsTheTypeBitsThatSomeWritersPutIntoTheMode() throws {
        var tar = TarBuilder()
        tar.file("su", mode: 0o104755)
        let group = try changed(tar.ended, cleared())
        #expect(String(decoding: group.field(TarField.mode), as: UTF8.self) == "0100755\0")
    }

    @Test func setsBits() throws {
        var tar = TarBuilder()
        tar.directory("tmp", mode: 0o755)
        var change = HeaderChange()
        change.set = 0o1022
        #expect(try changed(tar.ended, change).meaning.mode == 0o1777)
        #expect(change.mode(from: 0o4700) == 0o5722)
    }

    /// Extractors that resolve names would give the file back to root.
    @Test(arguments: [("root", "wheel"), ("", ""), ("root", ""), ("", "wheel")])
    func aNewOwnerIsNamedWhereTheOldOneWas(_ user: String, _ group: String) throws {
        for magic in [RawHeader.Magic.ustar, .gnu] {
            var header = RawHeader("a", magic: magic)
            header.put(user, at: TarField.userName)
            header.put(group, at: TarField.groupName)
            var tar = TarBuilder()
            tar.header(header)
            let meaning = try changed(tar.ended, owned()).meaning
            #expect((meaning.uid, meaning.gid) == (65532, 65533))
            #expect(meaning.userName == (user.isEmpty ? [] : Self.target.userName))
            #expect(meaning.groupName == (group.isEmpty ? [] : Self.target.groupName))
        }
    }

    @Test func anOwnerInPaxRecordsChangesThere() throws {
        var tar = TarBuilder()
        tar.pax([
            "mtime": "1.25", "uid": "4000000", "VENDOR.x": "y", "gid": "5", "uname": "root",
            "gname": "", "comment": "z",
        ])
        tar.file("a")
        let group = try changed(tar.ended, owned())
        #expect(
            group.meaning.records == [
                PaxRecord("mtime", "1.25"), PaxRecord("uid", "65532"), PaxRecord("VENDOR.x", "y"),
                PaxRecord("gid", "65533"), PaxRecord("uname", "nonroot"), PaxRecord("gname", ""),
                PaxRecord("comment", "z"),
            ])
        #expect((group.meaning.uid, group.meaning.gid) == (65532, 65533))
        #expect(TarNumber.parse(group.field(TarField.uid)) == 65532)
    }

    @Test func D07_aPaxHeaderThatLosesItsLastRecordGoes() throws {
        let capability: [UInt8] = [1, 0, 0, 2] + [UInt8](repeating: 0, count: 16)
        var tar = TarBuilder()
        tar.pax([PaxRecord("SCHILY.xattr.security.capability", capability)])
        tar.file("ping", "body")
        var change = HeaderChange()
        change.capabilities = .strip
        let group = try changed(tar.ended, change)
        #expect(group.parts.isEmpty)
        #expect(group.bytes.count == 512)
        #expect(group.meaning.name == Array("ping".utf8))
    }

    @Test func D07_theOtherRecordsStay() throws {
        let capability: [UInt8] = [1, 0, 0, 2] + [UInt8](repeating: 0, count: 16)
        var tar = TarBuilder()
        tar.pax([
            PaxRecord("mtime", "1.5"), PaxRecord("SCHILY.xattr.security.capability", capability),
            PaxRecord("LIBARCHIVE.xattr.security.capability", "AQAAAg"),
            PaxRecord("SCHILY.xattr.security.selinux", "label\0"),
        ])
        tar.file("ping", "body")
        var change = HeaderChange()
        change.capabilities = .strip
        let group = try changed(tar.ended, change)
        #expect(
            group.meaning.records == [
                PaxRecord("mtime", "1.5"), PaxRecord("SCHILY.xattr.security.selinux", "label\0"),
            ])
        #expect(group.parts.count == 1)
    }

    @Test func writesAnotherSizeForAnAddedLayer() throws {
        var tar = TarBuilder()
        tar.pax(["mtime": "7.5"])
        tar.file("etc/passwd", "root", mode: 0o666, uid: 3)
        let bytes = try single(tar.ended).bytes(applying: owned(), size: 700)
        let group = try single(bytes + [UInt8](repeating: 0x78, count: 1024))
        #expect(group.meaning.bodySize == 700)
        #expect(group.meaning.uid == 65532)
        #expect(group.meaning.records == [PaxRecord("mtime", "7.5")])
    }

    @Test func longNamesAreCutToTheField() throws {
        var change = owned()
        change.owner?.userName = [UInt8](repeating: 0x6E, count: 60)
        var header = RawHeader("a")
        header.put("root", at: TarField.userName)
        var tar = TarBuilder()
        tar.header(header)
        #expect(try changed(tar.ended, change).meaning.userName.count == 31)
    }

    /// Old tools left-justified their numbers, checksums too.
    @Test func staysReadableWhereAChecksumGrows() throws {
        var header = RawHeader("a", magic: .v7)
        for field in [TarField.uid, TarField.gid] { header.put("0", at: field) }
        var bytes = header.sealed()
        let sum = TarNumber.checksums(bytes[...]).unsigned
        let digits = Array(String(sum, radix: 8).utf8)
        bytes.replaceSubrange(
            TarField.checksum, with: digits + [UInt8](repeating: 0, count: 8 - digits.count))
        let tar = bytes + [UInt8](repeating: 0, count: 1024)
        let group = try changed(tar, owned())
        #expect((group.meaning.uid, group.meaning.gid) == (65532, 65533))
        #expect(group.field(TarField.uid).first != 0x80)
    }
}
