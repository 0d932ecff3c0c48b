import DerootOCI
import Testing

@Suite("JSON objects")
struct JSONObjectTests {
    @Test("an edit keeps the places, the names' spelling and all other members' lexemes")
    func editKeepsTheRest() throws {
        var edited = try object(
            #"{"a":1.10,"\u0062":1e2,"c":18446744073709551615,"d":"\u003c","a ":[ 1 , 2 ]}"#)
        edited["b"] = .string("new")
        edited["e"] = .null
        #expect(
            text(.object(edited))
                == #"{"a":1.10,"\u0062":"new","c":18446744073709551615,"d":"\u003c","a ":[1,2],"e":null}"#
        )
        edited["a"] = nil
        edited["absent"] = nil
        #expect(edited.members.map(\.name.value) == ["b", "c", "d", "a ", "e"])
    }

    @Test("setting what is there keeps its spelling")
    func equalValue() throws {
        let original = try object(#"{"a":"\u003c","b":3}"#)
        var edited = original
        edited["a"] = .string("<")
        edited["b"] = .number(3)
        #expect(edited == original)
        #expect(text(.object(edited)) == #"{"a":"\u003c","b":3}"#)
    }

    @Test("duplicates survive; the last one counts, and setting leaves one")
    func duplicates() throws {
        var edited = try object(#"{"a":1,"b":2,"\u0061":3}"#)
        #expect(text(.object(edited)) == #"{"a":1,"b":2,"\u0061":3}"#)
        #expect(edited["a"]?.integer == 3)
        edited["a"] = .number(3)
        #expect(text(.object(edited)) == #"{"a":3,"b":2}"#)
        var removed = try object(#"{"a":1,"b":2,"\u0061":3}"#)
        removed["a"] = nil
        #expect(text(.object(removed)) == #"{"b":2}"#)
    }

    @Test("names are exact: case and normalisation count")
    func exactNames() throws {
        let map = try object("{\"a\":1,\"A\":2,\"\u{E9}\":3,\"e\u{301}\":4,\"\u{212A}\":5,\"K\":6}")
        #expect(
            ["a", "A", "\u{E9}", "e\u{301}", "\u{212A}", "K"].map { map[$0]?.integer } == [
                1, 2, 3, 4, 5, 6,
            ])
    }

    @Test("order counts in comparison")
    func order() throws {
        #expect(try object(#"{"a":1,"b":2}"#) != object(#"{"b":2,"a":1}"#))
        #expect(try object(#"{"a":1,"b":2}"#) == object(#"{ "\u0061" : 1 , "b":2}"#))
    }
}
