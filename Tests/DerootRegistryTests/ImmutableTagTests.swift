import DerootBytes
import DerootOCI
import DerootRegistryTestSupport
import DerootStore
import DerootTestSupport
import Testing

@testable import DerootRegistry

/// Registries that do not let a tag move: Amazon's answers 400, Harbor 412, others 403, 405 or 409.
@Suite("immutable tags")
struct ImmutableTagTests {
    private let registry = MemoryRegistry()
    private let image: ImageFixture
    private let name: ImageName

    init() throws {
        image = ImageFixture([try LayerFixture { $0.file("a", "x") }])
        name = try ImageName(parsing: "h.io/a/b:1")
    }

    private func push(_ image: ImageFixture) throws(DerootError) {
        let destination = RegistryDestination(name, client: registry.client())
        let layout: LayoutFixture
        do { layout = try LayoutFixture(image) } catch {
            throw DerootError(.io, "\(error)")
        }
        try copyImage(from: layout.source(), into: destination)
    }

    @Test("an image that the tag names can be pushed again", arguments: [400, 403, 405, 409, 412])
    func same(_ status: Int) throws {
        registry.behave { $0.immutable = status }
        try push(image)
        try push(image)
        #expect(registry.manifest("a/b", "1")?.bytes == image.manifest)
    }

    @Test("another image is refused, and it is said what helps", arguments: [400, 409, 412])
    func other(_ status: Int) throws {
        registry.behave { $0.immutable = status }
        try push(image)
        let other = ImageFixture([try LayerFixture { $0.file("a", "y") }])
        let error = expectFailure(.unsupported) { () throws(DerootError) in try push(other) }
        #expect(error?.message.contains("1 names \(image.digest) there") == true)
        #expect(error?.message.contains("immutable") == true)
        #expect(error?.advice?.contains("another tag") == true)
        #expect(registry.manifest("a/b", "1")?.bytes == image.manifest)
    }

    @Test("a refusal of a tag that is not there is not about tags")
    func new() throws {
        registry.fail("PUT /v2/a/b/manifests/1", with: 400, times: 1)
        let error = expectFailure(.unsupported) { () throws(DerootError) in try push(image) }
        #expect(error?.message.contains("immutable") == false)
    }
}
