import DerootBytes
import DerootCore
import DerootFaultServer
import DerootOCI
import DerootStore
import Testing

@testable import DerootRegistry

@Suite("A second tag of an image that was converted")
struct SecondTagTests {
    private let stage: Stage

    init() throws { stage = try Stage() }

    /// Converts the image of the stage into a tag; both clients' bytes are counted together.
    private func convert(
        to tag: String, repository: String = Stage.repository
    ) throws -> (root: Descriptor, bytes: UInt64) {
        let client = stage.client()
        let source = try RegistrySource(stage.name(), client: client)
        var options = ConversionOptions()
        options.user = .numbers(uid: 1000, gid: 1000)
        let destination = try RegistryDestination(
            stage.name(tag, repository: repository), client: client, mounting: stage.name())
        let result = try Conversion(source, options).convert(into: destination.begin())
        return (result.root, client.bytesReceived + client.bytesSent)
    }

    private func reuse(
        _ root: Descriptor, as tag: String, in repository: String = Stage.repository
    ) throws -> (done: Bool, bytes: UInt64) {
        let client = stage.client()
        let source = try RegistrySource(stage.name(), client: client)
        _ = try source.root()
        let destination = try RegistryDestination(
            stage.name(tag, repository: repository), client: client)
        let done = try destination.reuse(root, at: stage.name("first"))
        return (done, client.bytesReceived + client.bytesSent)
    }

    private func tags(_ repository: String = Stage.repository) -> [String: String] {
        stage.registry.contents[repository].tags
    }

    @Test func movesNoLayer() throws {
        let first = try convert(to: "first")
        // The layer that changes has more, and travels both ways: the counters do count.
        #expect(first.bytes > 200_000)
        let second = try reuse(first.root, as: "second")
        #expect(second.done)
        #expect(second.bytes < 100_000)
        #expect(tags()["second"] == first.root.digest.description)
    }

    @Test func anotherRepositoryMounts() throws {
        let first = try convert(to: "first")
        let second = try reuse(first.root, as: "second", in: "other/app")
        #expect(second.done)
        #expect(second.bytes < 100_000)
        #expect(tags("other/app")["second"] == first.root.digest.description)
        let result = try RegistrySource(
            stage.name("second", repository: "other/app"), client: stage.client())
        try readAll(result)
    }

    @Test func whatIsGoneIsNotReused() throws {
        let first = try convert(to: "first")
        let layer = try #require(
            Document(
                parsing: stage.registry.contents[Stage.repository]
                    .manifests[first.root.digest.description]?.bytes ?? []
            ).root.descriptors("layers")?.first)
        var contents = stage.registry.contents
        contents[Stage.repository].blobs[layer.digest.description] = nil
        stage.registry.contents = contents
        #expect(try !reuse(first.root, as: "second").done)
        #expect(tags()["second"] == nil)
        #expect(stage.registry.openUploads == 0)
    }

    @Test func withoutMountsItIsNotReusedElsewhere() throws {
        let first = try convert(to: "first")
        stage.registry.behave { $0.mounts = false }
        #expect(try !reuse(first.root, as: "second", in: "other/app").done)
        #expect(tags("other/app").isEmpty)
        #expect(stage.registry.openUploads == 0)
    }
}
