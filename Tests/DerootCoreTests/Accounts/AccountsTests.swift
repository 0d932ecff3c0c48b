import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// Finding an image's account files in its merged view (hostile inputs E06 to E08).
struct AccountsTests {
    private static let row = "root:x:0:0:root:/root:/bin/sh\n"

    /// Reads the accounts of layers whose passwd, wherever it is, holds one row.
    private func accounts(_ builds: Build...) throws -> (Accounts, FileTree) {
        let tree = try FileTree(listings(builds))
        let accounts = try Accounts(in: tree) { (_) throws(DerootError) in Array(Self.row.utf8) }
        return (accounts, tree)
    }

    private func refusal(_ build: @escaping Build) throws -> DerootError {
        let error = try #require(throws: DerootError.self) { try accounts(build) }
        #expect(error.location.entry?.hasPrefix("etc/") == true)
        return error
    }

    @Test func readsWhatIsThere() throws {
        let (accounts, _) = try accounts { tar in
            tar.file("etc/passwd", "x")
            tar.file("etc/group", "x")
        }
        #expect(accounts.passwd.rows.count == 1)
        #expect(accounts.places[.passwd]?.entry == EntryRef(layer: 0, index: 0))
        #expect(accounts.places[.shadow]?.entry == nil)
        #expect(accounts.places[.shadow]?.path == "etc/shadow")
    }

    @Test func E06_absentOrHiddenIsEmpty() throws {
        for builds in [[], [{ $0.file("etc/passwd") }, { $0.file("etc/.wh.passwd") }]] as [[Build]]
        {
            let tree = try FileTree(listings(builds))
            let accounts = try Accounts(in: tree) { (_) throws(DerootError) in [] }
            #expect(accounts.passwd.rows.isEmpty)
            #expect(accounts.places[.passwd]?.entry == nil)
            #expect(accounts.places[.passwd]?.path == "etc/passwd")
        }
    }

    @Test(arguments: ["etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"])
    func E06_refusesWhatIsNoFile(_ path: String) throws {
        #expect(try refusal { $0.directory(path) }.code == .hostile)
        #expect(try refusal { $0.file("\(path)/x") }.code == .hostile)
        for type in ["3", "4", "6"] as [Character] {
            #expect(try refusal { $0.header(RawHeader(path, type: type)) }.code == .hostile)
        }
    }

    @Test func E06_refusesAnEndlessFile() throws {
        let content = String(repeating: "#", count: (1 << 20) + 1)
        #expect(try refusal { $0.file("etc/passwd", content) }.code == .hostile)
    }

    @Test func E06_refusesASparseFile() throws {
        let error = try refusal { tar in
            var header = RawHeader("etc/passwd", type: "S", magic: .gnu)
            header.octal(1 << 20, at: TarField.sparseRealSize)
            tar.header(header)
        }
        #expect(error.code == .hostile)
    }

    @Test(arguments: [
        ("../usr/etc/passwd", "usr/etc/passwd"), ("/usr/etc/passwd", "usr/etc/passwd"),
        ("nothere", "etc/nothere"),
    ])
    func E07_followsLinksInsideTheImage(_ target: String, _ path: String) throws {
        let (accounts, _) = try accounts { tar in
            tar.file("usr/etc/passwd", "x")
            tar.link("etc/passwd", to: target)
        }
        #expect(accounts.places[.passwd]?.path == TarPath(path))
        #expect((accounts.places[.passwd]?.entry == nil) == (target == "nothere"))
    }

    @Test func E07_followsALinkedDirectory() throws {
        let (accounts, _) = try accounts { tar in
            tar.file("private/etc/passwd", "x")
            tar.link("etc", to: "private/etc")
        }
        #expect(accounts.places[.passwd]?.path == "private/etc/passwd")
        #expect(accounts.places[.group]?.path == "private/etc/group")
    }

    @Test(arguments: ["../../passwd", "passwd", "/etc/passwd", "../../../etc/shadow"])
    func E07_refusesLoopsAndEscapes(_ target: String) throws {
        #expect(try refusal { $0.link("etc/passwd", to: target) }.code == .hostile)
    }

    @Test func E08_readsTheFileBehindAHardLink() throws {
        let (accounts, tree) = try accounts(
            { $0.file("real", "x") }, { $0.link("etc/passwd", to: "real", type: "1") })
        let entry = try #require(accounts.places[.passwd]?.entry)
        #expect(tree[entry].type == .file)
        #expect(entry.layer == 0)
        #expect(accounts.places[.passwd]?.path == "etc/passwd")
    }

    @Test func E08_readsTheTopmostFile() throws {
        let (accounts, _) = try accounts(
            { $0.file("etc/passwd", "x") }, { $0.file("etc/passwd", "y") })
        #expect(accounts.places[.passwd]?.entry == EntryRef(layer: 1, index: 0))
    }

    @Test func saysWhichFileIsBad() throws {
        let tree = try merged { $0.file("etc/group", "x") }
        let error = try #require(throws: DerootError.self) {
            try Accounts(in: tree) { (_) throws(DerootError) in Array("12:x:5:\n".utf8) }
        }
        #expect(error.location.entry == "etc/group")
    }
}
