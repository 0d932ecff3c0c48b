import DerootBytes
import DerootOCI
import Testing

@Suite("JSON values")
struct JSONTests {
    @Test("values are made and looked at")
    func accessors() throws {
        let json = JSON.object([
            "n": .null, "b": .bool(true), "i": .number(-3), "s": .string("x"),
            "a": .array([.number(UInt64.max), .bool(false)]), "t": .strings(["p", "q"]),
            "o": .object([:]),
        ])
        #expect(
            text(json)
                == #"{"n":null,"b":true,"i":-3,"s":"x","a":[18446744073709551615,false],"t":["p","q"],"o":{}}"#
        )
        let object = try #require(json.object)
        #expect(object["n"]?.isNull == true)
        #expect(object["b"]?.bool == true)
        #expect(object["i"]?.integer == -3)
        #expect(object["s"]?.string == "x")
        #expect(object["a"]?.array?.count == 2)
        #expect(object["o"]?.object == JSONObject())
        #expect(object["absent"] == nil)
    }

    @Test("a value of another type is nil, never a trap")
    func otherTypes() throws {
        let all: [JSON] = [.null, .bool(false), .number(0), .string(""), .array([]), .object([:])]
        for (index, json) in all.enumerated() {
            #expect(json.isNull == (index == 0))
            #expect((json.bool != nil) == (index == 1))
            #expect((json.integer != nil) == (index == 2))
            #expect((json.string != nil) == (index == 3))
            #expect((json.array != nil) == (index == 4))
            #expect((json.object != nil) == (index == 5))
        }
        #expect(Set(all.map(\.typeName)).count == all.count)
    }

    @Test(
        "integers",
        arguments: [
            ("0", 0), ("-0", 0), ("9223372036854775807", Int64.max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("18446744073709551615", nil), ("1.0", nil), ("1e2", nil),
            ("1E0", nil), ("-1", -1), ("1e9999", nil),
        ] as [(String, Int64?)])
    func integers(_ spelled: String, _ value: Int64?) throws {
        #expect(try parsed(spelled).integer == value)
    }

    @Test("numbers are equal if spelled equally")
    func numbers() throws {
        #expect(try parsed("3") == .number(3))
        #expect(try parsed("3.0") != .number(3))
        #expect(try parsed("1e2") != parsed("1E2"))
    }

    @Test("an indented text is for people")
    func indented() throws {
        let json = try parsed(#"{"a":[],"b":{},"c":[1,{"d":null}]}"#)
        let expected = """
            {
              "a": [],
              "b": {},
              "c": [
                1,
                {
                  "d": null
                }
              ]
            }

            """
        #expect(String(decoding: json.serialized(indented: true), as: UTF8.self) == expected)
    }

    @Test("a long list is written and read in pieces, and is what it is as a whole")
    func lists() throws {
        let names: JSONObject = ["a": .strings(["x"]), "b": .object(["list": .strings(["no"])])]
        for count in [0, 1, 3, 40_000] {
            let elements = (0..<count).map { number in
                JSON.object(["n": .number(number), "list": .array([.number(1), .array([])])])
            }
            var text: [UInt8] = []
            var pieces = 0
            try JSON.write(names, list: "list", of: elements, ["z": .null]) { piece in
                text += piece
                pieces += 1
            }
            #expect((pieces > 1) == (count == 40_000))
            var whole = names
            whole["list"] = .array(elements)
            whole["z"] = .null
            #expect(text == JSON.object(whole).serialized(indented: true))
            var found: [JSON] = []
            let root = try JSON.parse(text, list: "list") { (json) throws(DerootError) in
                found.append(json)
            }
            #expect(found == elements)
            whole["list"] = .array([])
            #expect(root == whole)
        }
    }

    @Test(
        "a list is an array in the root, once",
        arguments: [
            (#"{"list":{"list":[1]}}"#, 0), (#"{"x":[[1],{"list":[2]}]}"#, 0),
            (#"{"list":[[1,[2]],3]}"#, 2), (#"{"l\u0069st":[1]}"#, 1),
        ])
    func places(_ text: String, _ count: Int) throws {
        var found = 0
        _ = try JSON.parse(Array(text.utf8), list: "list") { (_) throws(DerootError) in found += 1 }
        #expect(found == count)
    }

    @Test("a long name with escapes is resolved once, however many elements it has")
    func longNames() throws {
        let name = String(repeating: "\\u0061", count: 20_000)
        let ones = String(repeating: "1,", count: 40_000) + "1"
        let text = "{\"\(name)\":[\(ones)],\"list\":[2]}"
        var found = 0
        let root = try JSON.parse(Array(text.utf8), list: "list") { (_) throws(DerootError) in
            found += 1
        }
        #expect(found == 1 && root.members.first?.value.array?.count == 40_001)
    }

    @Test(
        "no list, two lists, no object, no end",
        arguments: [#"{"list":[],"list":[]}"#, "[1]", "1", #"{"list":[1"#, #"{"list":[1]}x"#])
    func noList(_ text: String) {
        #expect(throws: DerootError.self) {
            _ = try JSON.parse(Array(text.utf8), list: "list") { (_) throws(DerootError) in }
        }
    }
}
