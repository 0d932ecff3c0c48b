import DerootBytes
import Testing

@Suite("Digests")
struct DigestTests {
    private func digest(_ letter: Character, _ rest: String = "", sha512: Bool = false) throws
        -> Digest
    {
        let count = (sha512 ? 128 : 64) - rest.count
        let name = sha512 ? "sha512" : "sha256"
        return try Digest(parsing: name + ":" + String(repeating: letter, count: count) + rest)
    }

    @Test("what was read is what is written, whatever the digits", arguments: [false, true])
    func spelling(sha512: Bool) throws {
        let digits = "0123456789abcdef"
        for rotation in 0..<16 {
            let turned = digits.suffix(16 - rotation) + digits.prefix(rotation)
            let hex = String(repeating: String(turned), count: sha512 ? 8 : 4)
            let text = (sha512 ? "sha512:" : "sha256:") + hex
            let digest = try Digest(parsing: text)
            #expect(digest.description == text && digest.hex == hex)
            #expect(digest.algorithm == (sha512 ? .sha512 : .sha256))
            #expect(digest.short == String(hex.prefix(12)))
            #expect(try digest == Digest(parsing: Substring(text)))
        }
    }

    @Test("a computed one is the one that is read")
    func computed() throws {
        #expect(
            Digest.of([]).description
                == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let long = Digest.of([1, 2], algorithm: .sha512)
        #expect(try Digest(parsing: long.description) == long)
    }

    @Test(
        "what is none",
        arguments: [
            "", "sha256", "sha256:", "sha256:0", ":" + String(repeating: "0", count: 64),
            "sha256:" + String(repeating: "0", count: 63),
            "sha256:" + String(repeating: "0", count: 65),
            "sha256:" + String(repeating: "0", count: 80),
            "sha256:" + String(repeating: "0", count: 128),
            "sha512:" + String(repeating: "0", count: 64),
            "sha256:" + String(repeating: "A", count: 64),
            "sha256:" + String(repeating: "g", count: 64),
            "sha256:" + String(repeating: "0", count: 62) + "é",
            "sha1:" + String(repeating: "0", count: 40),
        ])
    func wrong(_ text: String) {
        #expect(throws: DerootError.self) { _ = try Digest(parsing: text) }
    }

    @Test("they are sorted as their digits are")
    func order() throws {
        var all: [Digest] = []
        for letter in "0189af" {
            for rest in ["", "0", "f"] {
                all.append(try digest(letter, rest))
                all.append(try digest(letter, rest, sha512: true))
            }
        }
        for one in all {
            for other in all { #expect(one.precedes(other) == (one.hex < other.hex)) }
        }
        #expect(Set(all).count == Set(all.map(\.description)).count)
    }
}
