import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

extension LayoutFixture {
    /// Converts into a layout of the same directory.
    @discardableResult
    func convert(
        _ options: ConversionOptions = .init(), from source: String = "source",
        to destination: String = "result", jobs: Int = 2, platform: String? = nil,
        limits: Limits = Limits(), applying plan: ConversionPlan? = nil
    ) throws -> ConversionResult {
        var conversion = Conversion(try result(source), options)
        conversion.pool = WorkerPool(jobs: jobs)
        conversion.limits = limits
        conversion.platform = try platform.map { try Platform(parsing: $0) }
        return try conversion.convert(
            into: self.destination(destination).begin(), applying: plan)
    }

    /// Reads all images of a layout.
    func images(_ name: String = "result") throws -> [ReadImage] {
        let source = try result(name)
        return try ImageGraph(reading: source).images.map { try ReadImage($0, source) }
    }

    /// Reads the only image of a layout.
    func image(_ name: String = "result") throws -> ReadImage {
        let images = try images(name)
        try #require(images.count == 1)
        return images[0]
    }
}

/// An image with its layers' raw streams.
struct ReadImage {
    let digest: Digest
    let manifest: Manifest
    let config: ImageConfig
    let layers: [[UInt8]]

    init(_ image: ImageGraph.Image, _ source: any ImageSource) throws {
        digest = image.descriptor.digest
        manifest = image.manifest
        config = image.config
        layers = try image.manifest.layers.map { try rawBytes(source.blob($0)) }
        // Every diffID is true.
        #expect(layers.map { DiffID(Digest.of($0)) } == config.diffIDs)
    }

    /// The merged view.
    func tree() throws -> FileTree { try FileTree(layers.map { try listing($0) }) }

    /// The setuid and setgid files and those with capabilities, of all layers.
    func privileged() throws -> [String] {
        try layers.flatMap { raw in
            let listing = try listing(raw)
            return (0..<listing.count).filter {
                listing.entries[$0].isSetid || listing.entries[$0].hasCapabilities
            }.map { listing.path($0).description }
        }
    }

    /// `uid:gid mode` of a path in the merged view.
    func status(_ path: TarPath) throws -> String? {
        let tree = try tree()
        return tree.entry(at: path).map {
            "\(tree[$0].uid):\(tree[$0].gid) \(PlanJSON.octal(tree[$0].mode))"
        }
    }

    /// A file's content in the merged view.
    func content(_ path: TarPath) throws -> String? {
        guard let entry = try tree().entry(at: path) else { return nil }
        let group = try walked(layers[entry.layer])[entry.index]
        let start = Int(group.offset) + group.bytes.count
        let body = layers[entry.layer][start..<(start + Int(group.meaning.bodySize))]
        return String(decoding: body, as: UTF8.self)
    }
}

/// Images as they are found everywhere.
enum Samples {
    /// A base with accounts and privileged files.
    static func base(_ compression: Compression = .gzip) throws -> LayerFixture {
        try LayerFixture(compression) { tar in
            tar.directory("etc")
            tar.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
            tar.file("etc/group", "root:x:0:\n")
            tar.pax(["SCHILY.xattr.security.selinux": "label"])
            tar.file("etc/shadow", "root:*:1:0:99999:7:::\n", mode: 0o640, gid: 42)
            tar.file("usr/bin/su", String(repeating: "su", count: 3000), mode: 0o4755)
            tar.link("usr/bin/alias", to: "usr/bin/su", type: "1", mode: 0o4755)
            tar.pax([EntryPolicyTests.capability, PaxRecord("mtime", "1.5")])
            tar.file("usr/bin/ping", "ping", mode: 0o755)
            tar.directory("var/local", mode: 0o2775, gid: 50)
            tar.directory("tmp", mode: 0o1777)
        }
    }

    /// An application's layer.
    static func app(_ compression: Compression = .gzip, _ name: String = "app") throws
        -> LayerFixture
    {
        try LayerFixture(compression) { tar in
            tar.directory("srv")
            tar.directory("srv/\(name)")
            tar.file("srv/\(name)/data", "data of \(name)")
            tar.file("srv/\(name)/tool", mode: 0o2755)
        }
    }

    /// An image of both.
    static func image(_ compression: Compression = .gzip) throws -> ImageFixture {
        ImageFixture(
            [try base(compression), try app(compression)],
            settings:
                #""Env":["PATH=/bin"],"WorkingDir":"/srv/app","Healthcheck":{"Test":["NONE"]}"#)
    }
}
