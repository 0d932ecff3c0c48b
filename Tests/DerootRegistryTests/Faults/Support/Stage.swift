import DerootBytes
import DerootFaultServer
import DerootOCI
import DerootRegistry
import DerootStore
import DerootTestSupport
import Testing

/// A registry that can go wrong, a client of it that never waits, and an image to move.
struct Stage {
    static let repository = "team/app"

    let registry = MiniRegistry()
    let server: FaultServer
    let clock = FakeClock()
    let image: ImageFixture
    var layout: LayoutFixture
    /// Who the client says that it is; by host, all others are met as nobody.
    var credentials: [String: RegistryCredentials] = [:]
    var options = RegistryOptions()

    /// An image of two layers in a layout and, tagged `v1`, in the registry.
    init(on address: String = "127.0.0.1", holdsImage: Bool = true) throws {
        server = try FaultServer(registry, on: address)
        image = try Stage.image()
        layout = try LayoutFixture(image)
        options.timekeeper = clock.timekeeper
        // On a machine that is busy with other things a second may go by before anything is asked.
        options.farewellMilliseconds = 20_000
        if holdsImage { add(image, tag: "v1") }
    }

    /// An image whose second layer does not fit into one read.
    static func image(seed: UInt64 = 1) throws -> ImageFixture {
        var random = SeededGenerator(seed: seed)
        let text = String(decoding: random.bytes(150_000).map { $0 % 64 + 32 }, as: UTF8.self)
        let small = try LayerFixture(.gzip) { tar in
            tar.directory("etc")
            tar.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        }
        let large = try LayerFixture(.none) { tar in
            tar.directory("srv")
            tar.file("srv/data", text, mode: 0o4755)
        }
        return ImageFixture([small, large])
    }

    /// Puts an image into the registry.
    func add(_ image: ImageFixture, tag: String, to repository: String = Stage.repository) {
        registry.add(blobs: image.layers.map(\.blob) + [image.config], to: repository)
        registry.add(
            manifest: image.manifest, type: image.mediaType, to: repository, tag: tag)
    }

    /// The digest of the large layer.
    var largeLayer: Digest { image.layers[1].digest }
    /// The path of the large layer's blob.
    var largeLayerPath: String { blobPath(largeLayer) }

    /// The path of a blob in the repository.
    func blobPath(_ digest: Digest) -> String { "/v2/\(Stage.repository)/blobs/\(digest)" }

    /// The name of the image in the registry.
    func name(
        _ tag: String = "v1", repository: String = Stage.repository
    ) throws(DerootError) -> ImageName {
        try ImageName(parsing: "\(server.host)/\(repository):\(tag)")
    }

    /// A new client; what it learned of tokens and connections goes with it.
    func client() -> RegistryClient {
        RegistryClient(settings: StageSettings(credentials: credentials), options: options)
    }

    /// Copies the image from the registry into the layout `out`; gives the root's digest there.
    @discardableResult
    func pull(_ tag: String = "v1") throws(DerootError) -> Digest {
        let source = try RegistrySource(name(tag), client: client())
        try copyImage(from: source, into: layout.destination("out"))
        let result = try layout.result("out")
        try readAll(result)
        return try result.root().digest
    }

    /// Copies the layout's image into the registry.
    func push(
        _ tag: String = "v2", mounting source: ImageName? = nil
    ) throws(DerootError) {
        let destination = try RegistryDestination(name(tag), client: client(), mounting: source)
        try copyImage(from: layout.source(), into: destination)
    }

    /// Whether nothing was published in the layout `out`.
    func hasNoResult() throws -> Bool {
        try layout.directory.snapshot("out")["out/index.json"] == nil
    }
}

/// The registries of a test: plain HTTP is allowed, and credentials belong to exact hosts.
struct StageSettings: RegistrySettings {
    var credentials: [String: RegistryCredentials] = [:]

    func endpoints(
        for name: ImageName, _ access: RegistryAccess
    ) throws(DerootError) -> [RegistryEndpoint] {
        var overrides = RegistryOverrides()
        overrides.verifiesTLS = false
        return try DefaultSettings(overrides).endpoints(for: name, access)
    }

    func credentials(
        for endpoint: RegistryEndpoint
    ) throws(DerootError) -> RegistryCredentials {
        credentials[endpoint.host] ?? .anonymous
    }
}

/// Copies an image or an index as it is.
func copyImage(
    from source: any ImageSource, into destination: any ImageDestination
) throws(DerootError) {
    let graph = try ImageGraph(reading: source)
    let transaction = try destination.begin()
    do throws(DerootError) {
        for image in graph.images {
            for blob in image.manifest.layers where !transaction.contains(blob.digest) {
                try transaction.copy(try source.blob(blob), descriptor: blob)
            }
            let config = image.manifest.config
            if !transaction.contains(config.digest) {
                try transaction.put(image.config.document.bytes)
            }
            try transaction.put(image.manifest.document.bytes)
        }
        for index in graph.indexes.reversed() { try transaction.put(index.index.document.bytes) }
        try transaction.commit(root: graph.root, name: source.imageName)
    } catch {
        transaction.abort()
        throw error
    }
}

/// Reads every layer and compares its digest.
func readAll(_ source: any ImageSource) throws(DerootError) {
    for image in try ImageGraph(reading: source).images {
        for layer in image.manifest.layers {
            let bytes = try readBytes(source.blob(layer))
            guard Digest.of(bytes) == layer.digest else {
                throw DerootError(.mismatch, "a layer is not what its descriptor says")
            }
        }
    }
}

/// All bytes of a slice.
func readBytes(_ slice: consuming FileSlice) throws(DerootError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(clamping: slice.count))
    var filled = 0
    var span = bytes.mutableSpan
    try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
        while filled < memory.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
            filled += try unsafe slice.read(into: rest)
        }
    }
    return bytes
}

/// The error of work that has to fail with one of these codes.
@discardableResult
func expectFailure(
    _ codes: DerootError.Code..., sourceLocation: SourceLocation = #_sourceLocation,
    _ work: () throws(DerootError) -> Void
) -> DerootError? {
    do throws(DerootError) {
        try work()
    } catch {
        #expect(codes.contains(error.code), "\(error)", sourceLocation: sourceLocation)
        return error
    }
    Issue.record("it should have failed", sourceLocation: sourceLocation)
    return nil
}

/// Work that may come to the right end or to a typed error, but to nothing else.
func expectRightOrRefused(
    _ right: Digest, sourceLocation: SourceLocation = #_sourceLocation,
    _ work: () throws(DerootError) -> Digest
) {
    do throws(DerootError) {
        #expect(try work() == right, sourceLocation: sourceLocation)
    } catch {
        #expect(!error.message.isEmpty, sourceLocation: sourceLocation)
    }
}
