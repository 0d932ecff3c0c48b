import DerootBytes
import DerootOCI
import Testing

@Suite("referrers")
struct ReferrerTests {
    private let subject = Descriptor(
        mediaType: .index, digest: Digest.of(Array("subject".utf8)), size: 7,
        platform: Platform(os: "linux", architecture: "amd64"), annotations: ["name": "x"])
    private let content = Array(#"{"a":1}"#.utf8)

    @Test("the manifest is an artifact's as image-spec has it")
    func manifest() throws {
        let referrer = Referrer(
            content, type: .inToto, subject: subject, annotations: ["k": "v"])
        let manifest = try Manifest(parsing: referrer.manifest)
        #expect(manifest.mediaType == .manifest)
        #expect(manifest.artifactType == MediaType.inToto.rawValue)
        #expect(manifest.config.mediaType == .empty)
        #expect(
            manifest.config.digest.hex
                == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
        #expect(manifest.layers.map(\.digest) == [Digest.of(content)])
        #expect(manifest.layers[0].mediaType == .inToto)
        #expect(manifest.annotations["k"] == "v")
        #expect(manifest.subject?.digest == subject.digest && manifest.subject?.size == 7)
        #expect(manifest.subject?.mediaType == .index)
        #expect(manifest.subject?.platform == nil && manifest.subject?.annotations.isEmpty == true)
        #expect(
            Set(referrer.blobs.map { Digest.of($0) }) == [
                manifest.config.digest, manifest.layers[0].digest,
            ])
    }

    @Test("what an index says of it")
    func descriptor() throws {
        let referrer = Referrer(
            content, type: .inToto, subject: subject, annotations: ["k": "v"])
        let descriptor = try Descriptor(.object(referrer.descriptor.json))
        #expect(descriptor.digest == Digest.of(referrer.manifest))
        #expect(descriptor.size == UInt64(referrer.manifest.count))
        #expect(descriptor.artifactType == MediaType.inToto.rawValue)
        #expect(descriptor.annotations["k"] == "v")
    }

    @Test("its plain form has an image's types alone, and is no image either")
    func plain() throws {
        let type = MediaType("application/vnd.x.report.v1+json")
        let referrer = Referrer(content, type: type, subject: subject, annotations: ["k": "v"])
        let plain = referrer.plain
        let manifest = try Manifest(parsing: plain.manifest)
        #expect(manifest.artifactType == nil && manifest.config.mediaType == .config)
        #expect(manifest.layers.map(\.digest) == [Digest.of(content)])
        #expect(manifest.layers[0].mediaType == .inToto)
        #expect(manifest.subject?.digest == subject.digest)
        #expect(manifest.annotations["k"] == "v")
        #expect(manifest.annotations[Referrer.typeAnnotation] == type.rawValue)
        #expect(
            plain.blobs.map { Digest.of($0) } == [
                manifest.config.digest, manifest.layers[0].digest,
            ])
        let config = try ImageConfig(parsing: plain.blobs[0])
        #expect(config.diffIDs.map(\.digest) == [Digest.of(content)] && config.platform.isUnknown)
        // What a list of referrers says of it is what its config is.
        #expect(plain.descriptor.digest == Digest.of(plain.manifest))
        #expect(plain.descriptor.artifactType == MediaType.config.rawValue)
        #expect(plain.descriptor.annotations[Referrer.typeAnnotation] == type.rawValue)
        let kind = try DocumentKind.of(Document(parsing: plain.manifest), declared: .manifest)
        guard case .artifact = kind else {
            Issue.record("\(kind)")
            return
        }
        #expect(plain.plain.manifest == plain.manifest)
    }

    @Test("it is never taken for an image, and never changes")
    func kind() throws {
        let one = Referrer(content, type: .inToto, subject: subject)
        let kind = try DocumentKind.of(Document(parsing: one.manifest), declared: .manifest)
        guard case .artifact = kind else {
            Issue.record("\(kind)")
            return
        }
        #expect(Referrer(content, type: .inToto, subject: subject).manifest == one.manifest)
        #expect(
            Referrer(content + [0x20], type: .inToto, subject: subject).manifest != one.manifest)
    }
}
