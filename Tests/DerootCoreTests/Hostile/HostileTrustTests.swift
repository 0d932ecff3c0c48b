import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Hostile inputs H01 to H06: what was said of the source is not said of the result.
struct HostileTrustTests {
    /// A manifest that speaks of another by `subject`, with its blobs.
    private func referrer(of digest: Digest, _ type: String) -> (entry: String, blobs: [[UInt8]]) {
        let payload = Array("statement of \(digest)".utf8)
        let empty = Array("{}".utf8)
        let manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.manifest)","artifactType":"\(type)",\
            "config":\(ImageFixture.descriptor(MediaType("application/vnd.oci.empty.v1+json"), Digest.of(empty), 2)),\
            "layers":[\(ImageFixture.descriptor(MediaType(type), Digest.of(payload), payload.count))],\
            "subject":{"mediaType":"\(MediaType.manifest)","digest":"\(digest)","size":1}}
            """.utf8)
        return (
            ImageFixture.descriptor(.manifest, Digest.of(manifest), manifest.count),
            [payload, empty, manifest]
        )
    }

    private func trial(_ type: String) throws -> (trial: Trial, digest: Digest) {
        let image = try Samples.image()
        let made = referrer(of: image.digest, type)
        let layout = try LayoutFixture([image], others: [made.entry], blobs: made.blobs)
        return (try Trial(layout), Digest.of(made.blobs[2]))
    }

    /// Nothing of it is in the result, and the result says so.
    private func isDropped(_ type: String) throws {
        let (trial, digest) = try trial(type)
        let done = try trial.neutralises("/usr/bin/su")
        #expect(done.outcome.dropped.contains { $0.contains("\(digest)") })
        let graph = try ImageGraph(reading: trial.populated.result())
        #expect(graph.others.isEmpty)
        let names = try Directory.names(in: trial.source.directory("result/blobs/sha256"))
        #expect(!names.contains(digest.hex))
    }

    @Test func H01_aSignatureOfTheSourceIsDroppedAndListed() throws {
        try isDropped("application/vnd.dev.cosign.artifact.sig.v1+json")
    }

    @Test func H02_aReferrerIsNotPointedElsewhere() throws {
        try isDropped("application/vnd.cncf.notary.signature")
    }

    @Test func H03_anAttestationIsDroppedAndNoneDangles() throws {
        let image = try Samples.image()
        let statement = Array("{}".utf8)
        let config = Array(#"{"architecture":"unknown","os":"unknown"}"#.utf8)
        let manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.manifest)",\
            "config":\(ImageFixture.descriptor(.config, Digest.of(config), config.count)),\
            "layers":[\(ImageFixture.descriptor(.inToto, Digest.of(statement), 2))]}
            """.utf8)
        let more = """
            ,"platform":{"os":"unknown","architecture":"unknown"},"annotations":\
            {"vnd.docker.reference.type":"attestation-manifest",\
            "vnd.docker.reference.digest":"\(image.digest)"}
            """
        let entry = ImageFixture.descriptor(.manifest, Digest.of(manifest), manifest.count, more)
        let trial = try Trial(
            LayoutFixture([image], others: [entry], blobs: [statement, config, manifest]))
        let done = try trial.neutralises("/usr/bin/su")
        #expect(done.outcome.dropped.contains { $0.contains("\(Digest.of(manifest))") })
        let graph = try ImageGraph(reading: trial.populated.result())
        #expect(graph.others.isEmpty && graph.images.count == 1)
        for index in graph.indexes {
            #expect(index.index.manifests.allSatisfy { $0.annotations.isEmpty })
        }
    }

    /// Whoever demands a signature has to verify the source before, and sign the result after: it
    /// claims none of its own.
    @Test func H04_theResultOfASignedImageClaimsNoSignature() throws {
        let (trial, _) = try trial("application/vnd.dev.cosign.artifact.sig.v1+json")
        let image = try trial.converts().image()
        let text = String(decoding: image.manifest.document.bytes, as: UTF8.self)
        #expect(!text.contains("cosign") && !text.contains("sigstore"))
    }

    @Test func H05_theResultSaysWhereItIsFrom() throws {
        let source = try Samples.image()
        let image = try Trial(LayoutFixture(source)).neutralises("/usr/bin/su").image()
        #expect(image.manifest.annotations[Facts.sourceDigest] == source.digest.description)
        #expect(image.manifest.annotations[Facts.version] != nil)
        let last = try #require(image.config.history.last)
        #expect(last.createdBy?.contains("deroot") == true)
    }

    @Test func H06_anSBOMInsideTheImageIsCarriedAndEveryChangeIsListed() throws {
        let sbom = #"{"files":[{"path":"usr/bin/su","mode":"4755"}]}"#
        let done = try Trial(.init()) { tar in
            tar.file("usr/share/sbom.json", sbom)
            tar.file("usr/bin/su", "su", mode: 0o4755)
        }.neutralises("/usr/bin/su")
        #expect(try done.image().content("usr/share/sbom.json") == sbom)
        #expect(done.outcome.images[0].plan.layers[0].changes.count == 1)
    }
}
