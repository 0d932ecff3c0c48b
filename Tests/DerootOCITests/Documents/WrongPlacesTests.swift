import DerootBytes
import DerootOCI
import Testing

/// Every value of a real document replaced by every type: read or refused, and what is read can be
/// edited and read again.
@Suite("any type in any place")
struct WrongPlacesTests {
    private static let values: [JSON] = [
        .null, .bool(true), .number(3), .string("x"), .array([]), .array([.null]), .object([:]),
        .object(["a": .null]),
    ]

    @Test("configs", arguments: values.indices)
    func configs(_ index: Int) throws {
        var (accepted, refused) = (0, 0)
        let id = DiffID(try digest("9"))
        for tree in try parsed(configText).replacing(with: Self.values[index]) {
            let bytes = tree.serialized()
            do {
                var config = try ImageConfig(parsing: bytes)
                #expect(config.document.bytes == bytes)
                config.setUser("1:1")
                config.setEnv("A", "5")
                config.setLabel("l", "v")
                config.setVolumes(["/data", "/v"])
                config.setExposedPorts(["8080"])
                config.setWorkingDirectory("/w")
                config.setEntrypoint(["e"])
                config.setCmd(nil)
                config.setCreated("1970-01-01T00:00:00Z")
                config.removeStaleImageIDs()
                config.appendDiffID(id)
                config.appendHistory(createdBy: "deroot", emptyLayer: true)
                let again = try ImageConfig(parsing: config.document.bytes)
                #expect(again.user == "1:1" && again.env == config.env)
                #expect(again.env.contains("A=5") && again.labels["l"] == "v")
                #expect(again.volumes == ["/data", "/v"] && again.exposedPorts == ["8080"])
                #expect(again.workingDirectory == "/w" && again.entrypoint == ["e"])
                #expect(again.cmd == nil && again.created == "1970-01-01T00:00:00Z")
                #expect(again.diffIDs == config.diffIDs && again.diffIDs.last == id)
                #expect(again.history == config.history && again.history.last?.isEmptyLayer == true)
                accepted += 1
            } catch {
                #expect(error.code == .malformed || error.code == .unsupported)
                refused += 1
            }
        }
        #expect(accepted >= 10)
        #expect(refused >= 10)
    }

    @Test("manifests and indexes", arguments: values.indices)
    func manifests(_ index: Int) throws {
        let indexText = """
            {"schemaVersion":2,"mediaType":"\(MediaType.index)","manifests":[\(
                descriptorText(MediaType.manifest.rawValue, more: #","platform":{"os":"linux"}"#))],
            "annotations":{"a":"b"},"subject":\(descriptorText())}
            """
        var (accepted, refused) = (0, 0)
        let added = Descriptor(mediaType: .layer, digest: try digest("9"), size: 1)
        for source in [manifestText, indexText] {
            for tree in try parsed(source).replacing(with: Self.values[index]) {
                do {
                    let document = try Document(parsing: tree.serialized())
                    if document.root["manifests"] == nil {
                        var manifest = try Manifest(document)
                        manifest.setConfig(added)
                        manifest.appendLayer(added)
                        manifest.setAnnotation("k", "v")
                        manifest.setMediaType(.dockerManifest)
                        manifest.removeSubject()
                        let again = try Manifest(manifest.document)
                        #expect(again.layers == manifest.layers && again.config == added)
                        #expect(again.annotations == manifest.annotations && again.isDocker)
                    } else {
                        var index = try ImageIndex(document)
                        index.appendManifest(added)
                        index.setAnnotation("k", "v")
                        index.removeSubject()
                        let again = try ImageIndex(index.document)
                        #expect(again.manifests == index.manifests && again.subject == nil)
                        #expect(again.annotations == index.annotations)
                    }
                    accepted += 1
                } catch {
                    let codes: [DerootError.Code] = [.malformed, .unsupported, .hostile, .mismatch]
                    #expect(codes.contains(error.code))
                    refused += 1
                }
            }
        }
        #expect(accepted >= 2)
        #expect(refused > 10)
    }
}
