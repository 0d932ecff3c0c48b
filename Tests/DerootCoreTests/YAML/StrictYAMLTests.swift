import DerootBytes
import DerootCore
import Testing

@Suite struct StrictYAMLTests {
    private func parse(_ text: String) throws -> YAMLValue {
        try StrictYAML.parse(Array(text.utf8), file: "x.yaml")
    }

    private func message(_ text: String, _ keys: [String] = ["a", "b"]) -> String {
        do {
            _ = try parse(text).mapping(keys: keys)
            return ""
        } catch let error as DerootError {
            return error.description
        } catch {
            return "another error"
        }
    }

    @Test func valuesKeepTheirSpelling() throws {
        let mapping = try parse(
            """
            # a comment
            version: 1
            mode: 0644
            word: yes
            quoted: "a: b"
            list: [one, 'two']
            block: |
              first
              second
            nested: {deep: true}
            """
        ).mapping(keys: ["version", "mode", "word", "quoted", "list", "block", "nested"])
        #expect(try mapping.integer("version") == 1)
        #expect(try mapping.text("mode") == "0644")
        #expect(try mapping.text("word") == "yes")
        #expect(try mapping.text("quoted") == "a: b")
        #expect(try mapping.texts("list") == ["one", "two"])
        #expect(try mapping.texts("word") == ["yes"])
        #expect(try mapping.text("block") == "first\nsecond\n")
        #expect(try mapping.mapping("nested", keys: ["deep"])?.flag("deep") == true)
        #expect(try mapping.text("absent") == nil)
        #expect(mapping["nested"]?.line == 10)
    }

    @Test(arguments: ["", "\n", "# only a comment\n", "---\n"])
    func nothingIsAnEmptyMappingOrNull(_ text: String) throws {
        let value = try parse(text)
        #expect(value.isNull || value.kind == .mapping([]))
    }

    @Test(arguments: [
        ("c: 1", "x.yaml: line 1: unknown key 'c'"),
        ("a: 1\n\nignroe: 2", "line 3: unknown key 'ignroe'; known here: a, b"),
        ("a: 1\na: 2", "line 2: 'a' is there twice"),
        ("a: &x 1", "line 1: anchors and aliases are not read"),
        ("a: &x [1]\nb: *x", "line 1: anchors and aliases are not read"),
        ("a: !!binary aGk=", "line 1: tags such as"),
        ("a: !mine {}", "line 1: tags such as"),
        ("!mine a: 1", "line 1: tags such as"),
        ("a: 1\n---\nb: 2", "line 2: a second document"),
        ("a: [1", "line "), ("? [1]\n: 2", "line 1: a key that is no text"),
        ("- 1", "line 1: a list where a mapping is expected"),
        ("a: \u{1}", "x.yaml: "), ("a:\tb\n\tc: d", "line "),
    ])
    func mistakesAreRefusedWithTheirLine(_ text: String, _ expected: String) {
        let found = message(text)
        #expect(found.contains(expected), "\(found)")
        #expect(!found.contains("\n"))
    }

    @Test func aSlipOfTheFingersGetsAHint() {
        #expect(
            message("ignroe: 1", ["ignore", "version"]).hasSuffix("'ignore' was probably meant"))
    }

    @Test func aBombOfAliasesCostsNothing() {
        var text = "a0: &a0 [x]\n"
        for level in 1..<60 {
            text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
        }
        text += "? *a59\n: 1\n"
        #expect(message(text).contains("anchors and aliases"))
    }

    @Test(arguments: ["[", "{a: ", "- "])
    func deepNestingIsRefused(_ opening: String) {
        for depth in [100, 5000, 200_000] {
            let found = message(String(repeating: opening, count: depth))
            #expect(found.contains("x.yaml"))
        }
        let closed = String(repeating: "[", count: 70) + String(repeating: "]", count: 70)
        #expect(message("a: " + closed).contains("nested more than 64 deep"))
    }

    @Test func largeAndForeignBytesAreRefused() {
        #expect(throws: DerootError.self) {
            try StrictYAML.parse([0xFF, 0xFE, 0x61, 0], file: "x")
        }
        #expect(throws: DerootError.self) {
            try StrictYAML.parse(
                [UInt8](repeating: 0x20, count: StrictYAML.size + 1), file: "x")
        }
    }

    @Test(arguments: [
        ("a: 01", "'01' where a whole number"), ("a: '1'", "'1' where a whole number"),
        ("a: 1.0", "whole number"), ("a: 9", "9 is not within 0…5"), ("a:", "nothing where"),
        ("a: +1", "whole number"), ("a: [1]", "a list where a whole number"),
    ])
    func numbersAreStrict(_ text: String, _ expected: String) throws {
        let mapping = try parse(text).mapping(keys: ["a"])
        let error = #expect(throws: DerootError.self) { try mapping.integer("a", in: 0...5) }
        let message = error?.message ?? ""
        #expect(message.hasPrefix("line 1: 'a': ") && message.contains(expected))
    }

    @Test(arguments: ["yes", "True", "on", "1", "'true'", "[]"])
    func booleansAreStrict(_ word: String) throws {
        let mapping = try parse("a: \(word)").mapping(keys: ["a"])
        #expect(throws: DerootError.self) { try mapping.flag("a") }
    }

    @Test func choicesNameTheKnownWords() throws {
        enum Colour: String, CaseIterable { case red, blue }
        let mapping = try parse("a: red\nb: green").mapping(keys: ["a", "b"])
        #expect(try mapping.choice("a", Colour.self) == .red)
        let error = #expect(throws: DerootError.self) { try mapping.choice("b", Colour.self) }
        #expect(error?.message == "line 2: 'b': 'green' is none of red, blue")
    }

    @Test func whatIsRequiredIsAskedFor() throws {
        let mapping = try parse("a: 1").mapping(keys: ["a", "b"])
        #expect(throws: DerootError.self) { try mapping.required("b") }
        #expect(throws: DerootError.self) { try mapping.required("a").list() }
    }
}
