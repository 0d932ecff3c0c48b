import Testing

@testable import DerootBytes

/// RFC 1952, 2.3: the fields before the deflate stream.
@Suite struct GzipHeaderTests {
    static let data = Array("some bytes, some bytes".utf8)

    private static func blob(
        extra: [UInt8]? = nil, name: [UInt8]? = nil, comment: [UInt8]? = nil,
        hasChecksum: Bool = false
    ) -> [UInt8] {
        gzipMember(
            deflated(data), of: data, extra: extra, name: name, comment: comment,
            hasChecksum: hasChecksum)
    }

    static let fields: [[UInt8]?] = [nil, [], [65], [UInt8](repeating: 66, count: 9000)]

    @Test(arguments: fields, [false, true])
    func `optional fields are passed and kept`(field: [UInt8]?, hasChecksum: Bool) throws {
        var sizes = BufferSizes()
        sizes.input = 2048
        for which in 0..<4 {
            let blob = Self.blob(
                extra: which == 0 || which == 3 ? field : nil,
                name: which == 1 || which == 3 ? field : nil,
                comment: which == 2 || which == 3 ? field : nil, hasChecksum: hasChecksum)
            let edit = Edit(offset: 2, delete: 1, insert: [90])
            let pass = try patch(blob, [edit], sizes: sizes)
            #expect(difference(pass.raw, Self.data) == nil)
            let header = blob.count - deflated(Self.data).count - 8
            #expect(pass.written.prefix(header).elementsEqual(blob.prefix(header)))
            #expect(difference(gunzipped(pass.written), applying([edit], to: Self.data)) == nil)
        }
    }

    @Test func `a header that ends early is truncated`() throws {
        let blob = Self.blob(extra: [1, 2, 3], name: [65], comment: [66], hasChecksum: true)
        for count in 2..<(blob.count - 1) {
            #expect { try patch(Array(blob[..<count])) } throws: {
                ($0 as? DerootError)?.code == .truncated
            }
        }
    }

    @Test func `a wrong header checksum is a mismatch`() throws {
        var blob = Self.blob(name: [65, 66], hasChecksum: true)
        blob[10] = 67
        #expect { try patch(blob) } throws: { ($0 as? DerootError)?.code == .mismatch }
    }

    @Test(arguments: [0x20, 0x40, 0x80] as [UInt8])
    func `reserved flags are refused`(flag: UInt8) throws {
        var blob = Self.blob()
        blob[3] |= flag
        #expect { try patch(blob) } throws: { ($0 as? DerootError)?.code == .malformed }
    }

    @Test func `bytes that look like a member must be one`() throws {
        let blob = Self.blob() + [0x1F, 0x8B, 7]
        #expect { try patch(blob) } throws: { ($0 as? DerootError)?.code == .malformed }
    }
}
