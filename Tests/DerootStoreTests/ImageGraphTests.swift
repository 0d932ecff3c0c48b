import DerootBytes
import DerootOCI
import Testing

@testable import DerootStore

/// Documents in memory, by their digests.
private struct MemorySource: ImageSource {
    let name = "memory"
    let imageName: String? = nil
    let remarks: [String] = []
    let chosen: Descriptor
    var blobs: [Digest: [UInt8]]

    init(_ root: [UInt8], _ type: MediaType, _ blobs: [[UInt8]]) {
        chosen = Descriptor(mediaType: type, digest: Digest.of(root), size: UInt64(root.count))
        self.blobs = Dictionary(([root] + blobs).map { (Digest.of($0), $0) }) { $1 }
    }

    func root() -> Descriptor { chosen }

    func document(_ descriptor: Descriptor, limit: Int) throws(DerootError) -> [UInt8] {
        guard descriptor.size <= UInt64(limit) else { throw DerootError(.limit, "too large") }
        guard let blob = blobs[descriptor.digest] else { throw DerootError(.notFound, "missing") }
        return blob
    }

    func blob(_ descriptor: Descriptor) throws(DerootError) -> FileSlice {
        throw DerootError(.notFound, "a graph reads no blobs")
    }

    func contains(_ descriptor: Descriptor) -> Bool { blobs[descriptor.digest] != nil }
}

@Suite struct ImageGraphTests {
    private let amd = TinyImage("amd")
    private let arm = TinyImage("arm", architecture: "arm64")

    private func entry(_ image: TinyImage, platform: String? = nil) -> String {
        let name = platform ?? image.platform?.architecture ?? ""
        return TinyImage.json(
            .manifest, image.manifest, #","platform":{"os":"linux","architecture":"\#(name)"}"#)
    }

    private func source(
        _ entries: [String], _ blobs: [[UInt8]]? = nil, type: MediaType = .index
    ) -> MemorySource {
        let index = Array(
            (#"{"schemaVersion":2,"mediaType":"\#(type)","manifests":["#
                + entries.joined(separator: ",") + "]}").utf8)
        return MemorySource(index, type, blobs ?? (amd.blobs + arm.blobs))
    }

    @Test func aSingleImage() throws {
        let source = MemorySource(amd.manifest, .manifest, amd.blobs)
        let graph = try ImageGraph(reading: source)
        #expect(graph.root == source.chosen)
        #expect(graph.indexes.isEmpty && graph.others.isEmpty)
        #expect(graph.images.count == 1)
        #expect(graph.images[0].platform.description == "linux/amd64")
        #expect(graph.images[0].path.isEmpty)
        #expect(graph.images[0].config.env == ["SEED=amd"])
        #expect(graph.images[0].manifest.document.bytes == amd.manifest)
        #expect(graph.images[0].refusal == nil)
    }

    @Test func layersNeedNotBeThere() throws {
        let source = MemorySource(amd.manifest, .manifest, [amd.config])
        #expect(try ImageGraph(reading: source).images.count == 1)
    }

    @Test(arguments: [MediaType.index, .dockerList]) func anIndex(type: MediaType) throws {
        let source = source([entry(amd), entry(arm)], type: type)
        let graph = try ImageGraph(reading: source)
        #expect(graph.images.map(\.platform.description) == ["linux/amd64", "linux/arm64"])
        #expect(graph.images.allSatisfy { $0.path == [source.chosen.digest] })
        #expect(graph.indexes.map(\.descriptor) == [source.chosen])
    }

    @Test func nestedIndexes() throws {
        let inner = Array(indexText([entry(arm)]).utf8)
        let source = source(
            [entry(amd), TinyImage.json(.index, inner)], amd.blobs + arm.blobs + [inner])
        let graph = try ImageGraph(reading: source)
        #expect(graph.indexes.count == 2)
        #expect(graph.images[1].path == [source.chosen.digest, Digest.of(inner)])
    }

    @Test func aPlatformNarrows() throws {
        // Only arm64 is there: a sparse index (hostile input A13).
        let source = source([entry(amd), entry(arm)], arm.blobs)
        let graph = try ImageGraph(reading: source, platform: Platform(parsing: "linux/arm64/v8"))
        #expect(graph.images.map(\.descriptor.digest) == [arm.descriptor.digest])
        #expect(graph.others.count == 1)
        #expect(
            graph.others.first?.reason
                == .platform(Platform(os: "linux", architecture: "amd64")))
    }

    @Test func missingChildrenAreNeverDropped() throws {
        let sparse = source([entry(amd), entry(arm)], arm.blobs)
        let error = try failure {
            try ImageGraph(reading: sparse)
        }
        #expect(error.code == .notFound)
        #expect(error.location.blob == amd.descriptor.digest)
        #expect(error.advice?.contains("--platform") == true)
        let wanted = try Platform(parsing: "linux/amd64")
        #expect(try failure { try ImageGraph(reading: sparse, platform: wanted) }.code == .notFound)
    }

    @Test func withoutAPlatformInTheIndexTheConfigTells() throws {
        let source = source([amd.entry(), arm.entry()])
        let graph = try ImageGraph(reading: source, platform: Platform(parsing: "linux/arm64"))
        #expect(graph.images.map(\.descriptor.digest) == [arm.descriptor.digest])
    }

    @Test func noSuchPlatform() throws {
        let error = try failure {
            try ImageGraph(
                reading: source([entry(amd), entry(arm)]),
                platform: Platform(parsing: "linux/s390x"))
        }
        #expect(error.code == .notFound)
        #expect(error.message.contains("linux/amd64") && error.message.contains("linux/arm64"))
    }

    @Test func theSameChildTwiceIsOneImage() throws {
        let graph = try ImageGraph(reading: source([entry(amd), entry(amd)]))
        #expect(graph.images.count == 1)
    }

    @Test func twoOpinionsAboutOneBlobAreRefused() throws {
        let second = TinyImage.json(.dockerManifest, amd.manifest)
        #expect(
            try failure { try ImageGraph(reading: source([entry(amd), second])) }.code == .hostile)
    }

    @Test func attestationsAreListed() throws {
        let note = """
            ,"platform":{"os":"unknown","architecture":"unknown"},\
            "annotations":{"\(DocumentKind.referenceType)":"attestation-manifest"}
            """
        // It need not be there: it is not going to be in the result.
        let gone = TinyImage.json(.manifest, Array("gone".utf8), note)
        let graph = try ImageGraph(reading: source([entry(amd), gone]))
        #expect(graph.images.count == 1)
        #expect(graph.others.map(\.reason) == [.attestation])
    }

    @Test func whatIsForNoPlatformMayBeMissingWithAPlatform() throws {
        let note = #","platform":{"os":"unknown","architecture":"unknown"}"#
        let gone = TinyImage.json(.manifest, Array("gone".utf8), note)
        let entries = [entry(amd), gone]
        #expect(try failure { try ImageGraph(reading: source(entries)) }.code == .notFound)
        let graph = try ImageGraph(
            reading: source(entries), platform: Platform(parsing: "linux/amd64"))
        #expect(graph.images.count == 1)
        #expect(graph.others.count == 1)
    }

    // Cosign's signatures and BuildKit's builder records have an image's config.
    @Test func withoutAFilesystemLayerItIsNoImage() throws {
        let signature = TinyImage(
            "x", layerType: MediaType("application/vnd.dev.cosign.simplesigning.v1+json"))
        let graph = try ImageGraph(
            reading: source([entry(amd), entry(signature)], amd.blobs + signature.blobs))
        #expect(graph.images.count == 1)
        guard case .artifact(let what)? = graph.others.first?.reason else {
            Issue.record("not an artifact")
            return
        }
        #expect(what.contains("cosign"))
    }

    @Test func artifactsAreListedWithWhatTheyAre() throws {
        let chart = Array(
            """
            {"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json",\
            "digest":"\(Digest.of([1]))","size":1},"layers":[]}
            """.utf8)
        let text = Array("no JSON".utf8)
        let entries = [
            entry(amd), TinyImage.json(.manifest, chart),
            TinyImage.json(MediaType("text/plain"), text),
        ]
        let graph = try ImageGraph(reading: source(entries, amd.blobs + [chart, text]))
        let reasons = graph.others.map(\.reason)
        #expect(reasons.count == 2)
        guard case .artifact(let first)? = reasons.first, case .artifact(let last)? = reasons.last
        else {
            Issue.record("not listed as artifacts: \(reasons)")
            return
        }
        #expect(first.contains("helm"))
        #expect(last.contains("text/plain"))
    }

    @Test func artifactsAloneAreRefused() throws {
        let text = Array("no JSON".utf8)
        let source = source([TinyImage.json(MediaType("text/plain"), text)], [text])
        let error = try failure { try ImageGraph(reading: source) }
        #expect(error.code == .unsupported)
        #expect(error.message.contains("text/plain"))
    }

    @Test func encryptedLayersAreThatImagesProblem() throws {
        let encrypted = TinyImage(
            "secret", layerType: MediaType("application/vnd.oci.image.layer.v1.tar+gzip+encrypted"))
        let graph = try ImageGraph(
            reading: source([entry(amd), entry(encrypted)], amd.blobs + encrypted.blobs))
        #expect(graph.images.map { $0.refusal?.code } == [nil, .unsupported])
        #expect(graph.images[1].refusal?.location.blob == Digest.of(encrypted.layer))
    }

    // Hostile input A12.
    @Test func depthAndNumberAreLimited() throws {
        var limits = Limits()
        limits.indexDepth = 3
        var blobs = amd.blobs
        var inner = Array(indexText([entry(amd)]).utf8)
        for depth in 1...4 {
            blobs.append(inner)
            let source = source([TinyImage.json(.index, inner)], blobs)
            if depth < 3 {
                #expect(try ImageGraph(reading: source, limits: limits).images.count == 1)
            } else {
                let error = try failure { try ImageGraph(reading: source, limits: limits) }
                #expect(error.code == .limit)
            }
            inner = Array(indexText([TinyImage.json(.index, inner)]).utf8)
        }
        limits = Limits()
        limits.indexNodes = 5
        let many = source([String](repeating: entry(amd), count: 5))
        #expect(try failure { try ImageGraph(reading: many, limits: limits) }.code == .limit)
    }

    @Test(arguments: [
        (#"{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}"#, DerootError.Code.hostile),
        (#"{"schemaVersion":1,"fsLayers":[]}"#, .unsupported), ("[]", .malformed),
        ("{", .malformed),
    ])
    func badManifests(text: String, code: DerootError.Code) throws {
        let source = MemorySource(Array(text.utf8), .manifest, [])
        let error = try failure { try ImageGraph(reading: source) }
        #expect(error.code == code)
        #expect(error.location.blob == source.chosen.digest)
    }

    @Test func aBadConfigIsNamed() throws {
        let config = Array(#"{"config":{"User":5}}"#.utf8)
        let manifest = Array(
            #"{"schemaVersion":2,"config":\#(TinyImage.json(.config, config)),"layers":[]}"#.utf8)
        let error = try failure {
            try ImageGraph(reading: MemorySource(manifest, .manifest, [config]))
        }
        #expect(error.code == .malformed)
        #expect(error.location.blob == Digest.of(config))
    }
}
