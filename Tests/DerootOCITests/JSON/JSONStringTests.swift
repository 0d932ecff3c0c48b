import DerootOCI
import Testing

@Suite("JSON strings")
struct JSONStringTests {
    @Test(
        "escapes resolve",
        arguments: [
            (#"\""#, "\""), (#"\\"#, "\\"), (#"\/"#, "/"), (#"\b\f\n\r\t"#, "\u{8}\u{C}\n\r\t"),
            (#"\u003c"#, "<"), (#"\u00e9\u00C9"#, "éÉ"), (#"\u20ac"#, "€"), (#"\ud83d\ude00"#, "😀"),
            (#"\uDBFF\uDFFF"#, "\u{10FFFF}"), (#"\u0000"#, "\u{0}"), (#"a\u0062c"#, "abc"),
            (#"\\u0041"#, "\\u0041"),
        ])
    func resolve(_ lexeme: String, _ value: String) throws {
        #expect(try parsed("\"\(lexeme)\"").string.map { Array($0.utf8) } == Array(value.utf8))
    }

    @Test(
        "a lone surrogate reads as U+FFFD and keeps its spelling",
        arguments: [
            (#"\ud800"#, "\u{FFFD}"), (#"\udc00"#, "\u{FFFD}"), (#"\ud800a"#, "\u{FFFD}a"),
            (#"\ud800\n"#, "\u{FFFD}\n"), (#"\ud800\u0041"#, "\u{FFFD}A"),
            (#"\ud800\ud83d\ude00"#, "\u{FFFD}😀"), (#"\ude00\ud83d"#, "\u{FFFD}\u{FFFD}"),
        ])
    func loneSurrogates(_ lexeme: String, _ value: String) throws {
        let json = try parsed("\"\(lexeme)\"")
        #expect(json.string == value)
        #expect(text(json) == "\"\(lexeme)\"")
        #expect(json != .string(value))
        guard case .string(let string) = json.kind else { return #expect(Bool(false)) }
        #expect(string.hasLoneSurrogate)
        #expect(!JSONString(value).hasLoneSurrogate)
    }

    @Test(
        "a new string is spelled with the escapes that are needed",
        arguments: [
            ("plain/<é>&\u{2028}\u{7F}", "plain/<é>&\u{2028}\u{7F}"), ("\"\\", #"\"\\"#),
            ("\u{8}\t\n\u{C}\r", #"\b\t\n\f\r"#),
            ("\u{0}\u{1}\u{F}\u{10}\u{1F}", #"\u0000\u0001\u000f\u0010\u001f"#),
        ])
    func spell(_ value: String, _ lexeme: String) throws {
        #expect(text(.string(value)) == "\"\(lexeme)\"")
        #expect(try parsed("\"\(lexeme)\"").string == value)
    }

    @Test("every scalar of the first two planes survives being spelled and read")
    func allScalars() throws {
        for value in 0...0x1FFFF as ClosedRange<UInt32> {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let string = JSONString(String(scalar))
            guard sameBytes(string.value, String(scalar)) else {
                Issue.record("U+\(String(value, radix: 16)) reads as '\(string.value)'")
                break
            }
        }
    }

    @Test("equality is of texts, byte for byte")
    func equality() throws {
        #expect(try parsed(#""\u003c""#) == .string("<"))
        #expect(try parsed(#""\u00e9""#) == parsed(#""\u00E9""#))
        #expect(try parsed(#""\ud800""#) == parsed(#""\ud800""#))
        #expect(try parsed(#""\ud800""#) != parsed(#""\ud801""#))
        // Canonically equivalent, so equal as Strings, but not the same text.
        #expect("é" == "e\u{301}")
        #expect(JSON.string("é") != .string("e\u{301}"))
        #expect(try parsed(#""\u00e9""#) != .string("e\u{301}"))
        #expect(JSON.string("K") != .string("\u{212A}"))
    }
}
