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
}
