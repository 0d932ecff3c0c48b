import Testing

@testable import DerootBytes

@Suite struct CRC32Tests {
    @Test func `all lengths and alignments agree with zlib`() {
        var generator = SeededGenerator(1)
        let bytes = (0..<1400).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for start in 0..<17 {
            for end in stride(from: start, through: bytes.count, by: 13) {
                let part = Array(bytes[start..<end])
                var crc = CRC32()
                unsafe part.withUnsafeBytes { unsafe crc.update($0) }
                #expect(crc.value == zlibCRC32(part), "\(start)..<\(end)")
                #expect(crc.count == UInt64(part.count))
            }
        }
    }

    @Test func `pieces add up`() {
        var generator = SeededGenerator(2)
        let bytes = sample(100_000, &generator)
        var crc = CRC32()
        var place = 0
        while place < bytes.count {
            let end = min(bytes.count, place + Int.random(in: 0...3000, using: &generator))
            unsafe bytes[place..<end].withUnsafeBytes { unsafe crc.update($0) }
            place = end
        }
        let sum = zlibCRC32(bytes)
        #expect(crc.value == sum)
        let little = [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: sum >> $0) }
        #expect(crc.trailer == little + [0xA0, 0x86, 1, 0])
    }
}
