import DerootBytes
import DerootOCI
import Testing

@Suite("documents")
struct DocumentTests {
    private static let spelled =
        "{ \"a\" : \"\\u003c\" ,\n \"b\":1.10, \"a2\" : { \"c\" : [ ] } }\n"

    @Test("a document that was not changed gives its own bytes and digest")
    func verbatim() throws {
        let bytes = Array(Self.spelled.utf8)
        let document = try Document(parsing: bytes)
        #expect(!document.isEdited)
        #expect(document.bytes == bytes)
        #expect(document.digest == Digest.of(bytes))
    }

    @Test("setting what is there, and changing back, are not changes")
    func noChange() throws {
        var document = try Document(parsing: Array(Self.spelled.utf8))
        document.root["a"] = .string("<")
        #expect(text(document) == Self.spelled)
        document.root["a"] = .string("other")
        #expect(document.isEdited)
        #expect(text(document) == #"{"a":"other","b":1.10,"a2":{"c":[]}}"#)
        document.root["a"] = .string("<")
        #expect(!document.isEdited)
        #expect(text(document) == Self.spelled)
    }

    @Test("a change of normalisation or of a number's spelling is a change")
    func subtleChanges() throws {
        var document = try Document(parsing: Array("{\"a\":\"\u{E9}\",\"n\":1.0}".utf8))
        document.root["a"] = .string("e\u{301}")
        #expect(text(document).utf8.elementsEqual("{\"a\":\"e\u{301}\",\"n\":1.0}".utf8))
        document.root["a"] = .string("\u{E9}")
        document.root["n"] = .number(1)
        #expect(text(document) == "{\"a\":\"\u{E9}\",\"n\":1}")
    }

    @Test("a new document is written compactly and counts as edited")
    func new() {
        let document = Document(["a": .number(1)])
        #expect(document.isEdited)
        #expect(text(document) == #"{"a":1}"#)
    }

    @Test("the root must be an object", arguments: ["[]", "null", "3", "\"x\"", "[{}]"])
    func otherRoots(_ spelled: String) {
        #expect(failure { _ = try Document(parsing: Array(spelled.utf8)) }?.code == .malformed)
    }

    @Test(
        "real documents: lenses read them and give the same bytes",
        .enabled(if: Corpus.root != nil))
    func corpus() throws {
        var (indexes, manifests, configs) = (0, 0, 0)
        for (name, bytes) in try Corpus.files("", largest: 1 << 20) {
            guard let document = try? Document(parsing: bytes) else { continue }
            if document.root["manifests"] != nil {
                #expect(try DocumentKind.of(document, declared: nil) == .index, "\(name)")
                #expect(try ImageIndex(document).document.bytes == bytes, "\(name)")
                indexes += 1
            } else if document.root["layers"] != nil {
                var manifest = try Manifest(document)
                for (index, layer) in manifest.layers.enumerated() {
                    manifest.setLayer(at: index, layer)
                }
                manifest.setConfig(manifest.config)
                #expect(manifest.document.bytes == bytes, "\(name)")
                manifests += 1
            } else if document.root["rootfs"] != nil {
                var config = try ImageConfig(document)
                config.setUser(config.user)
                config.setEnv(config.env)
                for (index, id) in config.diffIDs.enumerated() {
                    config.replaceDiffID(at: index, id)
                }
                for label in config.labels { config.setLabel(label.name, label.value) }
                #expect(config.document.bytes == bytes, "\(name)")
                configs += 1
            }
        }
        #expect(indexes >= 50)
        #expect(manifests >= 100)
        #expect(configs >= 70)
    }
}
