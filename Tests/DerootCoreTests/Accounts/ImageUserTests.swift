import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// Makes accounts of texts.
func accounts(passwd: String? = nil, group: String? = nil) throws -> Accounts {
    let tree = try merged { tar in
        if passwd != nil { tar.file("etc/passwd") }
        if group != nil { tar.file("etc/group") }
    }
    return try Accounts(in: tree) { (entry) throws(DerootError) in
        let isPasswd = tree.layers[entry.layer].path(entry.index) == "etc/passwd"
        return Array(((isPasswd ? passwd : group) ?? "").utf8)
    }
}

/// What a config's User means (hostile inputs E02, E04, E11).
struct ImageUserTests {
    static let passwd = """
        root:x:0:0:root:/root:/bin/sh
        toor:x:0:0::/root:/bin/sh
        app:x:1000:1001::/app:/bin/sh
        nobody:x:65534:65534::/:/bin/false
        zero:x:2000:0::/:/bin/sh
        huge:x:3000000000:1:::
        hugegroup:x:3001:3000000000:::
        app:x:5:5:::
        empty:x::::
        text:x:abc:5:::
        nogroup:x:77::::
        short
        """
    static let group = """
        root:x:0:
        users:x:100:app
        bad:x:abc:
        huge:x:3000000000:
        """

    private func user(_ text: String?) throws -> ImageUser {
        try ImageUser(text, in: accounts(passwd: Self.passwd, group: Self.group))
    }

    @Test(
        arguments: [
            nil, "", "root", "0", "00", "000000000000000000000", "0:0", "0:1000", "root:root",
            "root:users", "toor", "toor:100", ":", ":100", "0:users",
        ] as [String?])
    func E11_isRoot(_ text: String?) throws {
        #expect(try user(text) == .root)
    }

    @Test(
        arguments: [
            ("app", 1000, 1001), ("app:users", 1000, 100), ("app:0", 1000, 0),
            ("app:root", 1000, 0),
            ("app:5", 1000, 5), ("1000", 1000, 1001), ("1000:", 1000, 1001),
            ("1000:1000", 1000, 1000),
            ("4242", 4242, 0), ("4242:users", 4242, 100), ("nobody:root", 65534, 0),
            ("zero", 2000, 0),
            ("1", 1, 0), ("2147483647:2147483647", 2_147_483_647, 2_147_483_647),
            ("app:00", 1000, 0),
            ("5", 5, 5),
        ] as [(String, UInt32, UInt32)])
    func E11_isNot(_ text: String, _ uid: UInt32, _ gid: UInt32) throws {
        #expect(try user(text) == .nonRoot(uid: uid, gid: gid))
    }

    @Test(arguments: [
        "4294967296", "2147483648", "4294967295", "-1", "0x0", "+0", " 0", "0 ", "1e3", "01000",
        "99999999999999999999", "18446744073709551616", "1000:2147483648", "1000:-1", "1000:01",
        "1000:0x0", "app:4294967296",
    ])
    func E02_refusesNumbersThatRuntimesReadDifferently(_ text: String) throws {
        let error = try #require(throws: DerootError.self) { try user(text) }
        #expect(error.code == .blocked)
        #expect(error.advice?.contains("--user") == true)
    }

    @Test(arguments: ["empty", "text", "short", "nogroup"])
    func E04_refusesAMalformedRow(_ text: String) throws {
        #expect(try #require(throws: DerootError.self) { try user(text) }.code == .blocked)
    }

    @Test(arguments: [
        "missing", "app:missing", "app:bad", "App", "app ", "1000:a:b", "app:users:x",
    ])
    func E11_refusesWhatDoesNotResolve(_ text: String) throws {
        #expect(try #require(throws: DerootError.self) { try user(text) }.code == .blocked)
    }

    /// runc and containerd refuse ids above 2147483647, wherever they come from.
    @Test(arguments: ["huge", "hugegroup", "app:huge", "3001"])
    func E02_refusesIdsOfRowsOutOfRange(_ text: String) throws {
        #expect(try #require(throws: DerootError.self) { try user(text) }.code == .blocked)
    }

    @Test func E06_aNameNeedsAPasswd() throws {
        let none = try accounts()
        #expect(throws: DerootError.self) { try ImageUser("app", in: none) }
        #expect(try ImageUser("1000", in: none) == .nonRoot(uid: 1000, gid: 0))
    }
}
