import Testing

@testable import DerootBytes

/// RFC 1952 around the deflate stream.
@Suite struct GzipBlobTests {
    static let data: [UInt8] = {
        var generator = SeededGenerator(9)
        return sample(300_000, &generator)
    }()
    static let blob = deflated(data, gzip: true)
    static let edit = Edit(offset: 100, delete: 5, insert: [9, 9, 9, 9, 9])

    @Test func `B05: every truncation is told`() throws {
        let small = deflated(Array(Self.data[..<2000]), gzip: true)
        for count in 2..<small.count {
            #expect { try patch(Array(small[..<count])) } throws: {
                ($0 as? DerootError)?.code == .truncated
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8])
    func `B05: a wrong CRC or size is a mismatch`(fromEnd: Int) throws {
        var broken = Self.blob
        broken[broken.count - fromEnd] ^= 0x10
        #expect { try patch(broken) } throws: {
            let error = $0 as? DerootError
            return error?.code == .mismatch && error?.location.offset != nil
        }
    }

    @Test(arguments: [2, 3, 12])
    func `bytes that are not deflate are malformed`(at offset: Int) throws {
        var broken = Self.blob
        broken[offset] = 0xFF
        #expect { try patch(broken) } throws: {
            let error = $0 as? DerootError
            return error?.code == .malformed && error?.location.offset != nil
        }
    }

    static let tails: [[UInt8]] = [
        [0], [UInt8](repeating: 0, count: 9000), [0x1F], [0x1F, 0], Array("garbage".utf8),
        [1] + [UInt8](repeating: 7, count: 700_000),
    ]

    // By number: a runner prints its arguments, and one of them is long.
    @Test(arguments: tails.indices)
    func `B05: trailing bytes are carried and hashed`(number: Int) throws {
        let tail = Self.tails[number]
        let blob = Self.blob + tail
        let still = try patch(blob)
        #expect(still.result.digest == Digest.of(blob))
        #expect(still.result.trailing == UInt64(tail.count))
        #expect(difference(still.raw, Self.data) == nil)
        let pass = try patch(blob, [Self.edit])
        #expect(difference(Array(pass.written.suffix(tail.count)), tail) == nil)
        #expect(
            difference(
                gunzipped(Array(pass.written.dropLast(tail.count))),
                applying([Self.edit], to: Self.data)) == nil)
        #expect(pass.result.written?.digest == Digest.of(pass.written))
    }

    @Test func `B04: members follow each other, empty ones included`() throws {
        let parts = [0..<70_000, 70_000..<70_000, 70_000..<70_001, 70_001..<300_000]
        let blob = parts.flatMap { deflated(Array(Self.data[$0]), gzip: true) }
        #expect(difference(try patch(blob).raw, Self.data) == nil)
        let edits = [
            Edit(offset: 69_999, delete: 3, insert: [1, 2, 3, 4]),
            Edit(offset: 300_000, delete: 0, insert: [5]),
        ]
        let pass = try patch(blob, edits)
        #expect(difference(gunzipped(pass.written), applying(edits, to: Self.data)) == nil)
    }
}
