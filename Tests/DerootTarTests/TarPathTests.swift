import DerootBytes
import DerootTar
import Testing

struct TarPathTests {
    @Test(arguments: [
        ("", ""), ("/", ""), (".", ""), ("./", ""), ("./.", ""), ("//", ""), ("a", "a"),
        ("./a", "a"), ("/a/b", "a/b"), ("//a///b//", "a/b"), ("a/./b/.", "a/b"), ("...", "..."),
        (".a", ".a"), ("a/..b/c..", "a/..b/c.."), ("../a", "../a"), ("a\\b", "a\\b"),
    ])
    func C12_normalisesWhatArchivesSpell(_ spelled: String, _ normal: String) {
        #expect(TarPath(spelled).bytes == Array(normal.utf8))
    }

    @Test(arguments: [
        ("a", "a"), ("a/../b", "b"), ("a/b/../../c", "c"), ("a/..", ""), ("a/...", "a/..."),
        ("a/b/..", "a"), ("x/./y/../z", "x/z"),
    ])
    func cleansLexically(_ spelled: String, _ clean: String) throws {
        #expect(try TarPath(spelled).cleaned() == TarPath(clean))
    }

    @Test(arguments: ["..", "../a", "a/../..", "a/../../b", "/..", "./../etc/passwd"])
    func C13_refusesToLeaveTheRoot(_ spelled: String) throws {
        let error = try #require(throws: DerootError.self) { try TarPath(spelled).cleaned() }
        #expect(error.code == .hostile)
    }

    @Test func C23_namesAreBytes() {
        // The same letters for String: precomposed and decomposed.
        let composed = TarPath([0xC3, 0xA9])
        let decomposed = TarPath([0x65, 0xCC, 0x81])
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(TarPath([0xFF]) != TarPath([0xFE]))
    }

    @Test(arguments: [
        ("", "", true), ("a", "", true), ("a", "a", true), ("a/b", "a", true), ("ab", "a", false),
        ("a", "a/b", false), ("a/b/c", "a/b", true), ("a/bc", "a/b", false),
    ])
    func knowsWhatIsBelow(_ path: String, _ other: String, _ isBelow: Bool) {
        #expect(TarPath(path).isAt(orBelow: TarPath(other)) == isBelow)
    }

    @Test func takesPathsApart() {
        let path: TarPath = "a/b/c"
        #expect(path.parent == "a/b")
        #expect(Array(path.name) == Array("c".utf8))
        #expect(TarPath("a").parent == .root)
        #expect(TarPath.root.parent == .root)
        #expect(TarPath.root.name.isEmpty)
        #expect(TarPath.root.isRoot)
        #expect(path.components.map(Array.init) == ["a", "b", "c"].map { Array($0.utf8) })
        #expect(TarPath.root.appending("x".utf8) == "x")
        #expect(path.appending("d".utf8) == "a/b/c/d")
        #expect(path.description == "/a/b/c")
        #expect(TarPath([0x1B, 0x5B]).description == "/\\x1b[")
        #expect(TarPath("a") < TarPath("a/b") && TarPath("a-b") < TarPath("a/b"))
    }
}
