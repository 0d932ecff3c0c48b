import DerootBytes
import DerootCore
import DerootOCI
import DerootTar
import DerootTestSupport
import Testing

/// What is decided about a whole image: identity, directories, home.
struct ImagePlannerTests {
    static let accounts: Build = { tar in
        tar.directory("etc")
        tar.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/app:/bin/sh")
        tar.file("etc/group", "root:x:0:\napp:x:1001:\n", mode: 0o664)
        tar.directory("tmp", mode: 0o1777)
    }

    @Test func aScratchImageGetsAllItNeeds() throws {
        let plan = try plan([{ $0.file("app") }])
        #expect(plan.userAfter == "65532:65532")
        #expect(
            plan.addedLines == [
                "0755 0:0 /etc", "0644 0:0 /etc/group", "0644 0:0 /etc/passwd", "0755 0:0 /home",
                "0700 65532:65532 /home/nonroot", "1777 0:0 /tmp",
            ])
        #expect(
            plan.content("etc/passwd")
                == "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")
        #expect(plan.content("etc/group") == "nonroot:x:65532:\n")
    }

    @Test func E06_accountsKeepTheirBytes() throws {
        let plan = try plan([Self.accounts])
        let content = try #require(plan.content("etc/passwd"))
        #expect(
            content.hasPrefix(
                "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/app:/bin/sh\nnonroot:"))
        #expect(plan.content("etc/group") == "root:x:0:\napp:x:1001:\nnonroot:x:65532:\n")
        // Not writable for the group, whatever it was.
        #expect(plan.addedLines.contains("0644 0:0 /etc/group"))
    }

    @Test func anImageThatIsRightAlreadyIsLeftAlone() throws {
        let plan = try plan(settings: #""User":"1000:1001""#, [Self.accounts])
        #expect(plan.isEmpty)
        #expect(plan.added.isEmpty)
    }

    @Test func E12_aNamedUserBecomesNumbersAndNothingElse() throws {
        let plan = try plan(settings: #""User":"app""#, [Self.accounts])
        #expect(plan.userBefore == "app" && plan.userAfter == "1000:1001")
        #expect(plan.added.isEmpty && plan.changed.isEmpty)
        #expect(!plan.isEmpty)
    }

    @Test func E07_writesAccountsWhereTheirLinksLead() throws {
        let plan = try plan([
            { tar in
                tar.file("usr/etc/passwd", "root:x:0:0::/:\n")
                tar.link("etc/passwd", to: "/usr/etc/passwd")
                tar.link("etc/group", to: "../var/lib/nowhere")
            }
        ])
        #expect(plan.content("usr/etc/passwd")?.hasPrefix("root:x:0:0::/:\nnonroot:") == true)
        #expect(plan.content("etc/passwd") == nil)
        #expect(plan.content("var/lib/nowhere") == "nonroot:x:65532:\n")
    }

    @Test func E08_aHardLinkedPasswdIsWrittenAnew() throws {
        let plan = try plan([
            { tar in
                tar.file("real", "root:x:0:0::/:\n")
                tar.link("etc/passwd", to: "real", type: "1")
            }
        ])
        #expect(plan.content("etc/passwd")?.hasPrefix("root:x:0:0::/:\nnonroot:") == true)
        #expect(plan.content("real") == nil)
    }

    @Test func E06_aWhitedOutPasswdIsNoMore() throws {
        let plan = try plan([Self.accounts, { $0.file("etc/.wh.passwd") }])
        #expect(plan.content("etc/passwd")?.hasPrefix("nonroot:") == true)
    }

    @Test func lockedShadowRowsWhereThereIsAShadow() throws {
        let plan = try plan([
            Self.accounts,
            { tar in
                tar.file("etc/shadow", "root:*:19000:0:99999:7:::\n", mode: 0o640, gid: 42)
                tar.file("etc/gshadow", "root:*::\n", mode: 0o640, gid: 42)
            },
        ])
        #expect(plan.content("etc/shadow") == "root:*:19000:0:99999:7:::\nnonroot:!:::::::\n")
        #expect(plan.content("etc/gshadow") == "root:*::\nnonroot:!::\n")
        #expect(plan.addedLines.contains("0640 0:42 /etc/shadow"))
        #expect(plan.addedLines.contains("0640 0:42 /etc/gshadow"))
    }

    @Test func neverASecondShadowRow() throws {
        let plan = try plan([Self.accounts, { $0.file("etc/shadow", "nonroot:*::::::\n") }])
        #expect(plan.content("etc/shadow") == nil)
        #expect(plan.content("etc/passwd") != nil)
    }

    @Test func E01_aNumericNameIsRefused() throws {
        let error = try #require(throws: DerootError.self) {
            try plan([{ $0.file("etc/passwd", "1000:x:0:0::/:/bin/sh\n") }])
        }
        #expect(error.code == .hostile)
        #expect(error.location.entry == "etc/passwd")
        #expect(error.location.blob != nil)
    }

    @Test(arguments: ["missing", "4294967296", "-1"])
    func E02_anImpossibleUserBlocks(_ user: String) throws {
        let error = try #require(throws: DerootError.self) {
            try plan(settings: "\"User\":\"\(user)\"", [Self.accounts])
        }
        #expect(error.code == .blocked)
    }

    @Test func aLongNameIsNotCutIntoAnother() throws {
        let name = String(repeating: "n", count: 40)
        let plan = try plan(
            try ConversionOptions(own: ["/app"]), settings: "\"User\":\"\(name)\"",
            [
                { tar in
                    tar.file("etc/passwd", "\(name):x:1000:1000::/:\n")
                    var header = RawHeader("app")
                    header.put("root", at: TarField.userName)
                    tar.header(header)
                }
            ])
        #expect(plan.owner.userName.isEmpty)
        #expect(plan.userAfter == "1000:1000")
    }

    @Test(
        arguments: [
            (#""Env":["PATH=/bin"]"#, nil, nil),
            (#""Env":["HOME=/root"]"#, "/root", "/home/nonroot"),
            (#""Env":["HOME=/app"]"#, "/app", "/app"),
            (#""Env":["HOME=/nowhere/yet"]"#, "/nowhere/yet", "/nowhere/yet"),
            (#""Env":["HOME=/app","HOME=/root"]"#, "/root", "/home/nonroot"),
            (#""Env":["HOME=/link"]"#, "/link", "/home/nonroot"),
        ] as [(String, String?, String?)])
    func homeMovesWhereItIsClosed(_ env: String, _ before: String?, _ after: String?) throws {
        let plan = try plan(
            settings: env,
            [
                { tar in
                    tar.directory("root", mode: 0o700)
                    tar.directory("app", mode: 0o755)
                    tar.link("link", to: "root")
                }
            ])
        #expect(plan.homeBefore == before)
        #expect(plan.homeAfter == after)
    }
}
