import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Bad input: a typed error that says where, and a destination whose every byte is as before.
struct RefusalTests {
    /// What has to be in the error's location besides the blob.
    enum Place { case blob, offset, entry }

    /// A bad image and what is to be said of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: DerootError.Code
        let place: Place
        /// The layout, and the blob that is to blame.
        let make: @Sendable () throws -> (LayoutFixture, Digest?)
        var limits = Limits()
    }

    private static func layer(
        _ name: String, _ code: DerootError.Code, _ place: Place, limits: Limits = Limits(),
        _ make: @escaping @Sendable () throws -> LayerFixture
    ) -> Case {
        Case(
            testDescription: name, code: code, place: place,
            make: {
                let bad = try make()
                let good = try Samples.app()
                return (try LayoutFixture(ImageFixture([good, bad])), bad.digest)
            }, limits: limits)
    }

    private static func raw(
        _ name: String, _ code: DerootError.Code, _ place: Place, _ build: @escaping Build
    )
        -> Case
    {
        layer(name, code, place) { try LayerFixture(.gzip, build) }
    }

    private static var small: Limits {
        var limits = Limits()
        limits.layerBytes = 1 << 20
        return limits
    }

    static let streams: [Case] = [
        layer("B05 truncated gzip", .truncated, .offset) {
            let whole = try Samples.base()
            return LayerFixture(raw: whole.raw, blob: Array(whole.blob.dropLast(20)))
        },
        layer("B05 truncated zstd", .truncated, .offset) {
            let whole = try Samples.base(.zstd)
            return LayerFixture(raw: whole.raw, blob: Array(whole.blob.dropLast(20)), .zstd)
        },
        layer("B05 wrong CRC", .mismatch, .offset) {
            var whole = try Samples.base()
            var blob = whole.blob
            blob[blob.count - 6] ^= 1
            whole = LayerFixture(raw: whole.raw, blob: blob)
            return whole
        },
        layer("B01 bomb over the limit", .limit, .offset, limits: small) {
            try LayerFixture { tar in
                tar.file("zeros", String(repeating: "\0", count: 4 << 20))
            }
        },
        layer("B06 SquashFS", .unsupported, .offset) {
            let bytes = Array("hsqs".utf8) + [UInt8](repeating: 7, count: 5000)
            return LayerFixture(raw: bytes, blob: bytes, .gzip)
        },
        layer("B06 xz", .unsupported, .offset) {
            let bytes: [UInt8] =
                [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0] + Array(repeating: 1, count: 600)
            return LayerFixture(raw: bytes, blob: bytes, .gzip)
        },
        layer("B06 something that is no tar", .malformed, .offset) {
            try LayerFixture(raw: [UInt8](repeating: 0x41, count: 2048))
        },
        layer("C21 truncated tar", .truncated, .entry) {
            var tar = TarBuilder()
            tar.file("big", String(repeating: "x", count: 5000))
            return try LayerFixture(raw: Array(tar.bytes.dropLast(1024)))
        },
        layer("C09 bad checksum", .malformed, .offset) {
            var tar = TarBuilder()
            tar.file("good")
            var header = RawHeader("bad").sealed()
            header[1] ^= 1
            tar.raw(header)
            return try LayerFixture(raw: tar.ended)
        },
        raw("C01 smuggled entry", .disagreement, .entry) { tar in
            tar.pax(["size": "512"])
            tar.header(RawHeader("a"))
            tar.file("hidden", mode: 0o4755)
        },
        raw("C02 pax header for a long name", .disagreement, .offset) { tar in
            tar.pax(["size": "512"])
            tar.longName(Array("long".utf8))
            tar.file("a")
        },
        raw("C06 privileged global header", .hostile, .entry) { tar in
            tar.pax([EntryPolicyTests.capability], type: "g")
            tar.file("a")
        },
        raw("C10 readers disagree", .disagreement, .entry) { tar in
            tar.pax(["SCHILY.realsize": "4"])
            tar.file("a")
        },
        raw("C13 path that leaves the root", .hostile, .entry) { $0.file("../../etc/passwd") },
    ]

    static let images: [Case] = [
        Case(testDescription: "A02 too long a blob", code: .mismatch, place: .blob) {
            let layer = try Samples.base()
            let layout = try LayoutFixture(ImageFixture([layer]))
            try layout.write(layer.blob + [0], as: layer.digest)
            return (layout, layer.digest)
        },
        Case(testDescription: "A02 too short a blob", code: .mismatch, place: .blob) {
            let layer = try Samples.base()
            let layout = try LayoutFixture(ImageFixture([layer]))
            try layout.write(Array(layer.blob.dropLast()), as: layer.digest)
            return (layout, layer.digest)
        },
        Case(testDescription: "A03 wrong digest of a layer", code: .mismatch, place: .blob) {
            let layer = try Samples.base(.none)
            var blob = layer.blob
            blob[3 * 512 + 3] ^= 1
            let layout = try LayoutFixture(ImageFixture([layer]))
            try layout.write(blob, as: layer.digest)
            return (layout, layer.digest)
        },
        Case(testDescription: "A03 wrong digest of a config", code: .mismatch, place: .blob) {
            let image = try Samples.image()
            let layout = try LayoutFixture(image)
            var config = image.config
            config[20] ^= 1
            try layout.write(config, as: Digest.of(image.config))
            return (layout, Digest.of(image.config))
        },
        Case(testDescription: "A05 wrong diffID", code: .mismatch, place: .blob) {
            let layer = try Samples.base()
            var image = ImageFixture([layer])
            image.diffIDs = [Digest.of([1]).description]
            return (try LayoutFixture(image), layer.digest)
        },
        Case(testDescription: "A05 fewer diffIDs than layers", code: .mismatch, place: .blob) {
            var image = try Samples.image()
            image.diffIDs = [image.layers[0].diffID.description]
            return (try LayoutFixture(image), image.digest)
        },
        Case(testDescription: "A13 missing layer", code: .notFound, place: .blob) {
            let layer = try Samples.base()
            return (
                try LayoutFixture([ImageFixture([layer])], missing: [layer.digest]), layer.digest
            )
        },
        Case(testDescription: "C17 whiteout of nothing", code: .malformed, place: .entry) {
            let image = ImageFixture([try LayerFixture { $0.file("d/.wh.") }])
            return (try LayoutFixture(image), image.digest)
        },
        Case(testDescription: "E01 a name of digits", code: .hostile, place: .entry) {
            let layer = try LayerFixture { $0.file("etc/passwd", "1000:x:0:0::/:/bin/sh\n") }
            let image = ImageFixture([layer])
            return (try LayoutFixture(image), image.digest)
        },
    ]

    @Test(arguments: streams + images)
    func refuses(_ bad: Case) throws {
        let (layout, blob) = try bad.make()
        // The destination holds something already, which has to stay.
        let good = try LayoutFixture(Samples.image())
        let existing = try Conversion(good.source(), ConversionOptions())
            .convert(into: layout.destination().begin())
        let before = try layout.directory.snapshot()
        for jobs in [1, 3] {
            let error = try #require(throws: DerootError.self) {
                try layout.convert(jobs: jobs, limits: bad.limits)
            }
            #expect(error.code == bad.code, "\(error)")
            #expect(error.code.exitStatus == 2)
            #expect(error.location.blob == blob, "\(error)")
            #expect(error.location.file?.contains(layout.directory.path) == true, "\(error)")
            switch bad.place {
            case .blob: break
            case .offset: #expect(error.location.offset != nil, "\(error)")
            case .entry: #expect(error.location.entry != nil, "\(error)")
            }
        }
        #expect(try layout.directory.snapshot() == before)
        #expect(try layout.result().root().digest == existing.root.digest)
    }

    /// A plan alone writes nothing, and finds the same faults.
    @Test(arguments: streams + images)
    func planningRefusesLikewise(_ bad: Case) throws {
        let (layout, _) = try bad.make()
        let before = try layout.directory.snapshot()
        var conversion = Conversion(try layout.source(), ConversionOptions())
        conversion.limits = bad.limits
        let error = try #require(throws: DerootError.self) { try conversion.plan() }
        #expect(error.code == bad.code, "\(error)")
        #expect(try layout.directory.snapshot() == before)
    }

    /// A blob that nobody would have to read is verified on its way all the same.
    @Test func A03_aWrongBlobIsNotCarried() throws {
        let layer = try LayerFixture(.none) { $0.file("a", "content") }
        let attested = Array("statement".utf8)
        let entry = ImageFixture.descriptor(
            MediaType("application/spdx+json"), Digest.of(attested), attested.count)
        let layout = try LayoutFixture([ImageFixture([layer])], others: [entry], blobs: [attested])
        try layout.write(Array("Statement".utf8), as: Digest.of(attested))
        let error = try #require(throws: DerootError.self) { try layout.convert() }
        #expect(error.code == .mismatch)
        #expect(try layout.directory.snapshot("result").isEmpty)
    }
}
