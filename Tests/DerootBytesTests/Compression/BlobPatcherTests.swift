import Testing

@testable import DerootBytes

/// What holds for every compression.
@Suite struct BlobPatcherTests {
    static let data: [UInt8] = {
        var generator = SeededGenerator(7)
        return sample(900_000, &generator)
    }()

    static func packed(_ bytes: [UInt8], _ compression: Compression) -> [UInt8] {
        switch compression {
        case .none: bytes
        case .gzip: deflated(bytes, gzip: true)
        case .zstd: zstdFrame(bytes)
        }
    }

    static func unpacked(_ bytes: [UInt8], _ compression: Compression) -> [UInt8]? {
        switch compression {
        case .none: bytes
        case .gzip: gunzipped(bytes)
        case .zstd: unzstd(bytes, capacity: 4 << 20)
        }
    }

    @Test(arguments: Compression.allCases)
    func `no edit writes nothing and tells both digests`(compression: Compression) throws {
        let blob = Self.packed(Self.data, compression)
        let pass = try patch(blob)
        #expect(difference(pass.raw, Self.data) == nil)
        #expect(pass.written.isEmpty)
        #expect(pass.result.written == nil)
        #expect(pass.result.compression == compression)
        #expect(pass.result.digest == Digest.of(blob))
        #expect(pass.result.size == UInt64(blob.count))
        #expect(pass.result.diffID == DiffID(Digest.of(Self.data)))
        #expect(pass.result.rawSize == UInt64(Self.data.count))
    }

    @Test(arguments: Compression.allCases)
    func `without a sink edits are ignored`(compression: Compression) throws {
        let blob = Self.packed(Self.data, compression)
        let edit = Edit(offset: 5, delete: 1, insert: [1, 2])
        let pass = try patch(blob, [edit], scanOnly: true)
        #expect(pass.result.written == nil)
        #expect(difference(pass.raw, Self.data) == nil)
    }

    static let moments: [Decision] = [.first, .late, .random(1), .random(2)]

    @Test(arguments: Compression.allCases, 0..<12)
    func `edits are what comes out, whenever they are decided`(
        compression: Compression, seed: UInt64
    ) throws {
        var generator = SeededGenerator(seed)
        let size = Int.random(in: 0...Self.data.count, using: &generator)
        let data = Array(Self.data[..<size])
        let blob = Self.packed(data, compression)
        let edits = randomEdits(Int(seed) + 1, in: size, &generator)
        let wanted = applying(edits, to: data)
        var first: [UInt8]?
        for moment in Self.moments {
            let pass = try patch(blob, edits, decision: moment)
            #expect(difference(pass.raw, data) == nil)
            #expect(difference(Self.unpacked(pass.written, compression), wanted) == nil)
            let written = try #require(pass.result.written)
            #expect(written.digest == Digest.of(pass.written))
            #expect(written.size == UInt64(pass.written.count))
            #expect(written.diffID == DiffID(Digest.of(wanted)))
            #expect(written.rawSize == UInt64(wanted.count))
            #expect(pass.result.diffID == DiffID(Digest.of(data)))
            #expect(difference(pass.written, first ?? pass.written) == nil, "\(moment)")
            first = pass.written
        }
    }

    @Test(arguments: Compression.allCases)
    func `an edit behind the end is refused`(compression: Compression) throws {
        let blob = Self.packed([1, 2, 3], compression)
        for edit in [
            Edit(offset: 4, delete: 0, insert: [1]), Edit(offset: 3, delete: 1, insert: []),
        ] {
            #expect { try patch(blob, [edit]) } throws: { ($0 as? DerootError)?.code == .malformed }
        }
    }

    @Test func `an edit before the decided position is refused`() throws {
        let edits = [
            Edit(offset: 5, delete: 2, insert: []), Edit(offset: 6, delete: 0, insert: [1]),
        ]
        #expect { try patch(Self.data, edits) } throws: {
            ($0 as? DerootError)?.code == .malformed
        }
    }

    @Test(arguments: [Compression.gzip, .zstd])
    func `B01: the limits hold and name their flags`(compression: Compression) throws {
        let blob = Self.packed([UInt8](repeating: 0, count: 65 << 20), compression)
        var limits = Limits()
        limits.ratio = 100
        #expect { try patch(blob, limits: limits, scanOnly: true) } throws: {
            let error = $0 as? DerootError
            return error?.code == .limit && error?.advice?.contains("--max-ratio") == true
        }
        limits = Limits()
        limits.ratio = 1 << 40
        limits.layerBytes = 1 << 20
        #expect { try patch(blob, limits: limits, scanOnly: true) } throws: {
            let error = $0 as? DerootError
            return error?.code == .limit && error?.advice?.contains("--max-layer-bytes") == true
        }
    }

    @Test(arguments: Compression.allCases)
    func `B07: an empty layer can grow`(compression: Compression) throws {
        let blob = Self.packed([], compression)
        let still = try patch(blob)
        #expect(still.result.rawSize == 0)
        #expect(still.result.digest == Digest.of(blob))
        let pass = try patch(blob, [Edit(offset: 0, delete: 0, insert: [1, 2, 3])])
        if compression == .none {
            #expect(difference(pass.written, [1, 2, 3]) == nil)
        } else {
            #expect(difference(Self.unpacked(pass.written, compression), [1, 2, 3]) == nil)
        }
    }
}
