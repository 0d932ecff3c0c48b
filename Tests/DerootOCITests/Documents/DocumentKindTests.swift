import DerootBytes
import DerootOCI
import Testing

@Suite("kinds of documents")
struct DocumentKindTests {
    /// A document of the given members, comma-separated.
    private func kind(_ members: String, declared: MediaType? = nil) throws -> DocumentKind {
        try DocumentKind.of(Document(parsing: Array("{\(members)}".utf8)), declared: declared)
    }

    private static let image =
        "\"config\":\(descriptorText(MediaType.config.rawValue)),\"layers\":[]"
    private static func type(_ type: MediaType) -> String { "\"mediaType\":\"\(type)\"," }

    @Test("indexes and image manifests are told, with a media type and without")
    func plain() throws {
        for type in [MediaType.index, .dockerList] {
            #expect(try kind("\"manifests\":[]") == .index)
            #expect(try kind("\"manifests\":[]", declared: type) == .index)
            #expect(try kind(Self.type(type) + "\"manifests\":[]", declared: type) == .index)
            #expect(try kind(Self.type(type) + "\"manifests\":[]") == .index)
        }
        for type in [MediaType.manifest, .dockerManifest] {
            #expect(try kind(Self.image) == .imageManifest)
            #expect(try kind(Self.image, declared: type) == .imageManifest)
            #expect(try kind(Self.type(type) + Self.image, declared: type) == .imageManifest)
        }
        #expect(try kind("\"mediaType\":\"\"," + Self.image, declared: .manifest) == .imageManifest)
        #expect(
            try kind(
                Self.type(.manifest) + Self.image,
                declared: MediaType("\(MediaType.manifest.rawValue.uppercased()); a=b"))
                == .imageManifest)
    }

    @Test(
        "what is two things at once is refused (A09, CVE-2021-41190)",
        arguments: [
            "\"manifests\":[],\"layers\":[]", "\"manifests\":[],\(image)",
            "\"manifests\":[],\"config\":{}", "\"manifests\":[],\"fsLayers\":[]",
            "\(image),\"fsLayers\":[]", "\"Manifests\":[],\"LAYERS\":[]",
            "\"manifests\":[],\"layer\u{17F}\":[]", "\"manifests\":[],\"manifestS\":[]",
            type(.manifest) + "\"manifests\":[]", type(.index) + image,
            type(.dockerManifest) + "\"manifests\":[]", type(.index) + "\"layers\":[]",
            type(.config) + "\"manifests\":[]", type(.config) + image,
            type(.manifest) + "\"mediatype\":\"\(MediaType.index)\"," + image,
        ])
    func mixtures(_ members: String) {
        #expect(failure { _ = try kind(members) }?.code == .hostile)
    }

    @Test("a type that contradicts the declared one is refused")
    func contradictions() {
        let image = Self.image
        for (own, declared) in [
            (MediaType.manifest, MediaType.index), (.index, .manifest),
            (.manifest, .dockerManifest),
            (.dockerManifest, .manifest), (.manifest, .config),
        ] {
            #expect(
                failure { _ = try kind(Self.type(own) + image, declared: declared) }?.code
                    == .hostile)
        }
        #expect(failure { _ = try kind(image, declared: .index) }?.code == .hostile)
        #expect(failure { _ = try kind("\"manifests\":[]", declared: .manifest) }?.code == .hostile)
    }

    @Test("null members do not count")
    func null() throws {
        #expect(try kind("\"manifests\":null," + Self.image) == .imageManifest)
        #expect(try kind("\"manifests\":[],\"layers\":null,\"config\":null") == .index)
    }

    @Test("schema 1 is refused clearly (A11)")
    func schema1() {
        for (members, declared) in [
            ("\"schemaVersion\":1,\"fsLayers\":[],\"history\":[]", nil),
            ("\"fsLayers\":[]", MediaType.dockerSchema1Signed), ("\"name\":\"x\"", .dockerSchema1),
            (Self.type(.dockerSchema1Signed) + "\"name\":\"x\"", nil),
        ] as [(String, MediaType?)] {
            let error = failure { _ = try kind(members, declared: declared) }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("schema 1") == true)
            #expect(error?.advice != nil)
        }
    }

    @Test(
        "what no runtime runs is an artifact (A10)",
        arguments: [
            (
                "\"config\":\(descriptorText("application/vnd.cncf.helm.config.v1+json")),\"layers\":[]",
                nil, "helm"
            ),
            (
                "\"config\":\(descriptorText("application/vnd.wasm.config.v0+json")),\"layers\":[]",
                .manifest, "wasm"
            ),
            (
                "\"config\":\(descriptorText(MediaType.empty.rawValue)),\"layers\":[]", .manifest,
                "empty"
            ),
            (type(.artifactManifest) + "\"blobs\":[]", .artifactManifest, "artifact"),
            ("", nil, "without a config"), ("\"layers\":[]", .manifest, "without a config"),
            ("\"config\":{},\"layers\":[]", .manifest, "without a config"),
            (
                image, MediaType("application/vnd.example+json"),
                "example"
            ), ("\"manifests\":[]", MediaType("application/vnd.example+json"), "example"),
            ("\"x\":1", MediaType("application/vnd.example+json"), "example"),
        ] as [(String, MediaType?, String)])
    func artifacts(_ members: String, _ declared: MediaType?, _ named: String) throws {
        guard case .artifact(let reason) = try kind(members, declared: declared) else {
            Issue.record("not an artifact")
            return
        }
        #expect(reason.contains(named))
    }

    @Test("attestations of BuildKit are told by the annotation or by their layers")
    func attestations() throws {
        let image = Self.image
        let statement = descriptorText("application/vnd.in-toto+json", "7")
        let config = "\"config\":\(descriptorText(MediaType.config.rawValue))"
        let attestation = DocumentKind.artifact("an attestation manifest of BuildKit")
        #expect(try kind("\(config),\"layers\":[\(statement),\(statement)]") == attestation)
        // One statement among layers does not make an image harmless.
        #expect(
            try kind("\(config),\"layers\":[\(statement),\(descriptorText())]") == .imageManifest)

        let document = try Document(parsing: Array("{\(image)}".utf8))
        let plain = Descriptor(mediaType: .manifest, digest: try digest("1"), size: 1)
        var marked = plain
        marked.setAnnotation(DocumentKind.referenceType, "attestation-manifest")
        var other = plain
        other.setAnnotation(DocumentKind.referenceType, "other")
        #expect(try DocumentKind.of(document, descriptor: marked) == attestation)
        #expect(try DocumentKind.of(document, descriptor: plain) == .imageManifest)
        #expect(try DocumentKind.of(document, descriptor: other) == .imageManifest)
    }

    @Test("wrong types are refused and named")
    func wrongTypes() {
        for (members, named) in [
            ("\"mediaType\":1", "mediaType"), ("\"config\":[],\"layers\":[]", "config"),
            ("\"config\":{\"mediaType\":1}", "mediaType"),
            ("\"config\":\(descriptorText(MediaType.config.rawValue)),\"layers\":{}", "layers"),
        ] {
            let error = failure { _ = try kind(members) }
            #expect(error?.code == .malformed)
            #expect(error?.message.contains("'\(named)'") == true)
        }
    }
}
