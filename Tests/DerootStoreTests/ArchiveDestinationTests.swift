import DerootBytes
import DerootOCI
import DerootTar
import Glibc
import Testing

@testable import DerootStore

@Suite struct ArchiveDestinationTests {
    private let scratch: Scratch
    private let image = TinyImage("new")
    private let other = TinyImage("other", architecture: "arm64")

    init() throws { scratch = try Scratch() }

    private func publish(
        _ transport: LocalReference.Transport, _ ref: String? = nil, carried: String? = nil,
        images: [TinyImage]? = nil, name: String = "out.tar"
    ) throws {
        let reference = LocalReference(
            transport, path: scratch(name), selection: ref.map { .name($0) } ?? .only)
        let transaction = try ArchiveDestination(reference, limits: Limits()).begin()
        let images = images ?? [image]
        for image in images { try transaction.bring(image) }
        var root = images[0].descriptor
        if images.count > 1 {
            let index = ImageIndex(manifests: images.map(\.descriptor)).document.bytes
            root = Descriptor(
                mediaType: .index, digest: try transaction.put(index), size: UInt64(index.count))
        }
        try transaction.commit(root: root, name: carried)
    }

    private func source(_ ref: String? = nil) throws -> OCISource {
        let reference = LocalReference(
            .ociArchive, path: scratch("out.tar"), selection: ref.map { .name($0) } ?? .only)
        return try OCISource(archive: reference, limits: Limits())
    }

    private func members(_ name: String = "out.tar") throws -> [String] {
        let slice = try FileSlice(File.reading(scratch(name)))
        return try TarIndex(reading: slice, limits: Limits()).members.map(\.path.description)
    }

    @Test func anOCIArchive() throws {
        try publish(.ociArchive, "v1")
        let graph = try ImageGraph(reading: source("v1"))
        #expect(graph.images.map(\.manifest.document.bytes) == [image.manifest])
        let blobs = image.blobs.map { "/" + blobPath(Digest.of($0)) }.sorted()
        #expect(
            try members() == ["/blobs", "/blobs/sha256"] + blobs + ["/index.json", "/oci-layout"])
        #expect(try Directory.names(in: scratch.path) == ["out.tar"])
    }

    @Test func theSameEveryTime() throws {
        try publish(.ociArchive, "v1", images: [image, other])
        let first = try scratch.read("out.tar")
        try publish(.ociArchive, "v1", images: [image, other])
        #expect(try scratch.read("out.tar") == first)
    }

    @Test func severalPlatforms() throws {
        try publish(.ociArchive, images: [image, other])
        #expect(try ImageGraph(reading: source()).images.count == 2)
        let error = try failure {
            try publish(.dockerArchive, images: [image, other], name: "docker.tar")
        }
        #expect(error.code == .usage)
        #expect(error.advice?.contains("--platform") == true)
        #expect(try File.kind(of: scratch("docker.tar")) == nil)
    }

    @Test func whatIsThereIsReplacedAtOnce() throws {
        try scratch.write("out.tar", "old")
        try scratch.link("link.tar", to: "out.tar")
        try publish(.ociArchive, name: "link.tar")
        #expect(try File.kind(of: scratch("link.tar"), followingLinks: false) == .symlink)
        #expect(try ImageGraph(reading: source()).images.count == 1)
    }

    @Test func whatIsNoFileStaysAlone() throws {
        try scratch.directory("directory")
        try scratch.fifo("pipe")
        try scratch.link("dangling", to: "nowhere")
        for name in ["directory", "pipe", "dangling"] {
            #expect(try failure { try publish(.ociArchive, name: name) }.code == .unsupported)
        }
        #expect(try failure { try publish(.ociArchive, name: "missing/x") }.code == .notFound)
        #expect(try File.kind(of: scratch("nowhere")) == nil)
    }

    @Test func itsOwnSource() throws {
        try publish(.ociArchive, "v1")
        let source = try source("v1")
        try publish(.ociArchive, "v1", images: [other])
        #expect(try source.document(source.root(), limit: 4096) == image.manifest)
        #expect(try self.source("v1").root().digest == other.descriptor.digest)
    }

    // MARK: Blobs that stay in the source until the commit

    private func layer(_ bytes: [UInt8]) -> Descriptor {
        Descriptor(mediaType: .layer, digest: Digest.of(bytes), size: UInt64(bytes.count))
    }

    private func copying(_ layers: [[UInt8]]) throws -> (any DestinationTransaction, Descriptor) {
        let transaction = try ArchiveDestination(
            LocalReference(.ociArchive, path: scratch("out.tar")), limits: Limits()
        ).begin()
        for bytes in layers {
            try scratch.write("layer", bytes)
            let source = try FileSlice(File.reading(scratch("layer")))
            try transaction.copy(source, descriptor: layer(bytes))
            #expect(transaction.contains(Digest.of(bytes)))
        }
        let config = Descriptor(
            mediaType: .config, digest: try transaction.put(image.config),
            size: UInt64(image.config.count))
        let manifest = Manifest(config: config, layers: layers.map(layer)).document.bytes
        let root = Descriptor(
            mediaType: .manifest, digest: try transaction.put(manifest),
            size: UInt64(manifest.count))
        return (transaction, root)
    }

    @Test func manyCopies() throws {
        let layers = (0..<PendingBlobs.most + 20).map { Array("layer \($0)".utf8) }
        let (transaction, root) = try copying(layers)
        try transaction.commit(root: root, name: nil)
        let source = try source()
        for bytes in layers { #expect(try source.blob(layer(bytes)).bytes() == bytes) }
    }

    // Hostile input G06.
    @Test func aSourceThatChangesIsNotPublished() throws {
        try scratch.write("out.tar", "old")
        let (transaction, root) = try copying([image.layer])
        let file = try File.opening(scratch("layer"), flags: O_WRONLY)
        try file.write([1, 2, 3])
        let error = try failure { try transaction.commit(root: root, name: nil) }
        #expect(error.code == .mismatch)
        #expect(error.location.blob == Digest.of(image.layer))
        #expect(try scratch.read("out.tar") == Array("old".utf8))
        #expect(try Directory.names(in: scratch.path) == ["layer", "out.tar"])
    }

    // MARK: Docker

    private func dockerSource() throws -> DockerArchiveSource {
        try DockerArchiveSource(
            LocalReference(.dockerArchive, path: scratch("out.tar")), limits: Limits())
    }

    @Test func aDockerArchiveIsBothAtOnce() throws {
        try publish(.dockerArchive, "nginx:1.27")
        #expect(try members().contains("/manifest.json"))
        let docker = try dockerSource()
        #expect(docker.imageName == "docker.io/library/nginx:1.27")
        let manifest = try Manifest(parsing: docker.document(docker.root(), limit: 4096))
        #expect(manifest.config.digest == Digest.of(image.config))
        #expect(manifest.layers.map(\.digest) == [Digest.of(image.layer)])
        let oci = try source("1.27")
        #expect(oci.root().digest == image.descriptor.digest)
        #expect(oci.root().annotations[containerdName] == "docker.io/library/nginx:1.27")
    }

    @Test(
        arguments: [
            (nil, nil, nil), (nil, "1.27", nil), (nil, "app:1.27", "docker.io/library/app:1.27"),
            ("mine", "app:1", "docker.io/library/mine:latest"),
            (nil, "quay.io/a/b:2", "quay.io/a/b:2"), (nil, "not a name:1", nil),
        ] as [(String?, String?, String?)])
    func dockerNames(asked: String?, carried: String?, expected: String?) throws {
        try publish(.dockerArchive, asked, carried: carried)
        #expect(try dockerSource().imageName == expected)
    }

    @Test(arguments: ["a@sha256:\(String(repeating: "0", count: 64))", "UPPER", "a b"])
    func notADockerName(name: String) throws {
        #expect(try failure { try publish(.dockerArchive, name) }.code == .usage)
    }

    @Test func whatIsNoImageCannotBeLoaded() throws {
        let reference = LocalReference(.dockerArchive, path: scratch("out.tar"))
        let transaction = try ArchiveDestination(reference, limits: Limits()).begin()
        let text = Array("{}".utf8)
        let root = Descriptor(
            mediaType: MediaType("text/plain"), digest: try transaction.put(text), size: 2)
        let error = try failure { try transaction.commit(root: root, name: nil) }
        #expect(error.code == .unsupported)
    }

    @Test(arguments: ["oci:a:@1", "oci-archive:a:@0", "docker-archive:a:@0"])
    func positionsCannotBeWritten(text: String) throws {
        let reference = try TransportReference(parsing: text)
        #expect(try failure { try reference.openDestination() }.code == .usage)
    }

    // MARK: Other readers

    @Test(.enabled(if: Command.exists("skopeo"), "needs skopeo"), .tags(.skopeo))
    func skopeoReadsWhatWeWrite() throws {
        try publish(.ociArchive, "v1", name: "oci.tar")
        try publish(.dockerArchive, "mine/app:2", name: "docker.tar")
        let layout = try LayoutDestination(
            LocalReference(.oci, path: scratch("layout"), selection: .name("v1")), limits: Limits()
        ).begin()
        try layout.bring(image)
        try layout.commit(root: image.descriptor, name: nil)
        for (index, reference) in [
            "oci:\(scratch("layout")):v1", "oci-archive:\(scratch("oci.tar")):v1",
            "docker-archive:\(scratch("docker.tar")):docker.io/mine/app:2",
            "docker-archive:\(scratch("docker.tar"))", "oci-archive:\(scratch("docker.tar"))",
        ].enumerated() {
            let inspected = try Command.run(["skopeo", "inspect", reference], in: scratch)
            #expect(inspected.status == 0, "\(inspected.output)")
            #expect(inspected.output.contains("SEED=new"))
            // Copying decompresses, verifies every digest and the diffIDs.
            let copied = try Command.run(
                [
                    "skopeo", "copy", "--insecure-policy", reference,
                    "dir:\(scratch("copy-\(index)"))",
                ],
                in: scratch)
            #expect(copied.status == 0, "\(copied.output)")
        }
    }

    @Test(.enabled(if: Command.exists("skopeo"), "needs skopeo"), .tags(.skopeo))
    func weReadWhatSkopeoWrites() throws {
        try publish(.ociArchive, "v1", name: "oci.tar")
        let source = "oci-archive:\(scratch("oci.tar")):v1"
        for text in ["oci:layout:v2", "oci-archive:copy.tar:v2", "docker-archive:docker.tar:app:3"]
        {
            let parts = text.split(separator: ":", maxSplits: 1)
            let target = "\(parts[0]):\(scratch(String(parts[1])))"
            let copied = try Command.run(
                ["skopeo", "copy", "--insecure-policy", source, target], in: scratch)
            #expect(copied.status == 0, "\(copied.output)")
            let opened = try TransportReference(parsing: target).openSource()
            let graph = try ImageGraph(reading: opened)
            #expect(graph.images.map(\.config.env) == [["SEED=new"]])
        }
    }
}

extension Tag {
    /// Needs skopeo.
    @Tag static var skopeo: Self
}
