import DerootBytes
import DerootCore
import Testing

struct AccountFileTests {
    private func file(_ text: String) throws -> AccountFile { try AccountFile(Array(text.utf8)) }

    @Test func readsRows() throws {
        let file = try file(
            "root:x:0:0:root:/root:/bin/sh\n\n# comment:x:5:5\n+::::::\n-user\n  app:x:1000:1001:App:/app:\r\nlast:x:7:8"
        )
        #expect(
            file.rows.map { String(decoding: $0.name, as: UTF8.self) } == ["root", "app", "last"])
        #expect(file.rows.map(\.line) == [1, 6, 7])
        #expect(file.rows.map(\.id) == [0, 1000, 7])
        #expect(file.rows.map(\.groupID) == [0, 1001, 8])
        #expect(file.rows[1].home == Array("/app".utf8))
        #expect(file.rows[2].home.isEmpty)
    }

    @Test func readsMembersOfGroups() throws {
        let file = try file("docker:x:998:alice,bob\nempty:x:999:\nshort:x:5\n")
        #expect(file.rows.map(\.members) == [[Array("alice".utf8), Array("bob".utf8)], [], []])
    }

    @Test(arguments: ["1000:x:0:0::/:/bin/sh", "0:x:5:5", "root:x:0:0\n123:x:1:1:::\n"])
    func E01_refusesANameOfDigits(_ text: String) throws {
        let error = try #require(throws: DerootError.self) { try file(text) }
        #expect(error.code == .hostile)
    }

    @Test func E06_refusesANul() throws {
        let error = try #require(throws: DerootError.self) { try file("root:x:0:0\0:/:/bin/sh\n") }
        #expect(error.code == .hostile)
    }

    /// Go trims them and takes the rest for the name; libc does not.
    @Test(arguments: [
        "\u{A0}", "\u{85}", "\u{1680}", "\u{2000}", "\u{200A}", "\u{2028}", "\u{202F}", "\u{205F}",
        "\u{3000}", "\u{0B}",
    ])
    func E04_aRowThatBeginsOrEndsWithAnOddBlankIsRefused(_ blank: String) throws {
        for text in ["\(blank)app:x:0:0::/:\n", "a:x:1:1::/:\napp:x:0:0::/:/bin/sh\(blank)\n"] {
            let error = try #require(throws: DerootError.self) { try file(text) }
            #expect(error.code == .hostile)
            #expect(error.message.contains("odd blanks"))
        }
        #expect(try file("app:x:1:1:a\(blank == "\u{0B}" ? " " : blank)b:/:\n").rows.count == 1)
    }

    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("65532", 65532), ("4294967294", 4_294_967_294),
            ("4294967295", nil), ("4294967296", nil), ("99999999999999999999", nil), ("", nil),
            ("00", nil), ("007", nil), ("-1", nil), ("+0", nil), (" 0", nil), ("0 ", nil),
            ("0x0", nil),
            ("1e3", nil), ("1_0", nil), ("１", nil),
        ] as [(String, UInt32?)])
    func E02_takesCanonicalNumbersOnly(_ text: String, _ value: UInt32?) {
        #expect(AccountFile.number(text.utf8) == value)
    }

    /// Runtimes read such a field as 0, which is root.
    @Test(arguments: ["app:x::", "app", "app:x:abc:1", "app:x: 5:5", "app:x:-5:5", "app:x:05:5"])
    func E04_aMalformedRowHasNoNumber(_ text: String) throws {
        #expect(try file(text).rows.map(\.id) == [nil])
    }

    @Test func E05_theFirstRowWins() throws {
        let file = try file("app:x:1:1\napp:x:0:0\ntoor:x:0:0\nroot:x:0:0\nx:x:1:9\n")
        #expect(file.row(named: "app".utf8)?.line == 1)
        #expect(file.row(id: 0)?.line == 2)
        #expect(file.row(id: 1)?.line == 1)
        #expect(file.row(id: 2) == nil)
        #expect(file.row(named: "ap".utf8) == nil)
    }

    @Test(arguments: [
        ("", "new\n"), ("a:x:1:1\n", "a:x:1:1\nnew\n"), ("a:x:1:1", "a:x:1:1\nnew\n"),
        ("a:x:1:1\r\n", "a:x:1:1\r\nnew\n"), ("a\n\n", "a\n\nnew\n"), ("# c", "# c\nnew\n"),
        ("\u{FF}\u{E9}:x:1:1\n", "\u{FF}\u{E9}:x:1:1\nnew\n"),
    ])
    func E06_appendingKeepsEveryByte(_ before: String, _ after: String) throws {
        #expect(try file(before).appending("new") == Array(after.utf8))
        #expect(AccountFile.empty.appending("new") == Array("new\n".utf8))
    }
}
