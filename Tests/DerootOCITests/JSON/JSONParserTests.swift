import DerootBytes
import DerootOCI
import Testing

@Suite("JSON parser")
struct JSONParserTests {
    @Test(
        "accepts what RFC 8259 allows, and writes it back as it was spelled",
        arguments: [
            "null", "true", "false", "0", "-0", "-1", "1.10", "1e2", "1E+2", "0e-0", "123.456e78",
            "18446744073709551615", "1e9999", "-1e-9999", "\"\"", "\"a\"", "\"\u{7F}\"", "\"é\"",
            "\"\u{FEFF}\"", "\"\u{10FFFF}\"", #""\u0000""#, #""\ud800""#, #""\udc00\ud800""#,
            #""\ud83d\ude00""#, #""\"\\\/\b\f\n\r\t\u00e9\u00E9""#, "[]", "[[]]", "[1,2]", "{}",
            #"{"":0}"#, #"{"a":1,"a":2}"#, #"{"a":{"b":[null,true]},"c":"d"}"#,
        ])
    func accepts(_ spelled: String) throws {
        #expect(try text(parsed(spelled)) == spelled)
        #expect(try text(parsed(" \t\r\n" + spelled + "\n\r\t ")) == spelled)
        #expect(try text(parsed("[\(spelled)]")) == "[\(spelled)]")
    }

    @Test(
        "refuses everything else, and says where",
        arguments: [
            ("", 0), (" ", 1), ("nul", 3), ("fals3", 4), ("tru", 3), ("nullx", 4), ("True", 0),
            ("NaN", 0), ("Infinity", 0),
            ("-", 1), ("+1", 0), ("01", 1), ("-01", 2), ("1.", 2), (".5", 0), ("1.e1", 2),
            ("1e", 2),
            ("1e+", 3), ("0x1", 1), ("-Infinity", 1), ("\"", 1), ("\"a", 2), ("\"\\\"", 3),
            ("\"\\x\"", 2), ("\"\\u12\"", 5), ("\"\\u12G4\"", 5), ("\"\\U0041\"", 2), ("\"\n\"", 1),
            ("\"\u{0}\"", 1), ("\"\u{1F}\"", 1), ("'a'", 0), ("[", 1), ("[1", 2), ("[1,", 3),
            ("[1,]", 3), ("[,1]", 1), ("[1 2]", 3), ("[1}", 2), ("]", 0), ("{", 1), ("{1:2}", 1),
            ("{\"a\"}", 4), ("{\"a\":}", 5), ("{\"a\":1,}", 7), ("{\"a\":1 \"b\":2}", 7),
            ("{a:1}", 1), ("{\"a\":1]", 6), ("1 2", 2), ("[]]", 2), ("{}x", 2), ("// a\n1", 0),
            ("[1]#", 3), ("\u{FEFF}1", 0), ("\u{A0}1", 0), ("1\u{0}", 1), ("[\u{0B}1]", 1),
        ])
    func refuses(_ spelled: String, offset: UInt64) {
        let error = failure { _ = try parsed(spelled) }
        #expect(error?.code == .malformed)
        #expect(error?.location.offset == offset)
    }

    @Test(
        "refuses strings that are not UTF-8, and says where",
        arguments: [
            [0x80], [0xC3], [0xC0, 0xAF], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF0, 0x80, 0x80, 0x80], [0xFF], [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func refusesInvalidUTF8(_ bad: [UInt8]) {
        let bytes = Array("[\"é".utf8) + bad + Array("\"]".utf8)
        let error = failure { _ = try JSON.parse(bytes) }
        #expect(error?.code == .malformed)
        #expect(error?.location.offset == 4)
    }

    @Test("a character that ends plain text is found at every position", arguments: 0...40)
    func plainText(_ length: Int) throws {
        let before = String(String(repeating: "~é!", count: 14).prefix(length))
        for after in ["", "x", "\u{7F}\u{10FFFF}ÿ [] tail that is longer than a word"] {
            let spelled = "[\"\(before)\\\"\(after)\",\"\(before)\",0]"
            #expect(try text(parsed(spelled)) == spelled)
            for control in ["\u{0}", "\u{1F}", "\n"] {
                let error = failure { _ = try parsed("\"\(before)\(control)\(after)\"") }
                #expect(error?.location.offset == UInt64(before.utf8.count + 1))
            }
        }
    }

    @Test("refuses UTF-16 and a cut in the middle of anything")
    func refusesCuts() throws {
        #expect(failure { _ = try JSON.parse([0xFF, 0xFE, 0x5B, 0, 0x5D, 0]) }?.code == .malformed)
        let whole = Array(#"{"a":[1.5e+3,"é\u00e9\n",true,null,{"b":false}],"c":"x"}"#.utf8)
        _ = try JSON.parse(whole)
        for length in 0..<whole.count {
            #expect(failure { _ = try JSON.parse(Array(whole[..<length])) }?.code == .malformed)
        }
    }

    @Test("every single-byte mutation is parsed or refused, never a crash")
    func survivesMutations() throws {
        let whole = Array(#"{"a":[-1.5e+3,"é\u00e9\ud83d\ude00"],"b":{"c":null}}"#.utf8)
        var accepted = 0
        for position in whole.indices {
            for byte in UInt8.min...UInt8.max {
                var mutated = whole
                mutated[position] = byte
                guard let json = try? JSON.parse(mutated) else { continue }
                accepted += 1
                #expect(try JSON.parse(json.serialized()) == json)
            }
        }
        #expect(accepted > whole.count)
    }

    @Test("nesting: 512 levels are read, one more is too deep, 100,000 do no harm")
    func nesting() throws {
        func nested(_ levels: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels)
        }
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            let perUnit = open.count > 5 ? 2 : 1
            let deepest = nested(512 / perUnit, open, close)
            #expect(try text(parsed(deepest)) == deepest)
            #expect(
                failure { _ = try parsed(nested(512 / perUnit + 1, open, close)) }?.code == .limit)
            #expect(failure { _ = try parsed(nested(100_000, open, close)) }?.code == .limit)
        }
        let most = nested(2000, "[", "]")
        let json = try JSON.parse(Array(most.utf8), depth: 2000)
        #expect(try json == JSON.parse(Array(most.utf8), depth: 2000))
        #expect(text(json) == most)
        let unclosed = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        #expect(failure { _ = try JSON.parse(unclosed) }?.code == .limit)
        #expect(failure { _ = try JSON.parse(unclosed, depth: .max) }?.code == .limit)
        #expect(failure { _ = try JSON.parse(Array("[[1]]".utf8), depth: 1) }?.code == .limit)
        _ = try JSON.parse(Array("[[1]]".utf8), depth: 2)
    }

    @Test(
        "JSONTestSuite: y_ accepted, n_ refused, i_ without harm", .enabled(if: Corpus.has(suite)))
    func testSuite() throws {
        var counts = [0, 0, 0]
        for (name, bytes) in try Corpus.files(suite, largest: 1 << 20) {
            let result = Result { try JSON.parse(bytes) }
            switch name.prefix(2) {
            case "y_":
                counts[0] += 1
                let json = try result.get()
                #expect(try JSON.parse(json.serialized()) == json, "\(name)")
            case "n_":
                counts[1] += 1
                #expect(throws: DerootError.self, "\(name)") { try result.get() }
            default: counts[2] += 1
            }
        }
        #expect(counts == [95, 188, 35])
    }
}

private let suite = "JSONTestSuite/test_parsing"
