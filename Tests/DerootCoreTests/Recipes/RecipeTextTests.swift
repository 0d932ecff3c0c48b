import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Variables in texts, and modes as chmod spells them.
struct RecipeTextTests {
    static let values = RecipeValues(
        uid: 33, gid: 34, user: Array("www".utf8), home: Array("/var/www".utf8),
        env: ["A=1", "PGDATA=/data/{{uid}}", "BAD=x\ny", "A=2"], ports: ["80/tcp": 8080])

    private func filled(_ text: String, groups: [String]? = nil) throws -> String {
        let text = try RecipeText(text, groups: groups.map { $0.count - 1 })
        return String(
            decoding: try text.filled(
                Self.values, groups: (groups ?? []).map { Array($0.utf8)[...] }),
            as: UTF8.self)
    }

    @Test(arguments: [
        ("{{uid}}:{{gid}}", "33:34"), ("{{ user }} {{home}}", "www /var/www"), ("{{env A}}", "2"),
        ("{{port 80/tcp}}", "8080"), ("{{port 443/tcp}}", "443"), ("$uri $1 ${1}", "$uri $1 ${1}"),
        ("a { b } }} c", "a { b } }} c"), ("{ {uid} }", "{ {uid} }"), ("", ""),
        // What comes out of the image is never read as a variable.
        ("{{env PGDATA}}", "/data/{{uid}}"),
    ])
    func fillsIn(_ text: String, _ result: String) throws {
        #expect(try filled(text) == result)
    }

    @Test(arguments: [
        ("$1-$0", "x-wxy"), ("${1}0", "x0"), ("$$1", "$1"), ("{{port $2/tcp}}", "8080"),
        ("${1}{{port ${2}/tcp}}", "x8080"), ("[$3]", "[{{uid}}]"),
    ])
    func fillsInGroups(_ text: String, _ result: String) throws {
        #expect(try filled(text, groups: ["wxy", "x", "80", "{{uid}}"]) == result)
    }

    @Test(arguments: ["{{", "{{uid", "{{}}", "{{UID}}", "{{uid gid}}", "{{env}}", "{{sh ls}}"])
    func refusesUnknownVariables(_ text: String) throws {
        let error = try #require(throws: DerootError.self) { try RecipeText(text) }
        #expect(error.code == .malformed)
    }

    @Test(arguments: ["$", "$x", "$2", "${1", "${12}", "$1$"])
    func refusesGroupsThatAreNotThere(_ text: String) throws {
        #expect(throws: DerootError.self) { try RecipeText(text, groups: 1) }
    }

    @Test(arguments: ["{{env MISSING}}", "{{env BAD}}"])
    func refusesWhatTheImageDoesNotSay(_ text: String) throws {
        let error = try #require(throws: DerootError.self) { try filled(text) }
        #expect(error.code == .blocked)
    }

    @Test(
        arguments: [
            ("u+rwX,g=u", 0o640, false, 0o660), ("u+rwX,g=u", 0o040, true, 0o770),
            ("g+rX", 0o600, false, 0o640), ("g+rX", 0o700, false, 0o750),
            ("a+r", 0o000, false, 0o444),
            ("o-rwx", 0o777, true, 0o770), ("go=", 0o777, false, 0o700),
            ("ug+w,o=g", 0o444, false, 0o666),
            ("0750", 0o777, true, 0o750), ("1777", 0o755, true, 0o1777),
            ("700", 0o755, false, 0o700),
            ("u+w", 0o1444, true, 0o1644), ("g=u", 0o2750, true, 0o2770),
        ] as [(String, UInt16, Bool, UInt16)])
    func changesModes(_ text: String, _ before: UInt16, _ isDirectory: Bool, _ after: UInt16) throws
    {
        let mode = try SymbolicMode(text)
        #expect(mode.applied(to: before, isDirectory: isDirectory) == after)
        // Doing it twice does no more.
        #expect(mode.applied(to: after, isDirectory: isDirectory) == after)
    }

    @Test(arguments: [
        "", "u", "+x", "u+s", "g+s", "+t", "u+rwz", "4755", "2755", "6000", "8", "99", "07777",
        "u=rw g=r",
        "u+r,", "x=u", "77", "u+ug",
    ])
    func refusesPrivilegesAndNonsense(_ text: String) throws {
        let error = try #require(throws: DerootError.self) { try SymbolicMode(text) }
        #expect(error.code == .malformed)
    }
}
