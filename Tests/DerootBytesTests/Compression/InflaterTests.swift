import Testing

@testable import DerootBytes

/// The inflater agrees with zlib on every stream, good or bad.
@Suite struct InflaterTests {
    /// Our verdict; nil: refused.
    private static func inflated(_ bytes: [UInt8], chunk: Int) -> Inflation? {
        var inflater = Inflater()
        let input = HeapBuffer(count: bytes.count + Inflater.padding)
        unsafe input.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe input.bytes.copyBytes(from: bytes)
        let window = 1 << 15
        let output = HeapBuffer(count: window + chunk + Inflater.slack)
        var out: [UInt8] = []
        while true {
            guard let base = unsafe output.bytes.baseAddress else { return nil }
            let held = min(window, out.count)
            unsafe output.bytes.copyBytes(from: out.suffix(held))
            var next = unsafe base + held
            do {
                let event = try unsafe inflater.decode(
                    input.part(0..<bytes.count), at: 0, isEnd: true, into: &next, history: base,
                    limit: base + held + chunk)
                unsafe out += output.part(held..<(next - base))
                guard event == .streamEnded else { continue }
                let used = Int((inflater.position + 7) / 8)
                return Inflation(bytes: out, isComplete: true, unread: bytes.count - used)
            } catch { return nil }
        }
    }

    private static func check(_ bytes: [UInt8], _ seed: UInt64, chunk: Int = 5000) {
        let theirs = inflation(bytes)
        guard let ours = inflated(bytes, chunk: chunk) else {
            #expect(!theirs.isComplete, "seed \(seed): zlib reads what we refuse")
            return
        }
        #expect(theirs.isComplete, "seed \(seed): zlib refuses what we read")
        #expect(difference(ours.bytes, theirs.bytes) == nil, "seed \(seed)")
        #expect(ours.unread == theirs.unread, "seed \(seed)")
    }

    @Test(arguments: 0..<60)
    func `flipped bits and cut ends are judged as zlib does`(seed: UInt64) {
        var generator = SeededGenerator(seed)
        let data = sample(Int.random(in: 0...20_000, using: &generator), &generator)
        var settings = DeflateSettings()
        settings.level = Int32.random(in: 0...9, using: &generator)
        settings.strategy = DeflateSettings.strategies.randomElement(using: &generator) ?? 0
        let whole = deflated(data, settings)
        Self.check(whole, seed, chunk: Int.random(in: 1...9000, using: &generator))
        for _ in 0..<10 {
            var broken = whole
            for _ in 0...Int.random(in: 0...2, using: &generator) {
                // Headers are where most can go wrong.
                let reach = Bool.random(using: &generator) ? broken.count : min(80, broken.count)
                broken[Int.random(in: 0..<reach, using: &generator)] ^=
                    1 << UInt8.random(in: 0...7, using: &generator)
            }
            Self.check(broken, seed)
            Self.check(
                Array(whole.prefix(Int.random(in: 0...whole.count, using: &generator))), seed)
        }
    }

    @Test(arguments: 0..<100)
    func `noise is judged as zlib does`(seed: UInt64) {
        var generator = SeededGenerator(seed)
        for type in [UInt8(0), 2, 4, 6] {
            var noise = (0..<700).map { _ in UInt8.random(in: 0...255, using: &generator) }
            noise[0] = noise[0] & ~6 | type
            Self.check(noise, seed)
        }
    }

    /// Streams by hand, each with what is special about it.
    static let handmade: [(name: String, bits: String)] = [
        ("an empty fixed block", "1 10 0000000"),
        ("type 3", "1 11"),
        ("the unused length symbol 286", "1 10 11000110 00000 0000000"),
        ("the unused distance symbol 30", "1 10 00110000 0000001 11110 0000000"),
        ("a distance before the start", "1 10 0000001 00000 0000000"),
        ("a distance of one", "1 10 00110000 0000001 00000 0000000"),
        ("a stored block without bytes", "1 00 00000 0000000000000000 1111111111111111"),
        ("a stored block whose lengths disagree", "1 00 00000 0000000000000000 1111111111111110"),
        ("nothing at all", ""),
    ]

    @Test(arguments: handmade.indices)
    func `streams by hand`(index: Int) {
        var bytes: [UInt8] = []
        for (place, bit) in Self.handmade[index].bits.filter({ $0 != " " }).enumerated() {
            if place % 8 == 0 { bytes.append(0) }
            if bit == "1" { bytes[place / 8] |= 1 << UInt8(place % 8) }
        }
        Self.check(bytes, UInt64(index))
    }
}
