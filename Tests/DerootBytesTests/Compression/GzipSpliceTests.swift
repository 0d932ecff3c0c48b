import Testing

@testable import DerootBytes

/// The law of the splice: inflate(patch(blob, edits)) == edits applied to inflate(blob).
@Suite struct GzipSpliceTests {
    /// How many random blobs each test of this suite tries.
    static let cases: Range<UInt64> = 0..<80

    private static func edits(
        in data: [UInt8], _ generator: inout SeededGenerator
    ) -> [Edit] {
        if Int.random(in: 0..<3, using: &generator) == 0 {
            let edits = headerEdits(in: data, &generator)
            if !edits.isEmpty { return edits }
        }
        let count = [1, 2, 10, 100].randomElement(using: &generator) ?? 1
        let edits = randomEdits(count, in: data.count, &generator)
        return edits.filter { $0.delete > 0 || !$0.insert.isEmpty }
    }

    private static func randomSizes(_ generator: inout SeededGenerator) -> BufferSizes {
        var sizes = BufferSizes()
        sizes.input = Int.random(in: 2048...50_000, using: &generator)
        sizes.chunk = Int.random(in: 1...60_000, using: &generator)
        sizes.window = Int.random(in: 2048...65_536, using: &generator)
        return sizes
    }

    @Test(arguments: cases)
    func `what comes out is the edited stream, whatever the buffers and moments`(
        seed: UInt64
    ) throws {
        var generator = SeededGenerator(seed)
        let gzip = RandomGzip(&generator)
        let edits = Self.edits(in: gzip.data, &generator)
        let wanted = applying(edits, to: gzip.data)
        var first: [UInt8]?
        for moment in [Decision.late, .first, .random(seed), .random(seed + 1)] {
            let sizes = first == nil ? BufferSizes() : Self.randomSizes(&generator)
            let pass = try patch(gzip.blob, edits, decision: moment, sizes: sizes)
            #expect(difference(pass.raw, gzip.data) == nil, "seed \(seed)")
            if edits.isEmpty {
                #expect(pass.result.written == nil)
                continue
            }
            let members = Array(pass.written.dropLast(gzip.trailing.count))
            #expect(difference(gunzipped(members), wanted) == nil, "seed \(seed) \(moment)")
            #expect(pass.written.suffix(gzip.trailing.count).elementsEqual(gzip.trailing))
            let written = try #require(pass.result.written)
            #expect(written.digest == Digest.of(pass.written), "seed \(seed)")
            #expect(written.diffID == DiffID(Digest.of(wanted)), "seed \(seed)")
            #expect(written.size == UInt64(pass.written.count))
            #expect(
                difference(pass.written, first ?? pass.written) == nil,
                "seed \(seed) \(moment): the result depends on buffers or moments")
            first = pass.written
        }
    }

    @Test(arguments: cases)
    func `edits that change nothing leave the bits alone`(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        let data = sample(Int.random(in: 1...200_000, using: &generator), &generator)
        var settings = DeflateSettings()
        settings.level = Int32.random(in: 1...9, using: &generator)
        settings.strategy = DeflateSettings.strategies.randomElement(using: &generator) ?? 0
        let blob = gzipMember(deflated(data, settings), of: data)
        let edits = headerEdits(in: data, &generator).map { edit in
            Edit(
                offset: edit.offset, delete: edit.delete,
                insert: Array(data[Int(edit.offset)..<Int(edit.end)]))
        }
        let pass = try patch(blob, edits)
        #expect(pass.written.isEmpty == edits.isEmpty)
        let written = edits.isEmpty ? blob : pass.written
        #expect(difference(gunzipped(written), data) == nil, "seed \(seed)")
        // An empty final block of ten bits at most, where the final one was looked at.
        #expect(written.count - blob.count <= 2, "seed \(seed)")
    }

    @Test func `a member without an edit is carried whole`() throws {
        var generator = SeededGenerator(3)
        let parts = (0..<5).map { _ in sample(80_000, &generator) }
        let members = parts.map { gzipMember(deflated($0), of: $0, name: Array("name".utf8)) }
        let edit = Edit(offset: 200_000, delete: 1, insert: [1, 2, 3])
        let pass = try patch(members.flatMap { $0 }, [edit])
        let before = members[0] + members[1]
        let after = members[3] + members[4]
        #expect(pass.written.starts(with: before))
        #expect(pass.written.suffix(after.count).elementsEqual(after))
        #expect(
            difference(gunzipped(pass.written), applying([edit], to: parts.flatMap { $0 })) == nil)
    }

    @Test(arguments: [0, 1, 2, 8, 100, 511, 4096, 70_000, 300_000])
    func `a long deletion or insertion over blocks and members`(length: Int) throws {
        var generator = SeededGenerator(UInt64(length))
        let parts = (0..<3).map { _ in sample(150_000, &generator) }
        let data = parts.flatMap { $0 }
        for level in [Int32(0), 1, 6] {
            let blob = parts.flatMap { part in
                gzipMember(deflated(part, DeflateSettings(level: level)), of: part)
            }
            for edit in [
                Edit(offset: 70_001, delete: length, insert: [7]),
                Edit(offset: 70_001, delete: 3, insert: sample(length, &generator)),
                Edit(offset: 150_000 - UInt64(length / 2), delete: length, insert: []),
                Edit(offset: 150_000, delete: length, insert: sample(length + 1, &generator)),
            ] where edit.delete > 0 || !edit.insert.isEmpty {
                for moment in [Decision.late, .first] {
                    let pass = try patch(blob, [edit], decision: moment)
                    let wanted = applying([edit], to: data)
                    #expect(
                        difference(gunzipped(pass.written), wanted) == nil, "\(level) \(moment)")
                }
            }
        }
    }

    @Test func `few bytes more for many small edits`() throws {
        var generator = SeededGenerator(5)
        let data = sample(2_000_000, &generator)
        let blob = gzipMember(deflated(data), of: data)
        let edits = headerEdits(in: data, &generator)
        let pass = try patch(blob, edits)
        let whole = deflated(applying(edits, to: data))
        #expect(pass.written.count < whole.count * 11 / 10)
    }
}
