import DerootBytes
import DerootOCI
import Testing

@Suite("the marker of a layout")
struct OCILayoutTests {
    @Test("our own marker is right")
    func own() throws {
        try OCILayout.check(OCILayout.bytes)
        try OCILayout.check(Array("{ \"x\": 1, \"imageLayoutVersion\": \"1.0.0\" }\n".utf8))
    }

    @Test(
        "others are refused (A15)",
        arguments: [
            ("", .malformed), ("{}", .malformed), ("[]", .malformed),
            (#"{"imageLayoutVersion":1}"#, .malformed),
            (#"{"imageLayoutVersion":"2.0.0"}"#, .unsupported),
            (#"{"imageLayoutVersion":"1.0.0","imagelayoutversion":"1.0.0"}"#, .hostile),
        ] as [(String, DerootError.Code)])
    func others(_ spelled: String, _ code: DerootError.Code) {
        #expect(failure { try OCILayout.check(Array(spelled.utf8)) }?.code == code)
    }
}
