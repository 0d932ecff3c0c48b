import DerootBytes
import DerootOCI
import Testing

@Suite("typed fields")
struct TypedFieldsTests {
    private static let all = ["true", "3", "\"s\"", "[]", "{}"]

    @Test("null and absent are the same")
    func absent() throws {
        for object in [JSONObject(), try object(#"{"f":null}"#)] {
            #expect(try object.text("f") == nil)
            #expect(try object.flag("f") == nil)
            #expect(try object.size("f") == nil)
            #expect(try object.integer("f") == nil)
            #expect(try object.array("f") == nil)
            #expect(try object.texts("f") == nil)
            #expect(try object.object("f") == nil)
            #expect(try object.textMap("f").isEmpty)
            #expect(try object.nameSet("f").isEmpty)
        }
    }

    @Test("a wrong type is refused and the field is named", arguments: all.indices)
    func wrongTypes(_ index: Int) throws {
        let object = try object("{\"f\":\(Self.all[index])}")
        let readers: [(type: Int, read: () throws -> Void)] = [
            (0, { _ = try object.flag("f") }), (1, { _ = try object.size("f") }),
            (1, { _ = try object.integer("f") }), (2, { _ = try object.text("f") }),
            (3, { _ = try object.array("f") }), (3, { _ = try object.texts("f") }),
            (4, { _ = try object.object("f") }), (4, { _ = try object.textMap("f") }),
            (4, { _ = try object.nameSet("f") }),
        ]
        for reader in readers {
            let error = failure(reader.read)
            #expect((error == nil) == (reader.type == index))
            if let error {
                #expect(error.code == .malformed)
                #expect(error.message.contains("'f'"))
            }
        }
    }

    @Test(
        "sizes are integers from 0 to 2^63-1 (A02)",
        arguments: [
            ("0", 0), ("9223372036854775807", 9_223_372_036_854_775_807),
            ("9223372036854775808", nil),
            ("18446744073709551616", nil), ("-1", nil), ("-0", nil), ("1.0", nil), ("1e2", nil),
            ("1e9999", nil), ("\"3\"", nil),
        ] as [(String, UInt64?)])
    func sizes(_ spelled: String, _ value: UInt64?) throws {
        let object = try object("{\"size\":\(spelled)}")
        if let value {
            #expect(try object.size("size") == value)
        } else {
            #expect(failure { _ = try object.size("size") }?.code == .malformed)
        }
    }

    @Test("elements and entries of the wrong type are refused and named")
    func elements() throws {
        let inner = try object(
            #"{"a":["x",1],"m":{"k":"v","l":[]},"s":{"/x":{},"/y":1},"n":["x",null]}"#)
        #expect(failure { _ = try inner.texts("a") }?.message.contains("'a[1]'") == true)
        #expect(failure { _ = try inner.texts("n") }?.message.contains("'n[1]'") == true)
        #expect(failure { _ = try inner.textMap("m") }?.message.contains("'m.l'") == true)
        #expect(failure { _ = try inner.nameSet("s") }?.message.contains("'s./y'") == true)
    }

    @Test(
        "maps are exact: other case and other normalisation are other names, the same one is refused"
    )
    func maps() throws {
        let map = try object(
            "{\"m\":{\"a\":\"1\",\"A\":\"2\",\"\u{E9}\":\"3\",\"e\u{301}\":\"4\",\"n\":null}}"
        ).textMap("m")
        #expect(map.map(\.value) == ["1", "2", "3", "4", ""])
        #expect(map["A"] == "2")
        #expect(map["e\u{301}"] == "4")
        #expect(map["absent"] == nil)
        for twice in [#"{"m":{"a":"1","a":"1"}}"#, #"{"m":{"a":{},"\u0061":{}}}"#] {
            let object = try object(twice)
            #expect(failure { _ = try object.nameSet("m") }?.code == .malformed)
            #expect(failure { _ = try object.textMap("m") }?.code == .malformed)
        }
    }

    @Test("a map of 200,000 names is read in reasonable time", .timeLimit(.minutes(60)))
    func manyNames() throws {
        let members = (0..<200_000).map { "\"n\($0)\":{}" }.joined(separator: ",")
        #expect(try object("{\"m\":{\(members)}}").nameSet("m").count == 200_000)
    }
}
