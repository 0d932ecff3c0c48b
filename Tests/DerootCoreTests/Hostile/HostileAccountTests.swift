import DerootBytes
import DerootCore
import DerootOCI
import DerootTar
import DerootTestSupport
import Testing

/// Hostile inputs E01 to E14: who the image says it is.
struct HostileAccountTests {
    private static let rows = "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n"

    private func trial(
        user: String = "", passwd: String = rows, group: String = "root:x:0:\napp:x:1001:\n",
        _ more: Build? = nil
    ) throws -> Trial {
        try Trial(.init(), settings: #""User":"\#(user)""#) { tar in
            tar.file("etc/passwd", passwd)
            tar.file("etc/group", group)
            more?(&tar)
        }
    }

    /// The whole `User` of the result.
    private func user(_ trial: Trial) throws -> String? {
        try trial.converts().image().config.user
    }

    @Test(arguments: ["1000:x:0:0::/:\n", "root:x:0:0::/:\n65532:x:0:0::/:\n", " 7:x:0:0::/:\n"])
    func E01_aNameOfDigitsIsRefused(_ passwd: String) throws {
        try trial(user: "1000", passwd: passwd).refuses(.hostile, .blocked)
    }

    @Test(arguments: [
        "4294967296", "2147483648", "-1", "0x0", "+0", " 0", "1e3", "99999999999999999999", "01000",
        "1000 ", "１０", "0b1", "1_000", "4294967295", "+1000",
    ])
    func E02_aNumberThatRuntimesReadDifferentlyIsRefused(_ user: String) throws {
        try trial(user: user).refuses(.blocked, .hostile, naming: "--user")
    }

    @Test func E03_theDefaultIsNoSmallNumberAndAlwaysHasAGroup() throws {
        #expect(try user(trial()) == "65532:65532")
        // A small one of the image's own keeps its number, and gets its group spelled out.
        #expect(try user(trial(user: "1", passwd: "daemon:x:1:1::/:\n")) == "1:1")
        #expect(try user(trial(user: "1", passwd: "")) == "1:0")
    }

    @Test(arguments: [
        "app:x::\n", "app\n", "app:x:abc:0::/:\n", "app:x:0x3e8:1::/:\n", "app:x:-5:1::/:\n",
        "app:x:4294967296:1::/:\n", "app:x: 1000:1::/:\n", "app::\n",
    ])
    func E04_aMalformedRowIsRefused(_ passwd: String) throws {
        try trial(user: "app", passwd: passwd).refuses(.blocked, .hostile)
    }

    @Test func E05_theFirstOfTwoRowsCounts() throws {
        let twice = "app:x:1000:1:::\napp:x:0:0:::\n"
        #expect(try user(trial(user: "app", passwd: twice)) == "1000:1")
        let root = "app:x:0:0:::\napp:x:1000:1:::\ntoor:x:0:0:::\n"
        #expect(try user(trial(user: "app", passwd: root)) == "65532:65532")
        #expect(try user(trial(user: "toor", passwd: root)) == "65532:65532")
        let taken = "nonroot:x:5:5:::\na:x:65532:0:::\nb:x:65532:0:::\n"
        #expect(try user(trial(passwd: taken)) == "65532:65532")
    }

    @Test func E06_anOddPasswdIsRefusedOrItsBytesStay() throws {
        for passwd in ["", "#c\n", "+::\nroot:x:0:0::/:", "root:x:0:0::/:\r\napp:x:7:7::/:\r\n"] {
            let done = try trial(passwd: passwd).converts()
            let after = try done.image().content("etc/passwd") ?? ""
            #expect(after.utf8.starts(with: passwd.utf8) && after.hasSuffix("nologin\n"))
        }
        try trial(passwd: "root:x:0:0::/:\0\n").refuses(.hostile, naming: "NUL")
        try trial(passwd: String(repeating: "x", count: 1 << 20 + 1)).refuses(.hostile)
        for type in ["3", "5", "6"] as [Character] {
            try Trial(.init()) { $0.header(RawHeader("etc/passwd", type: type)) }.refuses(.hostile)
        }
        try Trial(.init(), { $0.file("etc/passwd", "x:x:1:1:::\n") }, { $0.file("etc/.wh.passwd") })
            .converts()
    }

    @Test(arguments: [
        ("/conf/passwd", "conf/passwd"), ("../conf/passwd", "conf/passwd"),
        ("missing", "etc/missing"),
    ])
    func E07_aLinkedPasswdIsWrittenWhereItLeads(_ target: String, _ path: String) throws {
        let done = try Trial(.init()) { tar in
            tar.file("conf/passwd", "root:x:0:0::/:\n")
            tar.link("etc/passwd", to: target)
        }.converts()
        #expect(try done.image().content(TarPath(path))?.contains("nonroot:x:65532") == true)
    }

    @Test(arguments: ["/etc/passwd", "../../../outside", "../.."])
    func E07_aLinkThatLoopsOrLeavesIsRefused(_ target: String) throws {
        try Trial(.init()) { $0.link("etc/passwd", to: target) }.refuses(.hostile)
    }

    /// Runtimes that follow a link in an entry's path read other rows than those that replace it.
    @Test(arguments: [
        (["data/passwd"], "/etc"), (["data/group"], "etc"), (["data/.wh.passwd"], "etc"),
        (["data/.wh..wh..opq"], "etc"), (["data/etc/passwd"], "."), (["data/.wh.etc"], "/"),
        (["data/passwd", "data/"], "etc"),
    ])
    func E07_accountsWrittenThroughALinkInTheirPathAreRefused(
        _ names: [String], _ target: String
    ) throws {
        let rows = "root:x:0:0::/:\n1000:x:0:0::/:\napp:x:1000:1000::/:\n"
        let base: Build = { tar in
            tar.file("etc/passwd", "root:x:0:0::/:\napp:x:1000:1000::/:\n")
            tar.file("etc/group", "root:x:0:\napp:x:1000:\n")
            tar.link("data", to: target)
        }
        let written: Build = { tar in
            for name in names {
                if name.hasSuffix("/") { tar.directory(name) } else { tar.file(name, rows) }
            }
        }
        let settings = #""User":"app""#
        try Trial(.init(), settings: settings, base, written).refuses(.disagreement, naming: "link")
        if names[0].contains(".wh.") { return }
        try Trial(
            .init(), settings: settings,
            { tar in
                base(&tar); written(&tar)
            }
        )
        .refuses(.disagreement, naming: "link")
    }

    @Test func E07_aReplacedLinkToAccountsIsRefused() throws {
        try Trial(
            .init(), settings: #""User":"app""#,
            { tar in
                tar.file("conf/passwd", "root:x:0:0::/:\napp:x:1000:1000::/:\n")
                tar.link("etc", to: "conf")
            }, { $0.file("etc/passwd", "root:x:0:0::/:\napp:x:0:0::/:\n") }
        ).refuses(.disagreement, naming: "etc/passwd")
    }

    @Test func E08_aHardLinkedOrReplacedPasswdIsTheFinalOne() throws {
        let done = try Trial(
            .init(), settings: #""User":"app""#, { $0.file("etc/passwd", "app:x:0:0:::\n") },
            { $0.file("etc/other", "app:x:1000:7:::\n") },
            { $0.link("etc/passwd", to: "etc/other", type: "1", mode: 0o644) }
        ).converts()
        #expect(try done.image().config.user == "1000:7")
        // The other name of the file does not change with it.
        #expect(try done.image().content("etc/other") == "app:x:1000:7:::\n")
    }

    @Test(arguments: [
        "a:b", "a\nb", "-a", "a/b", "0:0", "0", "é", "A", String(repeating: "a", count: 33), "",
        "1000:", ":1000", "1000:1000:1000", "2147483648",
    ])
    func E09_aUserThatIsNoneIsRefusedOnTheCommandLine(_ text: String) throws {
        let error = try #require(throws: DerootError.self) { try ConversionOptions(user: text) }
        #expect(error.code == .usage)
    }

    @Test func E10_groupsAreReadAsCarefully() throws {
        try trial(user: "app:wheel", group: "wheel:x:abc:\n").refuses(.blocked)
        try trial(user: "app:4294967296").refuses(.blocked)
        try trial(user: "1000:5", group: "5:x:0:\n").refuses(.hostile)
        // GID 0 is the image's own choice, and stays.
        #expect(try user(trial(user: "1000:0")) == "1000:0")
        #expect(try user(trial(user: "app:root")) == "1000:0")
    }

    @Test(arguments: [
        ("", "65532:65532"), ("root", "65532:65532"), ("0", "65532:65532"),
        ("0:1000", "65532:65532"), ("root:app", "65532:65532"), ("1000:0", "1000:0"),
        ("app:root", "1000:0"), ("1000", "1000:1001"), ("7", "7:0"), (":5", "65532:65532"),
        ("00", "65532:65532"),
    ])
    func E11_whatUserMeans(_ before: String, _ after: String) throws {
        #expect(try user(trial(user: before)) == after)
    }

    @Test func E12_theResultIsAlwaysNumeric() throws {
        #expect(try user(trial(user: "app")) == "1000:1001")
        #expect(try user(trial(user: "app:app")) == "1000:1001")
        var named = try trial()
        named.options = try ConversionOptions(user: "app")
        #expect(try user(named) == "1000:1001")
    }

    @Test func E13_databasesAndBackupsAreCarried() throws {
        let done = try trial { tar in
            tar.file("etc/passwd-", "old")
            tar.file("lib/apk/db/installed", "P:x")
            tar.file("var/lib/dpkg/status", "Package: x")
        }.carries()
        #expect(try done.image().content("etc/passwd-") == "old")
    }

    @Test(arguments: ["dev", "proc", "sys", "etc/hosts", "etc/resolv.conf"])
    func E14_linksInThePlacesOfMountsAreCarried(_ path: String) throws {
        let done = try trial { $0.link(path, to: "/tmp/elsewhere") }.carries()
        #expect(try done.image().tree().entry(at: TarPath(path)) != nil)
    }
}
