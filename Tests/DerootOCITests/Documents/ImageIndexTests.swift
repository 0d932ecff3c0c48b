import DerootBytes
import DerootOCI
import Testing

@Suite("image indexes")
struct ImageIndexTests {
    private static let manifest = MediaType.manifest.rawValue
    private static let spelled = """
        { "schemaVersion": 2, "manifests": [
          \(descriptorText(manifest, "a", more: #","platform":{"os":"linux","architecture":"amd64"}"#)),
          \(descriptorText(manifest, "b", more: #","x":1e2"#)) ], "annotations": {"k": "v"} }
        """

    private func index(_ spelled: String = Self.spelled) throws -> ImageIndex {
        try ImageIndex(parsing: Array(spelled.utf8))
    }

    @Test("all members are read, and the bytes stay")
    func read() throws {
        let index = try index()
        #expect(index.manifests.count == 2 && index.mediaType == nil)
        #expect(index.manifests[0].platform == Platform(os: "linux", architecture: "amd64"))
        #expect(index.annotations["k"] == "v")
        #expect(index.subject == nil && index.artifactType == nil)
        #expect(text(index.document) == Self.spelled)
    }

    @Test("children are replaced, removed and added; the others keep their spelling")
    func edits() throws {
        var index = try index()
        let added = Descriptor(mediaType: .manifest, digest: try digest("c"), size: 1)
        index.appendManifest(added)
        index.removeManifest(at: 0)
        #expect(text(index.document).contains(#""x":1e2"#))
        var child = index.manifests[0]
        child.setContent(digest: try digest("d"), size: 9)
        index.setManifest(at: 0, child)
        #expect(text(index.document).contains(#""size":9,"x":1e2"#))
        #expect(try ImageIndex(index.document).manifests == [child, added])
        index.setManifests(try self.index().manifests)
        #expect(text(index.document) == Self.spelled)
        index.setAnnotation("k", "w")
        #expect(try ImageIndex(index.document).annotations["k"] == "w")
        index.removeSubject()
        #expect(index.subject == nil)
    }

    @Test(
        "what is wrong is refused and named (A14)",
        arguments: [
            ("{}", .malformed, "schemaVersion"), (#"{"schemaVersion":2}"#, .malformed, "manifests"),
            (#"{"schemaVersion":2,"manifests":null}"#, .malformed, "manifests"),
            (#"{"schemaVersion":2,"manifests":{}}"#, .malformed, "manifests"),
            (#"{"schemaVersion":2,"manifests":[null]}"#, .malformed, "manifests[0]: "),
            (#"{"manifests":[]}"#, .malformed, "schemaVersion"),
            (#"{"schemaVersion":2,"manifests":[],"Manifests":[]}"#, .hostile, "'Manifests'"),
            (#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, .hostile, "at once"),
            (#"{"schemaVersion":2,"manifests":[],"config":{}}"#, .hostile, "at once"),
            (
                "{\"schemaVersion\":2,\"mediaType\":\"\(manifest)\",\"manifests\":[]}", .hostile,
                "type"
            ),
        ] as [(String, DerootError.Code, String)])
    func wrong(_ spelled: String, _ code: DerootError.Code, _ named: String) {
        let error = failure { _ = try index(spelled) }
        #expect(error?.code == code)
        #expect(error?.message.contains(named) == true, "\(error?.message ?? "no error")")
    }

    @Test("a new index reads back as itself")
    func new() throws {
        let child = Descriptor(mediaType: .dockerManifest, digest: try digest("1"), size: 3)
        let new = ImageIndex(mediaType: .dockerList, manifests: [child])
        let again = try ImageIndex(parsing: new.document.bytes)
        #expect(again.manifests == [child] && again.mediaType == .dockerList)
    }
}
