import DerootBytes
import DerootOCI
import Testing

@testable import DerootStore

@Suite("attachments in layouts")
struct AttachmentTests {
    private let scratch: Scratch
    private let image = TinyImage("image")

    init() throws { scratch = try Scratch() }

    private func destination(_ name: String? = nil) -> LayoutDestination {
        LayoutDestination(
            LocalReference(
                .oci, path: scratch("out"), selection: name.map { .name($0) } ?? .only),
            limits: Limits())
    }

    private func referrer(_ text: String) -> Referrer {
        Referrer(Array(text.utf8), type: .inToto, subject: image.descriptor)
    }

    private func entries() throws -> [Descriptor] {
        try ImageIndex(parsing: scratch.read("out/index.json")).manifests
    }

    private func source() throws -> OCISource {
        try OCISource(
            directory: LocalReference(.oci, path: scratch("out")), limits: Limits())
    }

    private func publish(_ image: TinyImage, _ name: String? = nil) throws {
        let transaction = try destination(name).begin()
        try transaction.bring(image)
        try transaction.commit(root: image.descriptor, name: nil)
    }

    @Test("documents stand beside the image, with their blobs")
    func attach() throws {
        try publish(image)
        try destination().attach([referrer("one"), referrer("two")])
        #expect(try entries().count == 3)
        for referrer in [referrer("one"), referrer("two")] {
            for blob in referrer.blobs + [referrer.manifest] {
                #expect(try scratch.read("out/\(blobPath(Digest.of(blob)))") == blob)
            }
        }
        // Once more changes nothing.
        let before = try scratch.read("out/index.json")
        try destination().attach([referrer("two"), referrer("one")])
        #expect(try scratch.read("out/index.json") == before)
    }

    @Test("the image is still the only one, and can be replaced")
    func selection() throws {
        try publish(image)
        try destination().attach([referrer("one")])
        #expect(try source().root().digest == image.descriptor.digest)
        let other = TinyImage("other")
        try publish(other)
        #expect(try source().root().digest == other.descriptor.digest)
        #expect(
            try entries().map(\.digest) == [
                other.descriptor.digest, referrer("one").descriptor.digest,
            ])
    }

    @Test("a source lists what speaks of its images, and nothing else")
    func listing() throws {
        try publish(image)
        let other = Referrer(
            Array("x".utf8), type: .inToto, subject: TinyImage("other").descriptor)
        try destination().attach([referrer("one"), other])
        let digest = image.descriptor.digest
        let found = try source().referrers(of: [digest])
        #expect(found.map(\.digest) == [referrer("one").descriptor.digest])
        #expect(found.first?.subject == digest)
        #expect(found.first?.what.contains(MediaType.inToto.rawValue) == true)
        #expect(try source().referrers(of: []).isEmpty)
    }

    @Test("archives have no place for them")
    func archives() throws {
        for transport in [LocalReference.Transport.ociArchive, .dockerArchive] {
            let archive = try ArchiveDestination(
                LocalReference(transport, path: scratch("out.tar")), limits: Limits())
            let error = try failure { try archive.requireAttachments() }
            #expect(error.code == .usage)
        }
        _ = try destination().requireAttachments()
    }
}
