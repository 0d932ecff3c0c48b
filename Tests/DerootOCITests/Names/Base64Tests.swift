import DerootBytes
import DerootOCI
import Testing

@Suite("base64 of embedded data")
struct Base64Tests {
    /// The data of a descriptor whose digest and size fit the content.
    private func data(_ base64: String, _ content: [UInt8]) throws -> [UInt8]? {
        var object = Descriptor(
            mediaType: .empty, digest: .of(content), size: UInt64(content.count)
        ).json
        object["data"] = .string(base64)
        return try Descriptor(object).data
    }

    @Test(
        "RFC 4648, section 10, and line ends",
        arguments: [
            ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"), ("Zm9vYmFy", "foobar"), ("Zm9v\r\nYmFy\n", "foobar"),
            ("Pz8/Pj4+", "???>>>"),
        ])
    func decode(_ base64: String, _ content: String) throws {
        #expect(try data(base64, Array(content.utf8)) == Array(content.utf8))
    }

    @Test("all byte values")
    func allBytes() throws {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let content = Array(UInt8.min...UInt8.max) + [0, 1]
        var encoded: [UInt8] = []
        for start in stride(from: 0, to: content.count, by: 3) {
            let bits = content[start..<start + 3].reduce(0) { $0 << 8 | UInt32($1) }
            for shift in [18, 12, 6, 0] as [UInt32] {
                encoded.append(alphabet[Int(bits >> shift & 63)])
            }
        }
        #expect(try data(String(decoding: encoded, as: UTF8.self), content) == content)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zg==Zg==", "Zm8=x", "Zm9v ", "Zm9_",
            "Zm-v", "Zm9vé", "Zg===",
        ])
    func refuse(_ base64: String) {
        #expect(failure { _ = try data(base64, Array("f".utf8)) }?.code == .malformed)
    }
}
