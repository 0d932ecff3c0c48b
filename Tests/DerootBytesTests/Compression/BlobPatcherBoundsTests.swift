import Glibc
import Testing

@testable import DerootBytes

/// What a hostile blob, or a caller, cannot make the patcher do.
@Suite struct BlobPatcherBoundsTests {
    private static var silent: ByteSink { { _ in } }

    @Test func `what is undecided is held, but not without end`() throws {
        let blob = deflated([UInt8](repeating: 7, count: 40 << 20), gzip: true)
        let file = try ScratchFile(blob)
        let patcher = try unsafe BlobPatcher(
            source: FileSlice(File.reading(file.path)), sink: Self.silent, limits: Limits())
        var seen = 0
        do {
            while case let chunk = try unsafe patcher.next(), unsafe !chunk.isEmpty {
                seen += chunk.count
            }
            Issue.record("all of it was held")
        } catch { #expect(error.code == .limit) }
        #expect(seen > 8 << 20 && seen < 20 << 20)
    }

    @Test func `decided bytes are not held`() throws {
        let data = [UInt8](repeating: 7, count: 40 << 20)
        let blob = deflated(data, gzip: true)
        let file = try ScratchFile(blob)
        let patcher = try unsafe BlobPatcher(
            source: FileSlice(File.reading(file.path)), sink: Self.silent, limits: Limits())
        try patcher.decide(upTo: .max)
        let result = try patcher.finish()
        #expect(result.rawSize == 40 << 20)
        #expect(result.written == nil)
    }

    @Test(arguments: [false, true])
    func `too many members without content are refused where they would be held`(
        hasEdit: Bool
    ) throws {
        let first = deflated([1, 2, 3], gzip: true)
        let blob =
            first + [[UInt8]](repeating: deflated([], gzip: true), count: 70_000).flatMap { $0 }
        let edits = hasEdit ? [Edit(offset: 1, delete: 1, insert: [9])] : []
        #expect(try patch(blob, scanOnly: true).result.rawSize == 3)
        #expect { try patch(blob, edits) } throws: { ($0 as? DerootError)?.code == .limit }
    }

    @Test func `a flood of empty blocks is harmless`() throws {
        // 1.2 million empty fixed blocks, ten bits each: 0, 10, 0000000.
        let flood = [[UInt8]](repeating: [2, 8, 0x20, 0x80, 0], count: 300_000).flatMap { $0 }
        let data: [UInt8] = [1, 2, 3]
        let blob = gzipMember(flood + deflated(data), of: data)
        let edits = [Edit(offset: 1, delete: 1, insert: [9, 9])]
        let pass = try patch(blob, edits)
        #expect(difference(gunzipped(pass.written), [1, 9, 9, 3]) == nil)
    }

    /// One block of fixed codes for all bytes, which must be below 144.
    private static func endlessBlock(_ data: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var word: UInt64 = 3
        var count = 3
        for byte in data {
            // The code 0x30 + byte, its first bit first.
            var reversed: UInt64 = 0
            for bit in 0..<8 where (0x30 + Int(byte)) >> bit & 1 == 1 {
                reversed |= 0x80 >> UInt64(bit)
            }
            word |= reversed << UInt64(count)
            count += 8
            out.append(UInt8(truncatingIfNeeded: word))
            word >>= 8
            count -= 8
        }
        // End of block: seven zeros.
        out.append(UInt8(truncatingIfNeeded: word))
        out.append(UInt8(truncatingIfNeeded: word >> 8))
        return out
    }

    @Test func `a block without end is patched like any other`() throws {
        let data = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) & 127 }
        let blob = gzipMember(Self.endlessBlock(data), of: data)
        let edits = [
            Edit(offset: 2_500_000, delete: 10, insert: [1, 2, 3]),
            Edit(offset: 2_999_999, delete: 1, insert: [200]),
        ]
        var first: [UInt8]?
        for moment in [Decision.late, .first, .random(1)] {
            let pass = try patch(blob, edits, decision: moment)
            #expect(difference(gunzipped(pass.written), applying(edits, to: data)) == nil)
            #expect(
                pass.written.prefix(2_000_000).elementsEqual(
                    blob[..<10] + [blob[10] & 0xFE] + blob[11..<2_000_000]))
            #expect(difference(pass.written, first ?? pass.written) == nil)
            first = pass.written
        }
    }

    @Test func `a blob that changes while it is read is refused`() throws {
        let data = [UInt8](repeating: 1, count: 1000)
        let file = try ScratchFile(deflated(data, gzip: true))
        let patcher = try unsafe BlobPatcher(
            source: FileSlice(File.reading(file.path)), sink: Self.silent, limits: Limits())
        try patcher.add(Edit(offset: 5, delete: 1, insert: [2]))
        _ = try unsafe patcher.next()
        let times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        #expect(unsafe utimensat(AT_FDCWD, file.path, times, 0) == 0)
        do {
            _ = try patcher.finish()
            Issue.record("not noticed")
        } catch { #expect(error.code == .mismatch) }
    }

    @Test(arguments: 0..<60)
    func `a blob that is overwritten meanwhile does no harm`(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        let data = sample(200_000, &generator)
        let blob = deflated(data, DeflateSettings(level: seed % 4 == 0 ? 0 : 6), gzip: true)
        let file = try ScratchFile(blob)
        let patcher = try unsafe BlobPatcher(
            source: FileSlice(File.reading(file.path)), sink: Self.silent, limits: Limits())
        while case let chunk = try unsafe patcher.next(), unsafe !chunk.isEmpty {}
        for edit in randomEdits(20, in: data.count, &generator) { try patcher.add(edit) }
        var other = blob
        if seed % 2 == 0 {
            for _ in 0..<20 { other[Int.random(in: 10..<blob.count, using: &generator)] ^= 16 }
        } else {
            other = (0..<blob.count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
        let stream = unsafe fopen(file.path, "r+")
        #expect(unsafe fwrite(other, 1, other.count, stream) == other.count)
        unsafe fclose(stream)
        // The clock of the file system is too coarse to promise that it is noticed.
        do {
            _ = try patcher.finish()
        } catch { #expect(error.code == .mismatch) }
    }

    @Test func `what the sink throws comes out`() throws {
        let file = try ScratchFile(deflated([1, 2, 3], gzip: true))
        let sink: ByteSink = { (_) throws(DerootError) in throw DerootError(.io, "full") }
        let patcher = try unsafe BlobPatcher(
            source: FileSlice(File.reading(file.path)), sink: sink, limits: Limits())
        try patcher.add(Edit(offset: 1, delete: 1, insert: []))
        do {
            _ = try patcher.finish()
            Issue.record("swallowed")
        } catch { #expect(error.message == "full") }
    }

    @Test(arguments: Compression.allCases)
    func `digests are of the algorithms asked for`(compression: Compression) throws {
        var generator = SeededGenerator(4)
        let data = sample(300_000, &generator)
        let blob = BlobPatcherTests.packed(data, compression)
        let file = try ScratchFile(blob)
        for (digest, diffID) in [
            (Digest.Algorithm.sha512, Digest.Algorithm.sha256), (.sha256, .sha512),
            (.sha512, .sha512),
        ] {
            final class Sink { var bytes: [UInt8] = [] }
            let sink = Sink()
            let patcher = try unsafe BlobPatcher(
                source: FileSlice(File.reading(file.path)),
                sink: { unsafe sink.bytes.append(contentsOf: $0) }, limits: Limits(),
                digestAlgorithm: digest, diffIDAlgorithm: diffID)
            let edit = Edit(offset: 200_000, delete: 1, insert: [1, 2, 3])
            try patcher.add(edit)
            let result = try patcher.finish()
            #expect(result.digest == Digest.of(blob, algorithm: digest))
            #expect(result.diffID.digest == Digest.of(data, algorithm: diffID))
            #expect(result.written?.digest == Digest.of(sink.bytes, algorithm: digest))
            let wanted = applying([edit], to: data)
            #expect(result.written?.diffID.digest == Digest.of(wanted, algorithm: diffID))
        }
    }
}
