import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

struct PathPatternTests {
    @Test(arguments: [
        ("/usr/bin/su", "usr/bin/su", true), ("usr/bin/su", "usr/bin/su", true),
        ("./usr//bin/su/", "usr/bin/su", true), ("/usr/bin/su", "usr/bin/sudo", false),
        ("/usr/*/su", "usr/bin/su", true), ("/usr/*", "usr/bin/su", false),
        ("/usr/s?in/*", "usr/sbin/x", true), ("/usr/s?in/*", "usr/sin/x", false),
        ("/usr/*su*", "usr/xsux", true), ("/usr/*su*", "usr/su", true),
        ("**", "a/b/c", true), ("**", "", true), ("/**/su", "su", true),
        ("/**/su", "usr/bin/su", true), ("/usr/**", "usr", true), ("/usr/**", "usr/a/b", true),
        ("/usr/**/x", "usr/x", true), ("/usr/**/b/*", "usr/a/b/c", true),
        ("/usr/**/b/*", "usr/b/b/c", true), ("/usr/**/b", "usr/b/c", false),
        ("**/a/**/b", "x/a/y/a/z/b", true), ("a/**/**/b", "a/b", true),
        ("/[a]/b", "[a]/b", true), ("/[a]/b", "a/b", false), ("/", "", true), ("/", "a", false),
        ("a*b*c", "aXbYc", true), ("a*b*c", "abc", true), ("a*b*c", "acb", false), ("*", "", false),
        ("***", "a", true), ("?", "é", false), ("??", "é", true),
    ])
    func matches(_ pattern: String, _ path: String, _ fits: Bool) throws {
        #expect(try PathPattern(pattern).matches(TarPath(path)) == fits)
    }

    @Test(arguments: ["", "..", "/a/../b", "a\0b"])
    func refuses(_ text: String) throws {
        let error = try #require(throws: DerootError.self) { try PathPattern(text) }
        #expect(error.code == .usage)
    }

    @Test func tellsALiteralFromAPattern() throws {
        #expect(try PathPattern("/a/[b]").isLiteral)
        #expect(try !PathPattern("/a/*").isLiteral)
        #expect(try !PathPattern("/a?").isLiteral)
        #expect(try PathPattern("/a//b/").literal == "a/b")
    }

    @Test func expandsThroughLinks() throws {
        let tree = try merged { tar in
            tar.directory("srv/app/data")
            tar.directory("srv/app/data/one")
            tar.file("srv/app/data/two")
            tar.link("opt", to: "/srv")
            tar.link("srv/app/data/three", to: "/etc/x")
        }
        let expand = { (text: String) throws in
            try PathPattern(text).expand(in: tree).map(\.description).sorted()
        }
        #expect(
            try expand("/opt/app/data/*") == ["/etc/x", "/srv/app/data/one", "/srv/app/data/two"])
        #expect(try expand("/opt/app") == ["/srv/app"])
        #expect(try expand("/opt/new/dir") == ["/srv/new/dir"])
        #expect(try expand("/opt/none/*").isEmpty)
        #expect(try expand("/*/app/data/one") == ["/srv/app/data/one"])
        #expect(try expand("/srv/**/one") == ["/srv/app/data/one"])
        #expect(try expand("/nothing*").isEmpty)
    }

    /// What is found by going only where something can fit is what fits, in the tree's order.
    @Test func expandsToWhatMatches() throws {
        let names = ["a", "b", "ab", "ba"]
        var random = SystemRandomNumberGenerator()
        var paths: [String] = []
        for one in names {
            for two in names {
                for three in names where Bool.random(using: &random) {
                    paths.append("\(one)/\(two)/\(three)")
                }
            }
        }
        let files = paths
        let tree = try merged { tar in
            for path in files { tar.file(path) }
        }
        var all: [TarPath] = []
        tree.walk { all.append(tree.path(of: $0)) }
        let parts = ["a", "*", "?", "**", "a*", "*b", "**"]
        for _ in 0..<2000 {
            let count = Int.random(in: 1...5, using: &random)
            let words = (0..<count).map { _ in parts.randomElement(using: &random) ?? "*" }
            let text = "/" + words.joined(separator: "/")
            let pattern = try PathPattern(text)
            guard !pattern.isLiteral else { continue }
            let fitting = all.filter { pattern.matches($0) }
            #expect(pattern.expand(in: tree) == fitting, "\(text)")
        }
    }
}
