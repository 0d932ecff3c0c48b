import DerootBytes
import DerootOCI
import Glibc
import Testing

@testable import DerootStore

extension DestinationTransaction {
    /// Brings a whole image.
    func bring(_ image: TinyImage) throws {
        for blob in [image.config, image.manifest] { try put(blob) }
        let staged = try stage()
        try staged.write(image.layer)
        try keep(staged, digest: Digest.of(image.layer), size: UInt64(image.layer.count))
    }
}

@Suite struct LayoutDestinationTests {
    private let scratch: Scratch
    private let image = TinyImage("new")
    private let old = TinyImage("old")

    init() throws { scratch = try Scratch() }

    private func reference(_ ref: String? = nil, _ name: String = "out") -> LocalReference {
        LocalReference(.oci, path: scratch(name), selection: ref.map { .name($0) } ?? .only)
    }

    private func begin(
        _ ref: String? = nil, _ name: String = "out"
    ) throws -> any DestinationTransaction {
        try LayoutDestination(reference(ref, name), limits: Limits()).begin()
    }

    private func publish(_ image: TinyImage, _ ref: String? = nil, carried: String? = nil) throws {
        let transaction = try begin(ref)
        try transaction.bring(image)
        try transaction.commit(root: image.descriptor, name: carried)
    }

    private func source(_ ref: String? = nil) throws -> OCISource {
        try OCISource(directory: reference(ref), limits: Limits())
    }

    /// Names and digests of the entries, in order.
    private func entries() throws -> [String] {
        try ImageIndex(parsing: scratch.read("out/index.json")).manifests.map { entry in
            "\(entry.annotations[OCILayout.referenceName] ?? "-") \(entry.digest.short)"
        }
    }

    private func line(_ name: String, _ image: TinyImage) -> String {
        "\(name) \(image.descriptor.digest.short)"
    }

    // MARK: New layouts

    @Test func aNewLayout() throws {
        try publish(image, "v1")
        let graph = try ImageGraph(reading: source("v1"))
        #expect(graph.images.map(\.manifest.document.bytes) == [image.manifest])
        #expect(try scratch.read("out/oci-layout") == OCILayout.bytes)
        #expect(
            Set(try scratch.snapshot("out").keys)
                == Set(
                    [".", "blobs", "blobs/sha256"].dropFirst().map { "out/\($0)" }
                        + image.blobs.map { "out/\(blobPath(Digest.of($0)))" }
                        + ["out/index.json", "out/oci-layout"]))
        #expect(try Directory.names(in: scratch.path) == ["out"])
    }

    @Test func nothingShowsBeforeTheCommit() throws {
        let transaction = try begin()
        try transaction.bring(image)
        #expect(try File.kind(of: scratch("out")) == nil)
        try transaction.commit(root: image.descriptor, name: nil)
        #expect(try File.kind(of: scratch("out")) == .directory)
    }

    @Test func permissionsFollowTheUmask() throws {
        // The umask is the process's: it is looked at, not changed, since tests run side by side.
        let allowed = ~currentUmask()
        try publish(image)
        #expect(try scratch.permissions("out") == 0o755 & allowed)
        for name in ["out/blobs", "out/blobs/sha256"] {
            #expect(try scratch.permissions(name) == 0o755 & allowed)
        }
        for name in ["out/index.json", "out/oci-layout", "out/\(blobPath(Digest.of(image.layer)))"]
        {
            #expect(try scratch.permissions(name) == 0o644 & allowed)
        }
    }

    private func currentUmask() -> mode_t {
        let probe = scratch("probe")
        unsafe mkdir(probe, 0o777)
        defer { unsafe rmdir(probe) }
        var status = stat()
        unsafe stat(probe, &status)
        return ~status.st_mode & 0o777
    }

    @Test func onlyWhatTheResultConsistsOf() throws {
        let transaction = try begin()
        try transaction.bring(image)
        try transaction.bring(old)
        try transaction.commit(root: image.descriptor, name: nil)
        #expect(
            try Directory.names(in: scratch("out/blobs/sha256"))
                == image.blobs.map { Digest.of($0).hex }.sorted())
    }

    @Test(arguments: [
        ("name", ".", "name"), ("/name", "/", "name"), ("/tmp/name", "/tmp", "name"),
        ("./name", ".", "name"),
    ])
    func placesAreSplit(path: String, parent: String, name: String) throws {
        let place = try DestinationPlace(path)
        #expect(place.parent == parent)
        #expect(place.name == name)
    }

    @Test(arguments: ["missing/out", "file/out"]) func noParent(name: String) throws {
        try scratch.write("file", "x")
        let error = try failure { try begin(nil, name) }
        #expect(error.code == .notFound)
    }

    @Test func whatIsNoLayoutStaysAlone() throws {
        try scratch.write("file", "x")
        try scratch.write("other/file", "x")
        try scratch.write("broken/oci-layout", "{}")
        try scratch.write("bad-index/index.json", "{}")
        try scratch.link("dangling", to: "nowhere")
        try scratch.fifo("pipe")
        let before = try scratch.snapshot("other")
        for name in ["file", "other", "broken", "bad-index", "dangling", "pipe"] {
            _ = try failure { try begin(nil, name) }
        }
        #expect(try scratch.snapshot("other") == before)
        #expect(try failure { try begin(nil, "other") }.code == .unsupported)
        #expect(try failure { try begin(nil, "file") }.code == .unsupported)
    }

    @Test func anEmptyDirectoryWillDo() throws {
        try scratch.directory("out")
        let failed = try begin()
        try failed.bring(image)
        failed.abort()
        #expect(try Directory.names(in: scratch("out")) == [])
        try publish(image)
        #expect(try ImageGraph(reading: source()).images.count == 1)
    }

    // MARK: Names

    @Test func otherImagesStay() throws {
        try publish(old, "v1")
        try publish(image, "v2")
        #expect(try entries() == [line("v1", old), line("v2", image)])
        #expect(try ImageGraph(reading: source("v1")).images.count == 1)
        try publish(image, "v1")
        #expect(try entries() == [line("v1", image), line("v2", image)])
    }

    @Test func theSourcesNameIsCarried() throws {
        try publish(image, carried: "v7")
        try publish(old, "v8", carried: "v7")
        #expect(try entries() == [line("v7", image), line("v8", old)])
    }

    @Test func namelessImages() throws {
        try publish(old)
        try publish(image)
        #expect(try entries() == [line("-", image)])
        try publish(old, "v1")
        #expect(try entries() == [line("-", image), line("v1", old)])
        try publish(old)
        #expect(try entries() == [line("-", old), line("v1", old)])
    }

    @Test func severalNamelessImagesAreAmbiguous() throws {
        try scratch.layout("out", [(nil, old), (nil, TinyImage("third"))])
        let before = try scratch.snapshot("out")
        #expect(try failure { try publish(image) }.code == .ambiguous)
        #expect(try scratch.snapshot("out") == before)
    }

    @Test func anotherNameMakesContainerdsNameStale() throws {
        var root = image.descriptor
        root.setAnnotation(OCILayout.referenceName, "1.0")
        root.setAnnotation(containerdName, "docker.io/library/app:1.0")
        #expect(root.entry(asked: nil, carried: "1.0") == root)
        #expect(root.entry(asked: nil, carried: nil) == root)
        let renamed = root.entry(asked: "2.0", carried: "1.0")
        #expect(renamed.annotations[OCILayout.referenceName] == "2.0")
        #expect(renamed.annotations[containerdName] == nil)
    }

    @Test func unknownMembersOfTheIndexStay() throws {
        try scratch.layout("out", [("v1", old)])
        let text = #"{"schemaVersion": 2, "x-mine": 1.10, "manifests": [\#(old.entry("v1"))]}"#
        try scratch.write("out/index.json", text)
        try publish(image, "v2")
        let found = String(decoding: try scratch.read("out/index.json"), as: UTF8.self)
        #expect(found.contains(#""x-mine":1.10"#))
        #expect(try entries().count == 2)
    }

    @Test func publishingTheSameAgainChangesNoByte() throws {
        try publish(image, "v1")
        try scratch.write("out/index.json", indexText(["\n " + image.entry("v1")]))
        var root = image.descriptor
        root = try ImageIndex(parsing: scratch.read("out/index.json")).manifests[0]
        let before = try scratch.snapshot("out")
        let transaction = try begin("v1")
        try transaction.bring(image)
        try transaction.commit(root: root, name: nil)
        #expect(try scratch.snapshot("out") == before)
    }

    @Test func intoItsOwnSource() throws {
        try publish(old, "v1")
        let graph = try ImageGraph(reading: source("v1"))
        let transaction = try begin("v1")
        let layer = graph.images[0].manifest.layers[0]
        #expect(transaction.contains(layer.digest))
        // The result shares the layer and has a new config.
        let config = Array(#"{"architecture":"amd64","os":"linux","config":{"User":"1:1"}}"#.utf8)
        var manifest = graph.images[0].manifest
        var descriptor = manifest.config
        descriptor.setContent(digest: try transaction.put(config), size: UInt64(config.count))
        manifest.setConfig(descriptor)
        var root = graph.root
        root.setContent(
            digest: try transaction.put(manifest.document.bytes),
            size: UInt64(manifest.document.bytes.count))
        try transaction.commit(root: root, name: "v1")
        #expect(try ImageGraph(reading: source("v1")).images[0].config.user == "1:1")
    }
}
