import DerootBytes
import DerootOCI
import Testing

@Suite("manifests")
struct ManifestTests {
    private func manifest(_ spelled: String = manifestText) throws -> Manifest {
        try Manifest(parsing: Array(spelled.utf8))
    }

    @Test("all members are read, and the bytes stay")
    func read() throws {
        let manifest = try manifest()
        #expect(manifest.mediaType == .manifest)
        #expect(manifest.config.mediaType == .config)
        #expect(manifest.layers.map(\.mediaType) == [.layerGzip, .layer])
        #expect(manifest.layers[1].size == UInt64(Int64.max))
        #expect(manifest.annotations["org.opencontainers.image.title"] == "<x>")
        #expect(manifest.subject == nil && manifest.artifactType == nil && !manifest.isDocker)
        #expect(text(manifest.document) == manifestText)
    }

    @Test("a replaced layer changes only itself")
    func replaceLayer() throws {
        var manifest = try manifest()
        var layer = manifest.layers[1]
        layer.setContent(digest: try digest("e"), size: 7)
        manifest.setLayer(at: 1, layer)
        var expected = try parsed(manifestText).serialized()
        expected.replace(
            Array(String(repeating: "b", count: 64).utf8),
            with: Array(String(repeating: "e", count: 64).utf8))
        expected.replace(Array("9223372036854775807".utf8), with: Array("7".utf8))
        #expect(manifest.document.bytes == expected)
        #expect(try Manifest(parsing: expected).layers == manifest.layers)
        manifest.setLayer(at: 1, try self.manifest().layers[1])
        #expect(text(manifest.document) == manifestText)
    }

    @Test("config, layers, annotations, subject and type are edited")
    func edits() throws {
        var manifest = try manifest()
        var config = manifest.config
        config.setContent(digest: try digest("f"), size: 1)
        manifest.setConfig(config)
        manifest.appendLayer(Descriptor(mediaType: .layerZstd, digest: try digest("d"), size: 3))
        manifest.setAnnotation("k", "v")
        manifest.setAnnotation("org.opencontainers.image.title", nil)
        let again = try Manifest(manifest.document)
        #expect(again.config == config)
        #expect(again.layers.count == 3 && again.layers == manifest.layers)
        #expect(again.annotations.map(\.name) == ["k"] && again.annotations == manifest.annotations)
        #expect(again.document.root["x.unknown"] == (try parsed("18446744073709551615")))
        manifest.setMediaType(.dockerManifest)
        #expect(manifest.isDocker)
        #expect(manifest.document.root["mediaType"]?.string == MediaType.dockerManifest.rawValue)
    }

    @Test("a subject is read and removed")
    func subject() throws {
        let spelled = manifestText.replacing(
            "\"x.unknown\": 18446744073709551615",
            with: "\"Subject\": \(descriptorText("x/y", "9"))")
        var manifest = try manifest(spelled)
        #expect(try manifest.subject?.digest == digest("9"))
        manifest.removeSubject()
        #expect(manifest.subject == nil && manifest.document.root["Subject"] == nil)
    }

    @Test("a type that is not there is legal, and layers may be null")
    func lenient() throws {
        let config = descriptorText(MediaType.dockerConfig.rawValue)
        let manifest = try manifest("{\"schemaVersion\":2,\"config\":\(config),\"layers\":null}")
        #expect(manifest.mediaType == nil && manifest.isDocker && manifest.layers.isEmpty)
    }

    @Test(
        "what is wrong is refused and named",
        arguments: [
            ("{}", .malformed, "schemaVersion"), (#"{"schemaVersion":2}"#, .malformed, "config"),
            (#"{"schemaVersion":"2","config":{}}"#, .malformed, "schemaVersion"),
            (#"{"schemaVersion":2.0,"config":{}}"#, .malformed, "schemaVersion"),
            (#"{"schemaVersion":1}"#, .unsupported, "schema 1"),
            (#"{"schemaVersion":3}"#, .unsupported, "3"),
            (#"{"schemaVersion":2,"config":[]}"#, .malformed, "config"),
            (#"{"schemaVersion":2,"config":{}}"#, .malformed, "config: "),
            (
                "{\"schemaVersion\":2,\"config\":\(descriptorText()),\"layers\":{}}", .malformed,
                "layers"
            ),
            (
                "{\"schemaVersion\":2,\"config\":\(descriptorText()),\"layers\":[\(descriptorText()),1]}",
                .malformed, "layers[1]: "
            ),
            (
                "{\"schemaVersion\":2,\"config\":\(descriptorText()),\"Config\":\(descriptorText())}",
                .hostile, "'Config'"
            ),
            (
                "{\"schemaVersion\":2,\"config\":\(descriptorText()),\"manifests\":[]}", .hostile,
                "at once"
            ), (#"{"schemaVersion":2,"manifests":[]}"#, .malformed, "index"),
        ] as [(String, DerootError.Code, String)])
    func wrong(_ spelled: String, _ code: DerootError.Code, _ named: String) {
        let error = failure { _ = try manifest(spelled) }
        #expect(error?.code == code)
        #expect(error?.message.contains(named) == true, "\(error?.message ?? "no error")")
    }

    @Test("a new manifest reads back as itself")
    func new() throws {
        let config = Descriptor(mediaType: .config, digest: try digest("c"), size: 2)
        let layer = Descriptor(mediaType: .layer, digest: try digest("1"), size: 3)
        let new = Manifest(config: config, layers: [layer], annotations: ["a": "b"])
        let again = try Manifest(parsing: new.document.bytes)
        #expect(again.config == config && again.layers == [layer] && again.mediaType == .manifest)
        #expect(again.annotations["a"] == "b")
        #expect(text(new.document).hasPrefix(#"{"schemaVersion":2,"mediaType":"#))
    }
}
