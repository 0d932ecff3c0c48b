import DerootBytes
import DerootOCI
import DerootTar
import Testing

@testable import DerootStore

@Suite struct ArchiveSourceTests {
    private let scratch: Scratch
    private let image = TinyImage("one")
    private let other = TinyImage("other")

    init() throws { scratch = try Scratch() }

    private func oci(_ selection: LocalReference.Selection = .only) throws -> OCISource {
        try OCISource(
            archive: LocalReference(.ociArchive, path: scratch("a.tar"), selection: selection),
            limits: Limits())
    }

    private func docker(
        _ selection: LocalReference.Selection = .only
    ) throws -> DockerArchiveSource {
        try DockerArchiveSource(
            LocalReference(.dockerArchive, path: scratch("a.tar"), selection: selection),
            limits: Limits())
    }

    private func layout() -> [(String, [UInt8])] {
        layoutFiles(image.blobs, index: indexText([image.entry("v1")]))
    }

    // MARK: oci-archive

    @Test(arguments: ["", "./", "/"]) func namesWithAnyBeginning(start: String) throws {
        try scratch.write("a.tar", tar(layout().map { (start + $0.0, $0.1) }))
        let source = try oci(.name("v1"))
        #expect(source.imageName == "v1")
        #expect(try source.document(source.root(), limit: 4096) == image.manifest)
        let manifest = try Manifest(parsing: image.manifest)
        #expect(try source.blob(manifest.layers[0]).bytes() == image.layer)
    }

    @Test func compressedArchives() throws {
        let plain = tar(layout())
        for bytes in [gzip(plain), zstd(plain)] {
            try scratch.write("a.tar", bytes)
            let source = try oci()
            #expect(try source.document(source.root(), limit: 4096) == image.manifest)
        }
    }

    @Test(
        arguments: [
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz"), ([0x42, 0x5A, 0x68, 0x39], "bzip2"),
        ] as [([UInt8], String)])
    func otherCompressionsAreNamed(magic: [UInt8], name: String) throws {
        try scratch.write("a.tar", magic + [UInt8](repeating: 0, count: 600))
        let error = try failure { try oci() }
        #expect(error.code == .unsupported)
        #expect(error.message.contains(name))
    }

    @Test func truncatedArchives() throws {
        let bytes = tar(layout())
        try scratch.write("a.tar", Array(bytes.prefix(2000)))
        #expect(try failure { try oci() }.code == .truncated)
        try scratch.write("a.tar", Array(gzip(bytes).dropLast(100)))
        #expect(try failure { try oci() }.code == .truncated)
    }

    @Test func notAnArchiveOfImages() throws {
        try scratch.write("a.tar", tar([("a", [1])]))
        #expect(try failure { try oci() }.code == .notFound)
        #expect(try failure { try docker() }.code == .notFound)
        try scratch.write("a.tar", [])
        #expect(try failure { try oci() }.code == .notFound)
    }

    // Hostile input A24: the last one counts, and has to be right.
    @Test func duplicateMembers() throws {
        let path = blobPath(image.descriptor.digest)
        try scratch.write("a.tar", tar([(path, [1, 2, 3])] + layout()))
        #expect(try oci().document(image.descriptor, limit: 4096) == image.manifest)
        try scratch.write("a.tar", tar(layout() + [(path, image.manifest.map { _ in 0 })]))
        #expect(try failure { try oci().document(image.descriptor, limit: 4096) }.code == .mismatch)
    }

    // The archive may be replaced while it is read.
    @Test func theOpenedFileIsTheOneThatIsRead() throws {
        try scratch.write("a.tar", tar(layout()))
        let source = try oci()
        try scratch.write("a.tar", "something else")
        #expect(try source.document(source.root(), limit: 4096) == image.manifest)
    }

    // MARK: docker-archive

    @Test func aManifestIsMade() throws {
        try scratch.write("a.tar", tar(dockerFiles([(["nginx:1.27"], image)])))
        let source = try docker()
        #expect(source.imageName == "nginx:1.27")
        let bytes = try source.document(source.root(), limit: 4096)
        #expect(Digest.of(bytes) == source.root().digest)
        let manifest = try Manifest(parsing: bytes)
        #expect(manifest.mediaType == .manifest)
        #expect(manifest.config.digest == Digest.of(image.config))
        #expect(manifest.config.mediaType == .config)
        #expect(manifest.layers.map(\.digest) == [Digest.of(image.layer)])
        #expect(manifest.layers[0].mediaType == .layer)
        #expect(manifest.layers[0].size == UInt64(image.layer.count))
        #expect(try source.document(manifest.config, limit: 4096) == image.config)
        #expect(try source.blob(manifest.layers[0]).bytes() == image.layer)
        #expect(!source.contains(other.descriptor))
    }

    @Test func layersAreTypedByTheirFirstBytes() throws {
        let layers = [image.layer, gzip(image.layer), zstd(image.layer), []]
        let names = layers.indices.map { "\($0).tar" }
        let list = DockerManifestList(entries: [.init(config: "c", repoTags: [], layers: names)])
        try scratch.write(
            "a.tar",
            tar(
                Array(zip(names, layers)) + [("c", image.config), ("manifest.json", list.bytes)]))
        let source = try docker()
        let manifest = try Manifest(parsing: source.document(source.root(), limit: 4096))
        #expect(manifest.layers.map(\.mediaType) == [.layer, .layerGzip, .layerZstd, .layer])
        #expect(source.imageName == nil)
    }

    @Test(arguments: ["nginx:1.27", "docker.io/library/nginx:1.27", "mine/app"])
    func tagsAreNormalised(name: String) throws {
        let files = dockerFiles([
            (["docker.io/library/nginx:1.27"], image), (["x:1", "mine/app:latest"], other),
        ])
        try scratch.write("a.tar", tar(files))
        let source = try docker(.name(name))
        let manifest = try Manifest(parsing: source.document(source.root(), limit: 4096))
        let expected = name == "mine/app" ? other : image
        #expect(manifest.config.digest == Digest.of(expected.config))
    }

    @Test func choosing() throws {
        try scratch.write("a.tar", tar(dockerFiles([(["a:1", "b:2"], image), ([], other)])))
        let error = try failure { try docker() }
        #expect(error.code == .ambiguous)
        #expect(error.message.contains("'a:1' 'b:2'") && error.message.contains("@1 (no name)"))
        #expect(try docker(.name("b:2")).imageName == "b:2")
        #expect(try docker(.position(1)).imageName == nil)
        #expect(try failure { try docker(.position(2)) }.code == .notFound)
        #expect(try failure { try docker(.name("c:1")) }.code == .notFound)
        let digest = "a@\(image.descriptor.digest)"
        #expect(try failure { try docker(.name(digest)) }.code == .usage)
    }

    /// Hostile input A23.
    static let brokenLists: [(String, DerootError.Code)] = [
        ("null", .malformed), ("{}", .malformed), ("", .malformed), ("[]", .notFound),
        ("[null]", .malformed), ("[{}]", .malformed), (#"[{"Config":1}]"#, .malformed),
        (#"[{"Config":"c","config":"d"}]"#, .hostile),
        (#"[{"Config":"missing"}]"#, .notFound),
        (#"[{"Config":"manifest.json"}]"#, .malformed),
        (#"[{"Config":"c","Layers":["missing"]}]"#, .notFound),
        (#"[{"Config":"c","Layers":["d"]}]"#, .unsupported),
        (#"[{"Config":"c","Layers":["up"]}]"#, .hostile),
        (#"[{"Config":"c","Layers":["absolute"]}]"#, .hostile),
        (#"[{"Config":"c","Layers":["round"]}]"#, .hostile),
        (#"[{"Config":"c","Layers":["../c"]}]"#, .notFound),
        (String(repeating: " ", count: 1 << 20) + "[]", .limit),
    ]

    @Test(arguments: brokenLists) func brokenManifest(text: String, code: DerootError.Code) throws {
        let files: [([UInt8], NewEntry.Kind, [UInt8])] = [
            (Array("c".utf8), .file, image.config), (Array("d".utf8), .directory, []),
            (Array("up".utf8), .symlink(target: Array("a/../../c".utf8)), []),
            (Array("absolute".utf8), .symlink(target: Array("/c".utf8)), []),
            (Array("round".utf8), .symlink(target: Array("turn".utf8)), []),
            (Array("turn".utf8), .symlink(target: Array("./round".utf8)), []),
            (Array("manifest.json".utf8), .file, Array(text.utf8)),
        ]
        try scratch.write("a.tar", tar(files))
        let error = try failure { try docker() }
        #expect(error.code == code)
        #expect(error.location.file != nil)
    }

    @Test func layersThatAreLinks() throws {
        let list = DockerManifestList(entries: [
            .init(config: "c", repoTags: [], layers: ["a/layer.tar", "b/layer.tar", "hard"])
        ])
        try scratch.write(
            "a.tar",
            tar([
                (Array("a/layer.tar".utf8), .symlink(target: Array("../b/layer.tar".utf8)), []),
                (Array("b/layer.tar".utf8), .file, image.layer),
                (Array("hard".utf8), .hardLink(target: Array("./b/layer.tar".utf8)), []),
                (Array("c".utf8), .file, image.config),
                (Array("manifest.json".utf8), .file, list.bytes),
            ]))
        let source = try docker()
        let manifest = try Manifest(parsing: source.document(source.root(), limit: 4096))
        #expect(
            manifest.layers.map(\.digest)
                == [Digest](repeating: Digest.of(image.layer), count: 3))
    }

    @Test(arguments: [
        "\(String(repeating: "0", count: 64)).json", "sha256:HEX", "blobs/sha256/HEX",
    ])
    func aNameThatIsADigestIsHeldTo(pattern: String) throws {
        let wrong = String(repeating: "1", count: 64)
        for (hex, isRight) in [(Digest.of(image.config).hex, true), (wrong, false)] {
            let name =
                pattern.contains("HEX")
                ? String(pattern.dropLast(3)) + hex : (isRight ? "\(hex).json" : pattern)
            let list = DockerManifestList(entries: [.init(config: name, repoTags: [], layers: [])])
            try scratch.write(
                "a.tar", tar([(name, image.config), ("manifest.json", list.bytes)]))
            if isRight {
                _ = try docker()
            } else {
                #expect(try failure { try docker() }.code == .mismatch)
            }
        }
    }

    // What is stated is believed until somebody reads the layer, and then held against it.
    @Test func statedDigestsAreNotComputed() throws {
        let wrong = [UInt8](repeating: 7, count: 512)
        let name = blobPath(Digest.of(gzip(image.layer)))
        let list = DockerManifestList(entries: [
            .init(config: "c", repoTags: [], layers: ["layer.tar"]),
            .init(config: "c", repoTags: [], layers: [name]),
            .init(config: "c", repoTags: [], layers: ["layer.tar", "layer.tar"]),
        ])
        try scratch.write(
            "a.tar",
            tar([
                ("c", image.config), ("layer.tar", wrong), (name, wrong),
                ("manifest.json", list.bytes),
            ]))
        let expected = [image.layer, gzip(image.layer), wrong].map { Digest.of($0) }
        for (position, digest) in expected.enumerated() {
            let source = try docker(.position(position))
            let manifest = try Manifest(parsing: source.document(source.root(), limit: 4096))
            let layer = try #require(manifest.layers.first)
            #expect(layer.digest == digest)
            let transaction = try ArchiveDestination(
                LocalReference(.ociArchive, path: scratch("out.tar")), limits: Limits()
            ).begin()
            if position < 2 {
                let error = try failure {
                    try transaction.copy(source.blob(layer), descriptor: layer)
                }
                #expect(error.code == .mismatch)
            } else {
                try transaction.copy(source.blob(layer), descriptor: layer)
            }
        }
    }

    @Test func hybridsAreReadAsAsked() throws {
        try scratch.write("a.tar", tar(layout() + dockerFiles([(["a:1"], other)])))
        #expect(try oci().root().digest == image.descriptor.digest)
        #expect(try docker().imageName == "a:1")
    }

    @Test func archivesOfOldAreNamed() throws {
        try scratch.write("a.tar", tar([("repositories", Array("{}".utf8)), ("x/layer.tar", [])]))
        let error = try failure { try docker() }
        #expect(error.code == .unsupported)
        #expect(error.advice?.contains("save it again") == true)
    }
}
