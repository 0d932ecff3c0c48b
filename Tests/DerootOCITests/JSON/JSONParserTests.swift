import DerootOCI
import Testing

@Test func first() throws {
    let json = try JSON.parse(Array(#"{"a":[1.10,1e2,"\u003c"]}"#.utf8))
    #expect(String(decoding: json.serialized(), as: UTF8.self) == #"{"a":[1.10,1e2,"\u003c"]}"#)
}
