import DerootBytes
import DerootCore
import Testing

/// Who the result runs as: always numbers, never root, never a second row for one id or name.
struct IdentityTests {
    private static let passwd = ImageUserTests.passwd
    private static let group = ImageUserTests.group

    private func identity(
        _ choice: String, user: String? = nil, passwd: String? = passwd, group: String? = group
    ) throws -> Identity {
        try Identity(
            Identity.Choice(parsing: choice), imageUser: user,
            in: accounts(passwd: passwd, group: group))
    }

    @Test(arguments: [
        "0", "0:0", "00", "-1", "+1", " 1", "1 ", "1:", ":1", "1:2:3", "01", "1:01", "4294967295",
        "2147483648", "1:2147483648", "1:-1", "0x10", "1e3", "", "root:x", "a:b", "App", "-app",
        "app\n", "app:x:0:0", "a/b", "größe", "1:root", "99999999999999999999",
        "abcdefghijklmnopqrstuvwxyz1234567",
    ])
    func E09_refusesWhatIsNoUser(_ text: String) throws {
        let error = try #require(throws: DerootError.self) { try Identity.Choice(parsing: text) }
        #expect(error.code == .usage)
    }

    @Test(
        arguments: [
            ("auto", .auto), ("adopt", .adopt), ("1", .numbers(uid: 1, gid: nil)),
            ("1:0", .numbers(uid: 1, gid: 0)),
            ("2147483647:2147483647", .numbers(uid: 2_147_483_647, gid: 2_147_483_647)),
            ("app", .name("app")), ("_a-b_9", .name("_a-b_9")), ("root", .name("root")),
        ] as [(String, Identity.Choice)])
    func readsAChoice(_ text: String, _ choice: Identity.Choice) throws {
        #expect(try Identity.Choice(parsing: text) == choice)
    }

    @Test func anImageOfRootGetsTheDefault() throws {
        for user in [nil, "", "root", "0:0", "toor"] {
            let identity = try identity("auto", user: user)
            #expect(identity.user == "65532:65532")
            #expect(
                identity.passwdRow == "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin")
            #expect(identity.groupRow == "nonroot:x:65532:")
            #expect(identity.home == Array("/home/nonroot".utf8))
        }
    }

    @Test func E12_anImagesOwnUserBecomesNumbers() throws {
        let identity = try identity("auto", user: "app:users")
        #expect(identity.user == "1000:100")
        #expect(identity.passwdRow == nil && identity.groupRow == nil)
        #expect(identity.userName == Array("app".utf8))
        #expect(identity.groupName == Array("users".utf8))
        #expect(identity.home == Array("/app".utf8))
    }

    @Test func aUserWithoutARowGetsOne() throws {
        let identity = try identity("auto", user: "4242")
        #expect(identity.user == "4242:0")
        #expect(identity.passwdRow == "nonroot:x:4242:0:nonroot:/home/nonroot:/sbin/nologin")
        #expect(identity.groupRow == nil)
    }

    @Test(arguments: [
        ("1000", "1000:1001"), ("1000:7", "1000:7"), ("4242", "4242:4242"), ("app", "1000:1001"),
        ("nobody", "65534:65534"), ("4242:0", "4242:0"), ("zero", "2000:0"),
    ])
    func followsTheCommandLine(_ choice: String, _ user: String) throws {
        #expect(try identity(choice, user: "root").user == user)
    }

    @Test(arguments: ["root", "toor", "missing", "empty", "text", "huge"])
    func E04_refusesAnAccountThatIsNotOne(_ name: String) throws {
        let error = try #require(throws: DerootError.self) { try identity(name) }
        #expect(error.code == .blocked)
    }

    @Test func E02_refusesAGroupOutOfRange() throws {
        let error = try #require(throws: DerootError.self) { try identity("3001") }
        #expect(error.code == .blocked)
        #expect(try identity("3001:5").user == "3001:5")
    }

    @Test func E05_takesNeitherANameNorANumberTwice() throws {
        let passwd = "nonroot:x:5:5:::\nnonroot1:x:6:6:::\n"
        let other = try identity("auto", passwd: passwd, group: "nonroot:x:9:\n")
        #expect(other.passwdRow?.hasPrefix("nonroot2:x:65532:65532:") == true)
        #expect(other.groupRow == "nonroot1:x:65532:")
        let same = try identity("auto", passwd: "me:x:65532:65532::/me:\n", group: "us:x:65532:\n")
        #expect(same.passwdRow == nil && same.groupRow == nil)
        #expect(same.userName == Array("me".utf8) && same.home == Array("/me".utf8))
    }

    @Test func E06_worksWithoutAnyAccounts() throws {
        let identity = try identity("auto", passwd: nil, group: nil)
        #expect(identity.user == "65532:65532")
        #expect(identity.passwdRow != nil && identity.groupRow != nil)
    }

    @Test func groupZeroIsNeverAdded() throws {
        let identity = try identity("5:0", passwd: nil, group: nil)
        #expect(identity.groupRow == nil)
        #expect(identity.groupName == Array("root".utf8))
    }

    /// Whatever image and option say, root does not come out.
    @Test func neverRoot() throws {
        let users = [nil, "", "0", "root", "app", "app:root", "1000", "nobody:0", "4242", "zero"]
        for user in users {
            for choice in ["auto", "1", "app", "65532:0", "zero"] {
                let identity = try identity(choice, user: user)
                #expect(identity.uid > 0 && identity.uid <= 2_147_483_647)
                #expect(identity.gid <= 2_147_483_647)
                #expect(identity.user == "\(identity.uid):\(identity.gid)")
            }
        }
    }
}
