import Testing

@testable import DerootBytes

/// Digests of two streams at a time are those that libcrypto computes of each alone.
@Suite(.enabled(if: PairedSHA256.isAvailable, "the CPU has no SHA instructions"))
struct PairedSHA256Tests {
    /// FIPS 180-4's examples, as NIST publishes them, and the empty message.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func agreesWithTheStandard(_ message: String, _ hex: String) {
        let digest = PairedSHA256()
        unsafe Array(message.utf8).withUnsafeBytes { unsafe digest.update($0) }
        #expect(digest.digest().hex == hex)
    }

    @Test(arguments: 0..<200)
    func agreesWithLibcrypto(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let page = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        var streams = (0..<4).map { _ in (paired: PairedSHA256(), bytes: [UInt8]()) }
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            var pending = PairedBytes()
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let stream = Int.random(in: 0..<4, using: &random)
                let longest = Bool.random(using: &random) ? 150 : 3000
                let start = Int.random(in: 0..<10_000, using: &random)
                let range = start..<(start + Int.random(in: 0...longest, using: &random))
                pending.add(range, to: streams[stream].paired)
                streams[stream].bytes += page[range]
            }
            unsafe page.withUnsafeBytes { unsafe pending.workOff($0) }
            let fork = Int.random(in: 0..<4, using: &random)
            streams[3] = (PairedSHA256(copying: streams[fork].paired), streams[fork].bytes)
        }
        for stream in streams { #expect(stream.paired.digest() == .of(stream.bytes)) }
    }
}
