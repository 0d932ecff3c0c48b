import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Hostile inputs A01 to A22: documents, descriptors and what hangs under them.
struct HostileGraphTests {
    private func sample() throws -> ImageFixture { try Samples.image() }

    /// A layout of one image whose documents a closure spoils.
    private func spoilt(
        _ prepare: @escaping (LayoutFixture, ImageFixture) throws -> Void
    ) throws -> Trial {
        let image = try sample()
        return try Trial(LayoutFixture(image)) { try prepare($0, image) }
    }

    @Test func A01_documentsOverTheirLimitsAreRefused() throws {
        let blanks = [UInt8](repeating: 0x20, count: 4 << 20)
        try spoilt { layout, image in
            try layout.directory.write(
                "source/index.json", Array(LayoutFixture.index([image.entry()]).utf8) + blanks)
        }.refuses(.limit)
        try spoilt { layout, image in
            try layout.rewrite(image) { $0 + String(repeating: " ", count: 4 << 20) }
        }.refuses(.limit)
        try spoilt { layout, image in
            try layout.rewrite(image, config: image.config + blanks + blanks)
        }.refuses(.limit)
    }

    @Test(arguments: ["-1", "9223372036854775808", "18446744073709551617", "1e3", "1.5", "\"1\""])
    func A02_aSizeThatIsNoneIsRefused(_ size: String) throws {
        try spoilt { layout, image in
            let count = image.manifest.count
            try layout.writeIndex([
                image.entry().replacing("\"size\":\(count)", with: "\"size\":\(size)")
            ])
        }.refuses(.malformed)
    }

    @Test(arguments: [-1, 1, 4096]) func A02_aSizeThatIsWrongIsRefused(_ more: Int) throws {
        try spoilt { layout, image in
            let count = image.manifest.count
            try layout.writeIndex([
                image.entry().replacing("\"size\":\(count)", with: "\"size\":\(count + more)")
            ])
        }.refuses(.mismatch)
        try spoilt { layout, image in
            let count = image.layers[0].blob.count
            try layout.rewrite(image) {
                $0.replacing("\"size\":\(count)", with: "\"size\":\(count + more)")
            }
        }.refuses(.mismatch)
    }

    @Test func A02_sizesThatNoNumberHoldsTogetherAreRefused() throws {
        try spoilt { layout, image in
            let others = (UInt8(1)...3).map { number in
                ImageFixture.descriptor(.layerGzip, Digest.of([number]), Int.max) + ","
            }
            try layout.rewrite(image) {
                $0.replacing("\"layers\": [", with: "\"layers\": [" + others.joined())
            }
        }.refuses(.limit)
    }

    @Test func A03_wrongBytesUnderADigestAreRefused() throws {
        try spoilt { layout, image in
            var bytes = image.manifest
            bytes[bytes.count - 3] ^= 0x20
            try layout.write(bytes, as: image.digest)
        }.refuses(.mismatch, .malformed)
        try spoilt { layout, image in
            var bytes = image.config
            bytes[20] ^= 1
            try layout.write(bytes, as: Digest.of(image.config))
        }.refuses(.mismatch)
        let layer = try Samples.base(.none)
        try Trial(LayoutFixture(ImageFixture([layer]))) { layout in
            var bytes = layer.blob
            bytes[3 * 512 + 3] ^= 1
            try layout.write(bytes, as: layer.digest)
        }.refuses(.mismatch, naming: layer.digest.description)
    }

    /// Another image, whole and right in itself, in the place of the one that was asked for.
    @Test func A04_whatWasAskedForCountsAndNotWhatCame() throws {
        let other = ImageFixture([try Samples.app()])
        try spoilt { layout, image in
            for blob in other.blobs { try layout.write(blob) }
            try layout.write(other.manifest, as: image.digest)
        }.refuses(.mismatch)
    }

    /// A wrong digest may be the way's fault; a wrong diffID of the right bytes is the image's own.
    @Test func A03_onlyContentThatWasComparedIsBlamed() throws {
        let layer = try Samples.base()
        let damaged = try LayoutFixture(ImageFixture([layer]))
        var blob = layer.blob
        blob[blob.count / 2] ^= 1
        try damaged.write(blob, as: layer.digest)
        #expect(try !Trial(damaged).refuses(.mismatch).isOfContent)
        blob = layer.blob
        blob[blob.count - 6] ^= 1
        let wrongInItself = LayerFixture(raw: layer.raw, blob: blob)
        #expect(try Trial(layer: wrongInItself).refuses(.mismatch).isOfContent)
    }

    @Test func A05_diffIDsThatDoNotFitTheLayersAreRefused() throws {
        var image = try sample()
        let right = image.layers.map(\.diffID.description)
        for ids in [[right[0]], right + [right[0]], [right[1], right[0]], []] {
            image.diffIDs = ids
            #expect(try Trial(LayoutFixture(image)).refuses(.mismatch).isOfContent)
        }
    }

    @Test func A05_theSameLayerTwiceIsLegal() throws {
        let layer = try LayerFixture { $0.file("a", "b") }
        let done = try Trial(LayoutFixture(ImageFixture([layer, layer]))).carries()
        #expect(try done.image().layers[0] == done.image().layers[1])
    }

    @Test(arguments: [
        "", #"{"created_by":"a","empty_layer":true},{"created_by":"b","empty_layer":true}"#,
        #"{"created_by":"a"},{"created_by":"b"},{"created_by":"c"},{"created_by":"d"}"#,
    ])
    func A06_historyOfAnyLengthIsCarriedAndGetsOneEntry(_ history: String) throws {
        let done = try spoilt { layout, image in
            let text = String(decoding: image.config, as: UTF8.self)
            let member = #""history":["#
            let start = try #require(text.firstRange(of: member)).lowerBound
            try layout.rewrite(
                image, config: Array((text[..<start] + member + history + "]}").utf8))
        }.converts()
        let before = done.before[0].config.history.map(\.createdBy)
        let after = try done.image().config.history.map(\.createdBy)
        #expect(Array(after.prefix(before.count)) == before)
        // Where there is none, none is begun: it would have to lie about the layers before.
        #expect(after.count == (before.isEmpty ? 0 : before.count + 1))
    }

    @Test(arguments: [
        "sha256:../../../etc/passwd", "sha256:ABCDEF",
        "sha256:" + String(repeating: "A", count: 64),
        "sha256", "", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:\\u0000",
        "sha256:" + String(repeating: "0", count: 63),
        "sha512:" + String(repeating: "0", count: 64),
    ])
    func A07_textThatIsNoDigestIsRefused(_ text: String) throws {
        try spoilt { layout, image in
            try layout.writeIndex([image.entry().replacing(image.digest.description, with: text)])
        }.refuses(.malformed, .unsupported)
    }

    @Test func A08_sha512IsSupported() throws {
        let layer = try Samples.base()
        let image = ImageFixture([layer])
        let long = Digest.of(layer.blob, algorithm: .sha512)
        let done = try Trial(LayoutFixture(image)) { layout in
            try layout.write(layer.blob, as: long)
            try layout.rewrite(image) {
                $0.replacing(layer.digest.description, with: long.description)
            }
        }.neutralises("/usr/bin/su")
        #expect(try done.image().manifest.layers[0].digest.algorithm == .sha512)
    }

    @Test func A09_aDocumentThatIsTwoThingsIsRefused() throws {
        try spoilt { layout, image in
            try layout.rewrite(image) {
                $0.replacing("\"layers\"", with: "\"manifests\":[],\"layers\"")
            }
        }.refuses(.hostile)
        try spoilt { layout, image in
            try layout.rewrite(image) {
                $0.replacing(
                    "\"mediaType\": \"\(MediaType.manifest)\"",
                    with: "\"mediaType\": \"\(MediaType.index)\"")
            }
        }.refuses(.hostile, .mismatch, .malformed)
    }

    @Test func A10_whatIsNoImageIsCarriedOrRefused() throws {
        let blob = Array("chart".utf8)
        let entry = ImageFixture.descriptor(
            MediaType("application/vnd.cncf.helm.chart.v1+json"), Digest.of(blob), blob.count)
        let trial = try Trial(LayoutFixture([sample()], others: [entry], blobs: [blob]))
        let done = try trial.converts()
        #expect(done.outcome.carried.count == 1)
        let kept = try trial.source.directory.read("result/blobs/sha256/\(Digest.of(blob).hex)")
        #expect(kept == blob)
        try spoilt { layout, _ in
            try layout.write(blob)
            try layout.writeIndex([entry])
        }.refuses(.unsupported, naming: "helm")
    }

    @Test func A11_schemaOneIsRefusedClearly() throws {
        let old = Array(#"{"schemaVersion":1,"name":"a","fsLayers":[],"history":[]}"#.utf8)
        for type in [MediaType.dockerSchema1, .dockerSchema1Signed] {
            try spoilt { layout, _ in
                try layout.write(old)
                try layout.writeIndex([ImageFixture.descriptor(type, Digest.of(old), old.count)])
            }.refuses(.unsupported)
        }
    }

    @Test func A12_indexesTooDeepAreRefused() throws {
        for depth in [3, 9, 1000] {
            let trial = try spoilt { layout, image in
                var entry = image.entry()
                for _ in 0..<depth {
                    let index = Array(LayoutFixture.index([entry]).utf8)
                    try layout.write(index)
                    entry = ImageFixture.descriptor(.index, Digest.of(index), index.count)
                }
                try layout.writeIndex([entry])
            }
            if depth < 8 { try trial.converts() } else { try trial.refuses(.limit) }
        }
    }

    @Test func A12_tooManyChildrenAreRefused() throws {
        try spoilt { layout, image in
            let many = [String](repeating: image.entry(), count: 10_001)
            let index = Array(LayoutFixture.index(many).utf8)
            try layout.write(index)
            try layout.writeIndex([ImageFixture.descriptor(.index, Digest.of(index), index.count)])
        }.refuses(.limit)
    }

    @Test func A13_anIndexWithAMissingChildIsRefusedUnlessAPlatformIsChosen() throws {
        var (one, two) = (try sample(), ImageFixture([try Samples.app()]))
        (one.architecture, two.architecture) = ("amd64", "arm64")
        let layout = try LayoutFixture([one, two], missing: [one.digest])
        var trial = try Trial(layout)
        try trial.refuses(.notFound, naming: one.digest.description, "--platform")
        trial.platform = "linux/arm64"
        #expect(try trial.converts().image().config.platform.architecture == "arm64")
    }

    @Test(arguments: [
        "", "null", "\u{FEFF}{}", "[]", "{}", "not JSON", #"{"schemaVersion":2,"manifests":null}"#,
        #"{"schemaVersion":2,"manifests":[]}"#, #"{"schemaVersion":2,"manifests":[{}]}"#,
    ])
    func A14_aBrokenIndexIsRefused(_ text: String) throws {
        try spoilt { layout, _ in
            try layout.directory.write("source/index.json", Array(text.utf8))
        }.refuses(.malformed, .notFound)
    }

    @Test func A14_anIndexThatIsNoFileIsRefused() throws {
        try spoilt { layout, _ in
            try File.remove(layout.directory("source/index.json"))
        }.refuses(.notFound, naming: "index.json")
        try spoilt { layout, _ in
            try File.remove(layout.directory("source/index.json"))
            try Directory.create(layout.directory("source/index.json"))
        }.refuses(.unsupported)
    }

    @Test func A15_anotherLayoutVersionIsRefusedAndNoneIsRemarked() throws {
        try spoilt { layout, _ in
            try layout.directory.write(
                "source/oci-layout", Array(#"{"imageLayoutVersion":"2.0.0"}"#.utf8))
        }.refuses(.unsupported)
        let trial = try spoilt { layout, _ in
            try File.remove(layout.directory("source/oci-layout"))
        }
        #expect(try trial.source.source().remarks.count == 1)
        try trial.converts()
    }

    @Test(arguments: ["../../up", "a/b", "/etc/passwd", "a b", "é\\n", "10k"])
    func A16_aNameIsDataAndNeverAPath(_ name: String) throws {
        let name = name == "10k" ? String(repeating: "x", count: 10_000) : name
        let image = try sample()
        let layout = try LayoutFixture(image)
        let note = ",\"annotations\":{\"\(OCILayout.referenceName)\":\"\(name)\"}"
        try layout.writeIndex([image.entry(note)])
        try layout.convert()
        let names = try Directory.names(in: layout.directory.path)
        #expect(names == ["result", "source"])
        #expect(try layout.result().imageName == layout.source().imageName)
    }

    @Test func A17_embeddedDataThatLiesIsRefused() throws {
        for data in ["e30=", "!", String(repeating: "QUFB", count: 2 << 20)] {
            try spoilt { layout, image in
                let entry = image.entry().dropLast() + ",\"data\":\"\(data)\"}"
                try layout.writeIndex([String(entry)])
            }.refuses(.mismatch, .malformed, .limit)
        }
    }

    @Test func A18_aForeignLayerIsNeverFetched() throws {
        let layer = try LayerFixture { $0.file("foreign", "x") }
        let image = ImageFixture([layer])
        let urls = "\"urls\":[\"http://169.254.169.254/latest\"],"
        func prepare(_ layout: LayoutFixture) throws {
            try layout.rewrite(image) {
                $0.replacing(
                    "\"digest\":\"\(layer.digest)\"", with: urls + "\"digest\":\"\(layer.digest)\"")
            }
        }
        try Trial(LayoutFixture([image], missing: [layer.digest]), prepare: prepare)
            .refuses(.blocked, naming: "foreign")
        let done = try Trial(LayoutFixture(image), prepare: prepare).carries()
        #expect(try done.image().manifest.layers[0].urls.count == 1)
    }

    @Test func A19_anEncryptedLayerIsRefused() throws {
        try spoilt { layout, image in
            try layout.rewrite(image) {
                $0.replacing("tar+gzip\"", with: "tar+gzip+encrypted\"")
            }
        }.refuses(.unsupported, naming: "encrypted")
    }

    @Test(arguments: [
        #""User":"1000:1000","User":"0""#, #""User":"1000","user":"0""#, #""USER":"0","user":"1""#,
    ])
    func A20_twoSpellingsOfAFieldAreRefused(_ settings: String) throws {
        let layer = try Samples.app()
        try Trial(LayoutFixture(ImageFixture([layer], settings: settings))).refuses(.hostile)
    }

    @Test func A20_hostileJSONIsRefused() throws {
        let deep = String(repeating: "[", count: 100_000)
        for text in [
            deep, deep + String(repeating: "]", count: 100_000), "[1e9999", "[01]", "[NaN]",
        ] {
            try spoilt { layout, image in
                let config = String(decoding: image.config, as: UTF8.self)
                let bad = Array(config.replacing("[1.10,1e2]", with: text).utf8)
                try layout.rewrite(image, config: bad)
            }.refuses(.malformed, .limit)
        }
        // Legal, however odd: carried as it is.
        let done = try spoilt { layout, image in
            let config = String(decoding: image.config, as: UTF8.self)
            let odd = Array(config.replacing("[1.10,1e2]", with: #"["\ud800",1e9999,-0]"#).utf8)
            try layout.rewrite(image, config: odd)
        }.converts()
        let text = String(decoding: try done.image().config.document.bytes, as: UTF8.self)
        #expect(text.contains(#"["\ud800",1e9999,-0]"#))
    }

    @Test func A21_whatIsUnknownIsCarriedAsItWas() throws {
        let done = try Trial(LayoutFixture(sample())).converts()
        let config = String(decoding: try done.image().config.document.bytes, as: UTF8.self)
        #expect(config.contains(#""x.unknown":[1.10,1e2]"#))
        let manifest = String(decoding: try done.image().manifest.document.bytes, as: UTF8.self)
        #expect(manifest.contains(#""x.unknown":true"#))
    }

    @Test func A22_fieldsOfAWrongTypeAreRefused() throws {
        for settings in [#""User":5"#, #""Env":"a""#, #""Volumes":[]"#, #""Entrypoint":{}"#] {
            let image = ImageFixture([try Samples.app()], settings: settings)
            try Trial(LayoutFixture(image)).refuses(.malformed)
        }
        for (old, new) in [("\"config\":{", "\"config\":null,\"y\":{"), ("\"created\"", "\"y\"")] {
            try spoilt { layout, image in
                let config = String(decoding: image.config, as: UTF8.self)
                try layout.rewrite(image, config: Array(config.replacing(old, with: new).utf8))
            }.converts()
        }
        try spoilt { layout, image in
            let config = String(decoding: image.config, as: UTF8.self)
            try layout.rewrite(
                image, config: Array(config.replacing("\"rootfs\"", with: "\"y\"").utf8))
        }.refuses(.mismatch, .malformed)
    }
}
