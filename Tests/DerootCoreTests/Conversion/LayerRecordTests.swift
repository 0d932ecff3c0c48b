import DerootBytes
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

@testable import DerootCore

/// A record of a layer gives what reading the layer gives.
@Suite("records of layers")
struct LayerRecordTests {
    private final class Output: LayerRecorder.Output {
        var bytes: [UInt8] = []
        func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
            unsafe self.bytes.append(contentsOf: bytes)
        }
    }

    /// Reads a layer as a conversion does; gives what was found, and the record.
    private func read(
        _ layer: LayerFixture
    ) throws -> (layer: Descriptor, outcome: LayerPass.Outcome, record: [UInt8]?) {
        let layout = try LayoutFixture(ImageFixture([layer]))
        let descriptor = Descriptor(
            mediaType: .init("application/vnd.oci.image.layer.v1.tar"), digest: layer.digest,
            size: UInt64(layer.blob.count))
        let output = Output()
        let recorder = LayerRecorder(output)
        let scanner = Conversion(try layout.source(), ConversionOptions()).scanner(nil)
        let outcome = try scanner.scan(
            descriptor, diffIDs: [], decide: nil, keeping: StartFiles([]), record: recorder
        ).pass
        return (descriptor, outcome, recorder.finish(outcome) ? output.bytes : nil)
    }

    private func outcome(
        _ record: [UInt8], _ layer: Descriptor, _ limits: Limits = Limits()
    ) throws -> LayerPass.Outcome {
        let folder = try TemporaryDirectory()
        try folder.write("record", record)
        return try LayerPass.Outcome(
            record: FileSlice(File.reading(folder("record"))), of: layer, limits: limits)
    }

    private func expectSame(_ a: LayerPass.Outcome, _ b: LayerPass.Outcome) {
        #expect(a.blob == b.blob && a.listing.entries == b.listing.entries)
        #expect(a.listing.capabilities == b.listing.capabilities)
        for index in 0..<min(a.listing.count, b.listing.count) {
            #expect(a.listing.pathBytes(index).elementsEqual(b.listing.pathBytes(index)))
            #expect(a.listing.linkBytes(index).elementsEqual(b.listing.linkBytes(index)))
            #expect(a.listing.ownerNames(index) == b.listing.ownerNames(index))
        }
        #expect(a.beginnings == b.beginnings)
        #expect(a.captured.mapValues(\.body) == b.captured.mapValues(\.body))
        #expect(a.captured.mapValues(\.group.bytes) == b.captured.mapValues(\.group.bytes))
        #expect(a.captured.mapValues(\.group.offset) == b.captured.mapValues(\.group.offset))
    }

    @Test(arguments: UInt64(1)...40)
    func aRecordGivesTheSame(_ seed: UInt64) throws {
        let compression: Compression = [.gzip, .zstd, .none][Int(seed % 3)]
        let (layer, outcome, record) = try read(
            try LayerFixture(raw: RandomTar(seed: seed).bytes, compression))
        expectSame(try self.outcome(try #require(record), layer), outcome)
    }

    private static let sample = Result {
        try LayerFixture { tar in
            tar.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
            tar.file("usr/local/bin/start.sh", "#!/bin/sh\nexec app\n", mode: 0o755)
            tar.file("usr/bin/su", String(repeating: "su", count: 3000), mode: 0o4755)
        }
    }

    @Test func bodiesThatWereKeptAreInIt() throws {
        let (layer, outcome, record) = try read(try Self.sample.get())
        #expect(outcome.captured.count == 1 && outcome.beginnings.count >= 1)
        expectSame(try self.outcome(try #require(record), layer), outcome)
    }

    @Test func everyDamagedByteShows() throws {
        let (layer, _, found) = try read(try Self.sample.get())
        let record = try #require(found)
        for place in 0..<record.count {
            var bytes = record
            bytes[place] ^= 0x10
            // zstd's header has bits that say nothing; what comes out must be the same then.
            if let outcome = try? outcome(bytes, layer) {
                expectSame(outcome, try self.outcome(record, layer))
            }
        }
        for count in [0, 1, record.count / 2, record.count - 1] {
            #expect(throws: DerootError.self) { try outcome(Array(record[..<count]), layer) }
        }
    }

    @Test(arguments: [Int64(1) << 40, Int64.max - 1024])
    func aRecordWithABodyThatIsNotInTheLayerIsNone(_ size: Int64) throws {
        let (layer, _, found) = try read(try Self.sample.get())
        let file = try TemporaryDirectory()
        try file.write("record", try #require(found))
        let reader = try unsafe BlobPatcher(
            source: FileSlice(File.reading(file("record"))), sink: nil, limits: Limits())
        var raw: [UInt8] = []
        while case let piece = try unsafe reader.next(), piece.count > 0 {
            unsafe raw.append(contentsOf: piece)
        }
        for start in stride(from: 0, to: 3 * 512, by: 512) {
            var header = RawHeader("x")
            header.bytes = Array(raw[start..<start + 512])
            header.base256(size, at: 124..<136)
            raw.replaceSubrange(start..<start + 512, with: header.sealed())
        }
        let text = raw.dropLast(64)
        let whole = Array(text) + Array(Digest.of(Array(text)).hex.utf8)
        #expect(throws: DerootError.self) {
            try self.outcome(try LayerFixture.compressed(whole, .zstd), layer)
        }
    }

    @Test func aRecordOfAnotherLayerOrAboveALimitIsNone() throws {
        let (layer, outcome, found) = try read(try Self.sample.get())
        let record = try #require(found)
        let other = Descriptor(
            mediaType: layer.mediaType, digest: Digest.of([1]), size: layer.size)
        #expect(throws: DerootError.self) { try self.outcome(record, other) }
        var limits = Limits()
        limits.entries = outcome.listing.count - 1
        #expect(throws: DerootError.self) { try self.outcome(record, layer, limits) }
        limits = Limits()
        limits.layerBytes = outcome.blob.rawSize - 1
        #expect(throws: DerootError.self) { try self.outcome(record, layer, limits) }
    }

    @Test func changesHaveADigestOfTheirOwn() {
        func digest(_ change: (inout HeaderChange) -> Void, index: Int = 1) -> Digest {
            var header = HeaderChange()
            change(&header)
            return [EntryChange(index: index, change: header)].digest
        }
        let digests = [
            [EntryChange]().digest, digest { _ in }, digest({ _ in }, index: 2),
            digest { $0.clear = 0o4000 }, digest { $0.set = 0o4000 },
            digest { $0.capabilities = .strip }, digest { $0.capabilities = .permit },
            digest { $0.owner = .init(uid: 1, gid: 2) },
            digest { $0.owner = .init(uid: 2, gid: 1) },
            digest { $0.owner = .init(uid: 1, gid: 2, userName: [1, 2], groupName: [3]) },
            digest { $0.owner = .init(uid: 1, gid: 2, userName: [1], groupName: [2, 3]) },
        ]
        #expect(Set(digests).count == digests.count)
        #expect(digests[3] == digest { $0.clear = 0o4000 })
    }
}
