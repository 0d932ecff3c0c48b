import DerootBytes
import DerootCore
import DerootOCI
import DerootTar
import DerootTestSupport
import Testing

/// Hostile inputs B01 to B09: what stands between a blob and its tar stream.
struct HostileCompressionTests {
    /// Just above the 64 MiB from which on the ratio counts.
    private static let zeros = {
        let size = 66 << 20
        return RawHeader("zeros", size: UInt64(size)).sealed()
            + [UInt8](repeating: 0, count: size + 1024)
    }()

    @Test(arguments: [Compression.gzip, .zstd])
    func B01_aBombIsStoppedAndTheFlagNamed(_ compression: Compression) throws {
        let bomb = try LayerFixture(raw: Self.zeros, compression)
        var limits = Limits()
        limits.layerBytes = 8 << 20
        try Trial(layer: bomb, limits: limits).refuses(.limit, naming: "--max-layer-bytes")
        limits = Limits()
        limits.ratio = 500
        try Trial(layer: bomb, limits: limits).refuses(.limit, naming: "--max-ratio")
    }

    @Test func B01_whatDeflateCanDoAtMostIsNoBomb() throws {
        try Trial(layer: LayerFixture(raw: Self.zeros)).carries()
    }

    @Test(arguments: [28, 31, 41]) func B02_aZstdWindowOverTheLimitIsRefused(_ log: UInt8) throws {
        // One raw block of 512 zeros behind a window descriptor (RFC 8878, 3.1.1.1.2).
        let head: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, (log - 10) << 3]
        let size = UInt32(512) << 3 | 1
        let block = [UInt8(size & 255), UInt8(size >> 8 & 255), UInt8(size >> 16)]
        let raw = [UInt8](repeating: 0, count: 512)
        let layer = LayerFixture(raw: raw, blob: head + block + raw, .zstd)
        try Trial(layer: layer).refuses(.limit, .unsupported, naming: "window")
    }

    @Test(arguments: Compression.allCases, [Compression.gzip, .zstd])
    func B03_whatIsInsideIsNotDecompressedAgain(_ outer: Compression, _ inner: Compression) throws {
        guard outer != .none else {
            // A tar file in the layer is a file and nothing else.
            let member = try Samples.base(inner).blob
            var tar = TarBuilder()
            tar.header(RawHeader("layer.tar.gz", size: UInt64(member.count)), body: member)
            try Trial(layer: LayerFixture(raw: tar.ended)).carries()
            return
        }
        let layer = try LayerFixture(raw: Samples.base(inner).blob, outer)
        try Trial(layer: layer).refuses(.malformed, .unsupported, .truncated, .disagreement)
    }

    @Test(arguments: [Compression.gzip, .zstd])
    func B04_allMembersAreOneStream(_ compression: Compression) throws {
        let raw = try Samples.base(.none).raw
        let skippable: [UInt8] =
            compression == .zstd ? [0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3] : []
        let blob =
            try LayerFixture.compressed(Array(raw[..<700]), compression)
            + skippable + LayerFixture.compressed([], compression)
            + LayerFixture.compressed(Array(raw[700...]), compression)
        try Trial(layer: LayerFixture(raw: raw, blob: blob, compression)).neutralises("/usr/bin/su")
    }

    @Test(arguments: [Compression.gzip, .zstd])
    func B05_whatIsTruncatedOrDamagedIsRefused(_ compression: Compression) throws {
        let whole = try Samples.base(compression)
        for count in [1, 9, whole.blob.count / 2] {
            let layer = LayerFixture(
                raw: whole.raw, blob: Array(whole.blob.dropLast(count)), compression)
            try Trial(layer: layer).refuses(.truncated, .malformed, .mismatch, naming: "offset")
        }
        var blob = whole.blob
        blob[blob.count - 6] ^= 1
        try Trial(layer: LayerFixture(raw: whole.raw, blob: blob, compression))
            .refuses(.mismatch, .malformed)
    }

    @Test(arguments: [[0], [0, 0, 0, 0, 7], [0x1F, 0x8B, 9]] as [[UInt8]])
    func B05_garbageBehindTheStreamIsCarriedOrRefused(_ tail: [UInt8]) throws {
        let clean = try LayerFixture { $0.file("a", "b") }
        let layer = LayerFixture(raw: clean.raw, blob: clean.blob + tail)
        if tail.starts(with: [0x1F, 0x8B]) {
            try Trial(layer: layer).refuses(.malformed, .truncated, .unsupported)
            return
        }
        try Trial(layer: layer).carries()
        let dirty = try Samples.base()
        let done = try Trial(layer: LayerFixture(raw: dirty.raw, blob: dirty.blob + tail))
            .neutralises("/usr/bin/su")
        #expect(try done.image().layers[0].count == dirty.raw.count)
    }

    @Test func B06_foreignFormatsAreRefusedByTheirBytes() throws {
        for magic in [
            [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], [0x42, 0x5A, 0x68, 0x39],
            [0x04, 0x22, 0x4D, 0x18], Array("hsqs".utf8), Array("PK".utf8) + [3, 4],
        ] as [[UInt8]] {
            let bytes = magic + [UInt8](repeating: 1, count: 5000)
            try Trial(layer: LayerFixture(raw: bytes, blob: bytes)).refuses(
                .unsupported, .malformed, naming: "offset 0")
        }
    }

    @Test(arguments: Compression.allCases) func B06_theBytesWin(_ real: Compression) throws {
        for stated in Compression.allCases {
            let base = try Samples.base(real)
            try Trial(layer: LayerFixture(raw: base.raw, blob: base.blob, stated))
                .neutralises("/usr/bin/su", "/usr/bin/ping")
        }
    }

    @Test(arguments: [0, 512, 1024, 10240]) func B07_anEmptyLayerIsCarried(_ zeros: Int) throws {
        let raw = [UInt8](repeating: 0, count: zeros)
        for compression in Compression.allCases {
            try Trial(layer: LayerFixture(raw: raw, compression)).carries()
        }
    }

    /// Any one byte of a frame spoilt, with a diffID and a digest that fit: refused, or the stream is
    /// the very same.
    @Test func B08_spoiltZstdFramesAreRefusedInOrder() throws {
        let whole = try Samples.base(.zstd)
        var random = SeededGenerator(seed: 8)
        for _ in 0..<60 {
            var blob = whole.blob
            let position = Int.random(in: 0..<blob.count, using: &random)
            blob[position] ^= UInt8.random(in: 1...255, using: &random)
            let trial = try Trial(layer: LayerFixture(raw: whole.raw, blob: blob, .zstd))
            do {
                let done = try trial.convert()
                #expect(done.images.count == 1)
                #expect(try trial.populated.harm() == nil)
            } catch let error as DerootError {
                #expect(error.location.blob != nil && error.code != .io, "\(error)")
                #expect(try trial.populated.difference() == nil)
            }
        }
    }

    @Test(arguments: Compression.allCases)
    func B09_theTailBelongsToTheDiffIDAndIsCarried(_ compression: Compression) throws {
        var tar = TarBuilder()
        tar.file("a", "b")
        let zeros = { [UInt8](repeating: 0, count: $0) }
        for tail in [zeros(0), zeros(512), zeros(1024) + Array("tail".utf8), zeros(10240 + 7)] {
            try Trial(layer: LayerFixture(raw: tar.bytes + tail, compression)).carries()
        }
        tar.file("su", mode: 0o4755)
        let raw = tar.ended + Array("tail".utf8)
        let done = try Trial(layer: LayerFixture(raw: raw, compression)).neutralises("/su")
        #expect(try done.image().layers[0].suffix(4).elementsEqual("tail".utf8))
    }
}
