import Testing

@testable import DerootBytes

/// RFC 8878 around the blocks.
@Suite struct ZstdBlobTests {
    static let data: [UInt8] = {
        var generator = SeededGenerator(11)
        return sample(700_000, &generator)
    }()
    static let skippable: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]

    static var blob: [UInt8] {
        skippable + zstdFrame(Array(data[..<300_000])) + skippable
            + zstdFrame(Array(data[300_000...]), checksum: false) + skippable
    }

    @Test func `B04: frames and skippable frames follow each other`() throws {
        let still = try patch(Self.blob)
        #expect(difference(still.raw, Self.data) == nil)
        #expect(still.result.compression == .zstd)
        let edits = [Edit(offset: 299_999, delete: 2, insert: [1, 2, 3])]
        let pass = try patch(Self.blob, edits)
        #expect(
            difference(unzstd(pass.written, capacity: 1 << 20), applying(edits, to: Self.data))
                == nil)
    }

    @Test func `every truncation is told`() throws {
        let small = zstdFrame(Array(Self.data[..<2000]))
        for count in 4..<small.count {
            #expect { try patch(Array(small[..<count])) } throws: {
                ($0 as? DerootError)?.code == .truncated
            }
        }
    }

    @Test func `a wrong checksum is a mismatch, garbage is malformed`() throws {
        var broken = zstdFrame(Self.data)
        broken[broken.count - 1] ^= 1
        #expect { try patch(broken) } throws: { ($0 as? DerootError)?.code == .mismatch }
        #expect { try patch(Self.blob + Array("not a frame".utf8)) } throws: {
            ($0 as? DerootError)?.code == .malformed
        }
    }

    @Test func `B02: a window above the limit is refused`() throws {
        let blob = zstdFrame(Self.data, windowLog: 24)
        #expect(difference(try patch(blob).raw, Self.data) == nil)
        var limits = Limits()
        limits.zstdWindowLog = 23
        #expect { try patch(blob, limits: limits) } throws: {
            ($0 as? DerootError)?.code == .limit
        }
    }
}
