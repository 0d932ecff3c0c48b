import DerootBytes
import DerootOCI
import Testing

@Suite("fields of Go structs")
struct GoFieldsTests {
    @Test(
        "a name is found as encoding/json finds it",
        arguments: [
            ("User", "User", true), ("user", "User", true), ("USER", "user", true),
            ("u\u{17F}er", "User", true), ("U\u{17F}ER", "user", true), ("\u{212A}ey", "key", true),
            (#"\u0055ser"#, "User", true), (#"\u017f"#, "S", true),
            (#"\u0075\u0073\u0065\u0072"#, "User", true),
            ("Users", "User", false), ("Use", "User", false), ("", "User", false),
            ("user ", "User", false), ("us\u{E9}r", "User", false),
            ("us\u{65}\u{301}r", "User", false),
            ("\u{FF55}ser", "User", false), ("os.version", "os.version", true),
            ("os_version", "os.version", false), ("OS.\u{17F}", "os.s", true), ("[", "{", false),
            ("@", "`", false), ("\u{130}d", "id", false), ("\u{131}d", "id", false),
        ])
    func folding(_ spelled: String, _ field: String, _ isFound: Bool) throws {
        let object = try object("{\"\(spelled)\":1}")
        #expect((try object.field(field) != nil) == isFound)
        #expect((object[field: field] != nil) == isFound)
    }

    @Test(
        "two spellings of one field are refused, and both are named (A20)",
        arguments: [
            (#"{"User":"0","user":"1"}"#, ["User", "user"]),
            (#"{"User":"0","User":"0"}"#, ["User"]),
            (#"{"User":null,"uSer":"1"}"#, ["User", "uSer"]),
            (#"{"U\u017fer":"0","User":"1"}"#, ["Uſer", "User"]),
            (#"{"User":"0","x":1,"\u0055ser":"1"}"#, ["User"]),
        ])
    func twice(_ spelled: String, _ names: [String]) throws {
        let object = try object(spelled)
        let error = failure { _ = try object.field("User") }
        #expect(error?.code == .hostile)
        for name in names { #expect(error?.message.contains("'\(name)'") == true) }
        #expect(try object.field("Other") == nil)
    }

    @Test("null is absent")
    func null() throws {
        #expect(try object(#"{"User":null}"#).field("User") == nil)
        #expect(try object(#"{"User":null}"#)[field: "User"] == nil)
    }

    @Test("setting keeps the place, and spells the name as the specification does")
    func setting() throws {
        var edited = try object(#"{"user":"0","Env":null,"x":1}"#)
        edited[field: "User"] = .string("1")
        edited[field: "Env"] = .strings(["A=1"])
        edited[field: "Cmd"] = .strings([])
        #expect(text(.object(edited)) == #"{"User":"1","Env":["A=1"],"x":1,"Cmd":[]}"#)
        edited[field: "USER"] = nil
        #expect(text(.object(edited)) == #"{"Env":["A=1"],"x":1,"Cmd":[]}"#)
    }
}
