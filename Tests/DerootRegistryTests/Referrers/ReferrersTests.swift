import DerootBytes
import DerootOCI
import DerootRegistry
import DerootRegistryTestSupport
import DerootStore
import DerootTestSupport
import Testing

@testable import DerootRegistry

@Suite("referrers in registries")
struct ReferrersTests {
    private let image: ImageFixture
    private let subject: Descriptor

    init() throws {
        image = ImageFixture([try LayerFixture { $0.file("a", "x") }])
        subject = Descriptor(
            mediaType: .manifest, digest: image.digest, size: UInt64(image.manifest.count))
    }

    private func registry(hasReferrers: Bool) -> MemoryRegistry {
        let registry = MemoryRegistry(hasReferrers: hasReferrers)
        for blob in image.layers.map(\.blob) + [image.config] { registry.add("a/b", blob: blob) }
        registry.add("a/b", manifest: image.manifest, type: .manifest, tag: "1")
        return registry
    }

    private func destination(_ registry: MemoryRegistry) throws -> any AttachmentDestination {
        try RegistryDestination(ImageName(parsing: "h.io/a/b:1"), client: registry.client())
            .requireAttachments()
    }

    private func found(_ registry: MemoryRegistry) throws -> [Referrer.Found] {
        try RegistrySource(ImageName(parsing: "h.io/a/b:1"), client: registry.client())
            .referrers(of: [image.digest])
    }

    private func referrer(_ text: String) -> Referrer {
        Referrer(Array(text.utf8), type: .inToto, subject: subject)
    }

    @Test("with the API nothing but the document is stored", arguments: [true, false])
    func attach(_ hasReferrers: Bool) throws {
        let registry = registry(hasReferrers: hasReferrers)
        try destination(registry).attach([referrer("one"), referrer("two")])
        for referrer in [referrer("one"), referrer("two")] {
            let stored = registry.manifest("a/b", referrer.descriptor.digest.description)
            #expect(stored?.bytes == referrer.manifest)
            for blob in referrer.blobs { #expect(registry.blob("a/b", Digest.of(blob)) == blob) }
        }
        let fallback = "sha256-\(image.digest.hex)"
        #expect(registry.tags("a/b") == (hasReferrers ? ["1"] : ["1", fallback]))
        if let list = registry.manifest("a/b", fallback) {
            let index = try ImageIndex(parsing: list.bytes)
            #expect(
                index.manifests.map(\.digest)
                    == ["one", "two"].map { referrer($0).descriptor.digest })
            #expect(index.manifests.allSatisfy { $0.artifactType == MediaType.inToto.rawValue })
        }
        // And a source finds them either way.
        let digests = Set(["one", "two"].map { referrer($0).descriptor.digest })
        #expect(Set(try found(registry).map(\.digest)) == digests)
    }

    @Test(
        "where types are refused the document is attached in its plain form",
        arguments: [true, false])
    func plain(_ hasReferrers: Bool) throws {
        let registry = registry(hasReferrers: hasReferrers)
        registry.behave { $0.refusesTypes = 400 }
        let documents = ["one", "two"].map(referrer)
        try destination(registry).attach(documents)
        for plain in documents.map(\.plain) {
            let digest = plain.descriptor.digest
            #expect(registry.manifest("a/b", digest.description)?.bytes == plain.manifest)
            #expect(try Manifest(parsing: plain.manifest).subject?.digest == image.digest)
            for blob in plain.blobs { #expect(registry.blob("a/b", Digest.of(blob)) == blob) }
        }
        #expect(
            Set(try found(registry).map(\.digest))
                == Set(documents.map(\.plain.descriptor.digest)))
    }

    @Test("attaching again moves no blob and changes no list")
    func again() throws {
        let registry = registry(hasReferrers: false)
        try destination(registry).attach([referrer("one")])
        let list = registry.manifest("a/b", "sha256-\(image.digest.hex)")
        registry.forgetRequests()
        try destination(registry).attach([referrer("one")])
        #expect(registry.manifest("a/b", "sha256-\(image.digest.hex)") == list)
        #expect(!registry.requests.contains { $0.hasPrefix("POST") })
        #expect(registry.requests.filter { $0.hasPrefix("PUT") }.count == 1)
    }

    @Test("the list of others is kept")
    func others() throws {
        let registry = registry(hasReferrers: false)
        let other = Descriptor(
            mediaType: .manifest, digest: Digest.of([1]), size: 1, artifactType: "application/x")
        registry.add(
            "a/b", manifest: ImageIndex(manifests: [other]).document.bytes, type: .index,
            tag: "sha256-\(image.digest.hex)")
        try destination(registry).attach([referrer("one")])
        #expect(
            Set(try found(registry).map(\.digest)) == [
                other.digest, referrer("one").descriptor.digest,
            ])
    }

    @Test("something else under the fallback tag is not overwritten")
    func occupied() throws {
        let registry = registry(hasReferrers: false)
        let tag = "sha256-\(image.digest.hex)"
        registry.add("a/b", manifest: image.manifest, type: .manifest, tag: tag)
        let error = failure { () throws(DerootError) in
            try RegistryDestination(ImageName(parsing: "h.io/a/b:1"), client: registry.client())
                .attach([referrer("one")])
        }
        #expect(error?.code == .malformed)
        #expect(registry.manifest("a/b", tag)?.bytes == image.manifest)
    }

    @Test("cosign's tags are seen, and not read")
    func cosign() throws {
        let registry = registry(hasReferrers: false)
        for (number, ending) in ["sig", "att", "sbom"].enumerated() {
            registry.add(
                "a/b", manifest: Array("{\"n\":\(number)}".utf8), type: .manifest,
                tag: "sha256-\(image.digest.hex).\(ending)")
        }
        let found = try found(registry)
        #expect(
            found.map(\.what) == [
                "a signature of cosign", "an attestation of cosign", "an SBOM of cosign",
            ])
        #expect(found.map(\.digest)[1] == Digest.of(Array("{\"n\":1}".utf8)))
        #expect(!registry.requests.contains { $0.hasPrefix("GET") && $0.contains(".sig") })
    }

    @Test("an API that is missing is asked for once, not for every image")
    func onceOnly() throws {
        let registry = registry(hasReferrers: false)
        let source = try RegistrySource(
            ImageName(parsing: "h.io/a/b:1"), client: registry.client())
        _ = try source.referrers(of: [image.digest, Digest.of([1]), Digest.of([2])])
        #expect(registry.requests.filter { $0.contains("/referrers/") }.count == 1)
    }

    @Test("which tags are no images")
    func documents() {
        #expect(CosignTag.isDocument("sha256-\(image.digest.hex)"))
        #expect(CosignTag.isDocument("sha256-\(image.digest.hex).sig"))
        #expect(!CosignTag.isDocument("1.27") && !CosignTag.isDocument("sha256"))
        let long = Digest.of([1], algorithm: .sha512)
        #expect(ReferrersIndex.tag(long).utf8.count == 128)
    }
}
