import DerootBytes
import DerootOCI
import Glibc
import Synchronization
import Testing

@testable import DerootStore

/// What must hold when things go wrong, or happen at once.
@Suite struct TransactionTests {
    private let scratch: Scratch
    private let image = TinyImage("new")
    private let old = TinyImage("old")

    init() throws {
        scratch = try Scratch()
        try scratch.layout("layout", [("v1", old)])
        try scratch.write("archive.tar", "the old archive")
    }

    static let destinations = [
        "oci:layout", "oci:new", "oci-archive:archive.tar", "oci-archive:new",
    ]

    private func destination(_ text: String, ref: String? = nil) throws -> any ImageDestination {
        let parts = text.split(separator: ":")
        let transport = try #require(LocalReference.Transport(rawValue: String(parts[0])))
        let reference = LocalReference(
            transport, path: scratch(String(parts[1])),
            selection: ref.map { .name($0) } ?? .only)
        return try TransportReference.local(reference).openDestination()
    }

    // MARK: All or nothing

    @Test(arguments: destinations) func abortingLeavesNothing(text: String) throws {
        let before = try scratch.snapshot()
        let transaction = try destination(text).begin()
        try transaction.bring(image)
        _ = try transaction.stage()
        transaction.abort()
        #expect(try scratch.snapshot() == before)
        transaction.abort()
        #expect(try failure { try transaction.stage() }.code == .io)
    }

    @Test(arguments: destinations) func droppingLeavesNothing(text: String) throws {
        let before = try scratch.snapshot()
        do {
            let transaction = try destination(text).begin()
            try transaction.bring(image)
        }
        #expect(try scratch.snapshot() == before)
    }

    /// Each part of an image, left out.
    static let missing = ["layer", "config", "manifest"]

    @Test(arguments: destinations, missing)
    func anIncompleteResultIsNotPublished(text: String, missing: String) throws {
        let before = try scratch.snapshot()
        let transaction = try destination(text).begin()
        for (name, blob) in zip(Self.missing, image.blobs) where name != missing {
            try transaction.put(blob)
        }
        let error = try failure { try transaction.commit(root: image.descriptor, name: nil) }
        #expect(error.code == .notFound)
        #expect(error.location.blob != nil)
        #expect(try scratch.snapshot() == before)
    }

    @Test(arguments: destinations) func aWrongSizeIsNotPublished(text: String) throws {
        let before = try scratch.snapshot()
        let transaction = try destination(text).begin()
        try transaction.bring(image)
        let root = Descriptor(mediaType: .manifest, digest: image.descriptor.digest, size: 1)
        #expect(try failure { try transaction.commit(root: root, name: nil) }.code == .mismatch)
        #expect(try scratch.snapshot() == before)
    }

    @Test(arguments: destinations) func copiesAreVerified(text: String) throws {
        let before = try scratch.snapshot()
        let transaction = try destination(text).begin()
        let layer = Descriptor(
            mediaType: .layer, digest: Digest.of(image.layer), size: UInt64(image.layer.count))
        var wrong = image.layer
        wrong[0] ^= 1
        for bytes in [wrong, Array(image.layer.dropLast()), image.layer + [0]] {
            try scratch.write("blob", bytes)
            let error = try failure {
                try transaction.copy(FileSlice(File.reading(scratch("blob"))), descriptor: layer)
            }
            #expect(error.code == .mismatch)
            #expect(error.location.blob == layer.digest)
            #expect(!transaction.contains(layer.digest))
        }
        try scratch.write("blob", image.layer)
        try transaction.copy(FileSlice(File.reading(scratch("blob"))), descriptor: layer)
        #expect(transaction.contains(layer.digest))
        transaction.abort()
        try File.remove(scratch("blob"))
        #expect(try scratch.snapshot() == before)
    }

    @Test func stagedSizesAreHeldTo() throws {
        let transaction = try destination("oci:new").begin()
        let staged = try transaction.stage()
        try staged.write([1, 2, 3])
        #expect(try staged.contents().bytes() == [1, 2, 3])
        let error = try failure {
            try transaction.keep(staged, digest: Digest.of([1, 2, 3]), size: 4)
        }
        #expect(error.code == .mismatch)
    }

    @Test func stagedFilesAreForNobodyElse() throws {
        let transaction = try destination("oci:new").begin()
        let staged = try transaction.stage()
        let status = try File.reading(staged.path).status()
        #expect(status.st_mode & 0o777 == 0o600)
        let folder = staged.path.split(separator: "/").dropLast().joined(separator: "/")
        #expect(try File.opening("/" + folder, flags: O_RDONLY).status().st_mode & 0o777 == 0o700)
    }

    // A failure in the middle of publishing: the last blob's place is taken by a directory.
    @Test(arguments: [["odd/index.json"], ["odd/index.json", "odd/blobs/sha256/x"]])
    func halfPublishedIsTakenBack(there: [String]) throws {
        for name in there { try scratch.write(name, indexText([old.entry("v1")])) }
        let last = try #require(image.blobs.map { Digest.of($0).hex }.max())
        let transaction = try destination("oci:odd", ref: "v2").begin()
        try transaction.bring(image)
        try scratch.write("odd/blobs/sha256/\(last)/x", "x")
        let before = try scratch.snapshot("odd")
        let error = try failure { try transaction.commit(root: image.descriptor, name: nil) }
        #expect(error.code == .io)
        let after = try scratch.snapshot("odd")
        #expect(after == before.filter { !$0.key.contains(".deroot-") })
    }

    // Nothing but the rename of the index is left to fail: its place is taken by a directory.
    @Test func withoutAnIndexNothingStays() throws {
        try scratch.directory("odd")
        let transaction = try destination("oci:odd").begin()
        try transaction.bring(image)
        let layout = try LayoutDirectory(scratch("odd"))
        let staging = try Staging(in: scratch.path, prefix: ".staging-")
        for blob in image.blobs { _ = try staging.put(blob, algorithm: .sha256) }
        transaction.abort()
        var additions = LayoutAdditions(to: layout, from: staging)
        for blob in image.blobs { try additions.add(Digest.of(blob)) }
        try scratch.write("odd/index.json/x", "x")
        _ = try failure { try additions.finish(ImageIndex(manifests: [image.descriptor])) }
        additions.undo()
        #expect(try Directory.names(in: scratch("odd")) == ["index.json"])
    }

    // Files are synced together at the end, but each that waits for it has a descriptor.
    @Test func manyBlobsHoldFewDescriptors() throws {
        let staging = try Staging(in: scratch.path, prefix: ".staging-")
        let folder = try File.resolved(staging.path)
        func openFiles() throws -> Int {
            try Directory.names(in: "/proc/self/fd").count { name in
                (try? File.resolved("/proc/self/fd/\(name)"))?.hasPrefix(folder + "/") ?? false
            }
        }
        for number in 0..<300 {
            _ = try staging.put(Array(String(number).utf8), algorithm: .sha256)
            #expect(try openFiles() < 128)
        }
        #expect(try openFiles() > 0)
        try staging.syncFiles()
        #expect(try openFiles() == 0)
        #expect(staging.kept.count == 300)
    }

    @Test func aDamagedBlobOfTheDestinationIsNotTrusted() throws {
        let path = "layout/\(blobPath(Digest.of(image.layer)))"
        try scratch.write(path, image.layer.map { _ in 1 })
        let transaction = try destination("oci:layout", ref: "v2").begin()
        #expect(!transaction.contains(Digest.of(image.layer)))
        try transaction.bring(image)
        try transaction.commit(root: image.descriptor, name: nil)
        #expect(try scratch.read(path) == image.layer)
    }

    @Test func aBlobFolderThatLeadsOutIsNotWrittenTo() throws {
        try scratch.directory("outside/sha256")
        try scratch.write("linked/oci-layout", OCILayout.bytes)
        try scratch.link("linked/blobs", to: scratch("outside"))
        let transaction = try destination("oci:linked").begin()
        try transaction.bring(image)
        let error = try failure { try transaction.commit(root: image.descriptor, name: nil) }
        #expect(error.code == .hostile)
        #expect(try Directory.names(in: scratch("outside/sha256")) == [])
    }

    // MARK: Killed runs

    @Test func foldersOfKilledRunsAreRemoved() throws {
        try scratch.write("layout/.deroot-dead/new-1", "x")
        try scratch.write(".new.deroot-dead/blobs/sha256/x", "x")
        try scratch.write(".layout.deroot-dead/blobs/sha256/x", "x")
        try scratch.write(".newer.deroot-dead/x", "x")
        let running = try destination("oci:layout", ref: "v3").begin()
        try running.bring(image)
        for text in ["oci:layout", "oci:new"] { try destination(text).begin().abort() }
        #expect(try File.kind(of: scratch("layout/.deroot-dead")) == nil)
        #expect(try File.kind(of: scratch(".new.deroot-dead")) == nil)
        #expect(try File.kind(of: scratch(".layout.deroot-dead")) == nil)
        // Another destination's, and one that is in use.
        #expect(try File.kind(of: scratch(".newer.deroot-dead")) == .directory)
        try running.commit(root: image.descriptor, name: nil)
        #expect(try scratch.snapshot("layout").keys.allSatisfy { !$0.contains(".deroot-") })
    }

    @Test func aLinkNamedLikeAStaleFolderIsNotFollowed() throws {
        try scratch.write("precious/file", "x")
        try scratch.link("layout/.deroot-x", to: scratch("precious"))
        try destination("oci:layout").begin().abort()
        #expect(try scratch.read("precious/file") == Array("x".utf8))
    }

    // MARK: At once

    @Test(arguments: ["oci:layout", "oci:new"]) func writersLoseNoEntry(text: String) async throws {
        let names = (0..<24).map { "tag-\($0)" }
        try await withThrowingTaskGroup { group in
            for name in names {
                group.addTask {
                    let image = TinyImage(name)
                    let transaction = try destination(text, ref: name).begin()
                    try transaction.bring(image)
                    try transaction.commit(root: image.descriptor, name: nil)
                }
            }
            try await group.waitForAll()
        }
        let path = String(text.dropFirst("oci:".count))
        let index = try ImageIndex(parsing: scratch.read("\(path)/index.json"))
        let found = index.manifests.compactMap { $0.annotations[OCILayout.referenceName] }
        #expect(Set(found) == Set(names + (path == "layout" ? ["v1"] : [])))
        #expect(found.count == Set(found).count)
        for name in names {
            let reference = LocalReference(.oci, path: scratch(path), selection: .name(name))
            let source = try OCISource(directory: reference, limits: Limits())
            #expect(try ImageGraph(reading: source).images.count == 1)
        }
        #expect(try scratch.snapshot().keys.allSatisfy { !$0.contains(".deroot-") })
    }

    @Test func oneTransactionServesManyThreads() async throws {
        let transaction = try destination("oci:new").begin()
        let images = (0..<16).map { TinyImage("image-\($0)") }
        try await withThrowingTaskGroup { group in
            for image in images + images {
                group.addTask { try transaction.bring(image) }
            }
            try await group.waitForAll()
        }
        let index = ImageIndex(manifests: images.map(\.descriptor))
        let digest = try transaction.put(index.document.bytes)
        let root = Descriptor(
            mediaType: .index, digest: digest, size: UInt64(index.document.bytes.count))
        try transaction.commit(root: root, name: nil)
        let source = try OCISource(
            directory: LocalReference(.oci, path: scratch("new")), limits: Limits())
        #expect(try ImageGraph(reading: source).images.count == images.count)
    }
}
