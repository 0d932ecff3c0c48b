import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Edits of lines: what they change, what they leave, how they count.
struct LineEditingTests {
    private func edit(
        _ action: String, _ content: String, expect: String = "0.."
    ) throws -> (content: String, hits: Int) {
        let recipe = try recipe("edits:\n  - { id: a, file: /e, \(action), expect: \(expect) }")
        var editing = LineEditing(RecipeTextTests.values)
        let edit = try #require(recipe.edits.first)
        let (bytes, hits) = try editing.apply(edit, to: Array(content.utf8))
        return (String(decoding: bytes, as: UTF8.self), hits)
    }

    @Test(
        arguments: [
            ("regex: 'a', with: 'b'", "aXa\na", "bXb\nb", 3),
            ("regex: '^(x+)=.*$', with: '$1={{uid}}'", "xx=1\ny=2\n", "xx=33\ny=2\n", 1),
            ("regex: 'b*', with: '-'", "ab\n", "-a-\n", 2),
            ("regex: '^', with: '# '", "a\n\nb", "# a\n# \n# b", 3),
            ("regex: '^a', with: ''", "aa\r\n", "a\r\n", 1),
            ("replace: 'a.b', with: '$1'", "a.b axb a.b\n", "$1 axb $1\n", 2),
            ("replace: aa, with: a", "aaaa", "aa", 2),
            ("delete: '^#'", "#1\n2\n#3", "2\n", 2), ("delete: 'x'", "a\nb", "a\nb", 0),
            ("after: '^http', insert: '  in'", "http {\n}\n", "http {\n  in\n}\n", 1),
            ("after: 'last', insert: 'in'", "last", "last\nin\n", 1),
            ("before: '^b', insert: \"1\\n2\\n\"", "a\nb\n", "a\n1\n2\nb\n", 1),
            ("append: 'z {{uid}}'", "a", "a\nz 33\n", 1), ("append: z", "", "z\n", 1),
            ("prepend: z", "a\n", "z\na\n", 1), ("delete: '.'", "", "", 0),
            (
                "delete: 'u', within: { from: '^g', to: '^d' }", "u\ng u\nu\nv\nd\nu\n",
                "u\ng u\nv\nd\nu\n", 1
            ),
            (
                "regex: 'u', with: 'U', within: { from: '^g', to: '^d' }", "u\ng\nu\ng\nu",
                "u\ng\nU\ng\nU", 2
            ),
        ] as [(String, String, String, Int)])
    func edits(_ action: String, _ before: String, _ after: String, _ hits: Int) throws {
        let result = try edit(action, before)
        #expect(result.content == after)
        #expect(result.hits == hits)
    }

    @Test func bytesThatAreNoTextStay() throws {
        let recipe = try recipe("edits:\n  - { id: a, file: /e, regex: b, with: c, expect: 1 }")
        var editing = LineEditing(RecipeTextTests.values)
        let result = try editing.apply(recipe.edits[0], to: [0xFF, 0x0A, 0x62, 0x00, 0xC3])
        #expect(result.content == [0xFF, 0x0A, 0x63, 0x00, 0xC3])
    }

    @Test(
        arguments: [
            ("1", 1, true), ("1", 0, false), ("1", 2, false), ("0..2", 0, true), ("0..2", 3, false),
            ("2..", 1, false), ("2..", 999, true), ("0..0", 0, true),
        ] as [(String, Int, Bool)])
    func counts(_ text: String, _ hits: Int, _ isRight: Bool) throws {
        #expect(try RecipeEdit.Count(text).contains(hits) == isRight)
        #expect(try RecipeEdit.Count(RecipeEdit.Count(text).description) == RecipeEdit.Count(text))
    }

    @Test(arguments: ["", "..", "..2", "a", "-1", "1...2", "2..1", "1..2..3", "9999999", "1 .. 2"])
    func refusesWhatIsNoCount(_ text: String) {
        #expect(throws: DerootError.self) { try RecipeEdit.Count(text) }
    }

    /// A file that an edit makes ever larger, and patterns that take all the work there is.
    @Test(arguments: [
        (
            "regex: 'a', with: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
            1 << 17
        ),
        (
            "after: '.', insert: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'",
            1 << 17
        ),
        ("regex: '(((a|aa|aaa){0,60}){0,3}){0,2}b', with: ''", 1 << 20),
    ])
    func isBounded(_ action: String, _ count: Int) throws {
        let content = String(repeating: "aaaaaaa\n", count: count / 8)
        let error = try #require(throws: DerootError.self) { try edit(action, content) }
        #expect(error.code == .limit)
    }
}
