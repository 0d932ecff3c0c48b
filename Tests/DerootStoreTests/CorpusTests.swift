import DerootBytes
import DerootOCI
import Glibc
import Testing

@testable import DerootStore

/// Where the collected images of other projects are; the tests below need them.
private let corpus = unsafe getenv("DEROOT_CORPUS").map { unsafe String(cString: $0) }

@Suite(.enabled(if: corpus != nil, "needs DEROOT_CORPUS")) struct CorpusTests {
    private let root: String

    init() throws { root = try #require(corpus) }

    private func read(_ text: String) throws -> (any ImageSource, ImageGraph) {
        let source = try TransportReference(parsing: text).openSource()
        return (source, try ImageGraph(reading: source))
    }

    /// Whether all layers that are there are what their descriptors say.
    private func checkLayers(_ source: any ImageSource, _ graph: ImageGraph) throws {
        for layer in graph.images.flatMap(\.manifest.layers) where source.contains(layer) {
            let found = try source.blob(layer).digest(layer.digest.algorithm)
            #expect(found == layer.digest)
        }
    }

    /// What opens, and with how many images.
    static let readable: [(String, Int)] = [
        ("dive/.data/test-docker-image.tar", 1), ("dive/.data/test-kaniko-image.tar", 1),
        ("dive/.data/test-oci-gzip-image.tar", 1), ("dive/.data/test-oci-zstd-image.tar", 1),
        ("dive/.data/test-oci-estargz-image.tar", 1),
        ("dive/.data/test-oci-uncompressed-image.tar", 1),
        ("dockle/pkg/deckoder/extractor/docker/testdata/symbolic.tar", 1),
        ("fanal/test/testdata/alpine-310.tar.gz", 1), ("fanal/test/testdata/test.oci", 1),
        ("fanal/test/testdata/test_image_tag.oci", 1),
        ("sylabs-oci-tools/test/images/many-layers", 1),
        ("sylabs-oci-tools/test/images/hard-link-1", 1),
        ("sylabs-oci-tools/test/images/hello-world-docker-v2-manifest-list", 9),
    ]

    @Test(arguments: readable) func opens(path: String, images: Int) throws {
        let (source, graph) = try read("\(root)/\(path)")
        #expect(graph.images.count == images)
        try checkLayers(source, graph)
    }

    @Test func layersThatAreLinksToEachOther() throws {
        let path = "dockle/pkg/deckoder/extractor/docker/testdata/symbolic.tar"
        let (_, graph) = try read("\(root)/\(path)")
        let layers = graph.images[0].manifest.layers.map(\.digest)
        #expect(layers.count == graph.images[0].config.diffIDs.count)
        // Plain layers: each digest is the diffID.
        #expect(layers == graph.images[0].config.diffIDs.map(\.digest))
        #expect(Set(layers).count < layers.count)
    }

    static let unreadable: [(String, DerootError.Code)] = [
        ("fanal/image/testdata/multi", .notFound), ("fanal/image/testdata/single", .notFound),
        ("fanal/test/testdata/test_bad_index_json.oci", .malformed),
        ("fanal/test/testdata/test_index_json_dir.oci", .unsupported),
        ("fanal/test/testdata/test_index_json_dir.oci/test_bad_index_json.oci", .malformed),
        ("fanal/test/testdata/test_invalid_oci_image.oci", .notFound),
        ("fanal/test/testdata/test_no_valid_manifests.oci", .malformed),
        ("sylabs-oci-tools/test/images/aufs-docker-v2-manifest", .mismatch),
        // A SquashFS for a layer.
        ("sylabs-oci-tools/test/images/overlayfs-docker-v2-manifest", .hostile),
        ("notation/test/e2e/testdata/registry/oci_layout/e2e", .unsupported),
        ("notation/test/e2e/testdata/registry/oci_layout/e2e-valid-signature", .ambiguous),
        ("regclient/testdata/testrepo", .ambiguous),
        ("node-tar/test/fixtures/tars/bad-cksum.tar", .malformed),
    ]

    @Test(arguments: unreadable) func refuses(path: String, code: DerootError.Code) throws {
        let error = try failure { try read("\(root)/\(path)") }
        #expect(error.code == code, "\(error)")
        #expect(error.location.file != nil)
    }

    /// The entries of a test registry by name; nil: an artifact.
    @Test(
        arguments: [
            ("v1", 2), ("v2", 3), ("v3", 4), ("loop", nil), ("child", nil), ("mirror", nil),
            ("ai", nil), ("a1", nil),
        ] as [(String, Int?)])
    func regclientsRegistry(name: String, images: Int?) throws {
        let reference = "oci:\(root)/regclient/testdata/testrepo:\(name)"
        guard let images else {
            #expect(try failure { try read(reference) }.code == .unsupported)
            return
        }
        let (source, graph) = try read(reference)
        #expect(graph.images.count == images)
        try checkLayers(source, graph)
    }

    @Test func signaturesAreNoImages() throws {
        let layout = "oci:\(root)/sylabs-oci-tools/test/images/hello-world-cosign-manifest"
        #expect(try read("\(layout):@0").1.images.count == 1)
        for (position, type) in [(1, "dsse"), (2, "cosign")] {
            let error = try failure { try read("\(layout):@\(position)") }
            #expect(error.code == .unsupported)
            #expect(error.message.contains(type))
        }
    }

    /// Docker's official layouts hold links; the corpus has their targets as text.
    @Test(arguments: ["glibc/amd64", "musl/arm64v8"]) func busybox(variant: String) throws {
        let folder = "\(root)/busybox-official/latest-1/\(variant)"
        let scratch = try Scratch()
        func copy(_ name: String) throws {
            for child in try Directory.names(in: "\(folder)/\(name)") {
                let path = name.isEmpty ? child : "\(name)/\(child)"
                if try File.kind(of: "\(folder)/\(path)") == .directory {
                    try copy(path)
                } else {
                    let bytes = try FileSlice(File.reading("\(folder)/\(path)")).bytes()
                    if bytes.starts(with: Array("../".utf8)) {
                        try scratch.link(
                            "busybox/\(path)", to: String(decoding: bytes, as: UTF8.self))
                    } else {
                        try scratch.write("busybox/\(path)", bytes)
                    }
                }
            }
        }
        try copy("")
        let (source, graph) = try read(scratch("busybox"))
        #expect(graph.images.count == 1)
        #expect(source.contains(graph.images[0].manifest.layers[0]))
        try checkLayers(source, graph)
    }

    /// Whatever has the name of an archive is read or refused.
    @Test func everyArchive() throws {
        var (opened, refused) = (0, 0)
        func visit(_ path: String) throws {
            for name in try Directory.names(in: path) {
                let child = "\(path)/\(name)"
                if try File.kind(of: child, followingLinks: false) == .directory {
                    try visit(child)
                } else if name.hasSuffix(".tar") || name.hasSuffix(".tar.gz") {
                    do {
                        let (source, graph) = try read(child)
                        try checkLayers(source, graph)
                        opened += 1
                    } catch is DerootError {
                        refused += 1
                    }
                }
            }
        }
        try visit(root)
        #expect(opened >= 8)
        #expect(refused >= 100)
    }
}
