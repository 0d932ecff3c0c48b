import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar

/// A whole image, converted twice.
enum ImageTarget {
    /// The first byte says what the rest is, in the eight ways of `write`.
    ///
    /// A layer (plain, gzip, zstd, or as it is), the members of the config's `config`, a config, a
    /// manifest, or index.json. A result must hold no privilege, run as a number that is not 0, and
    /// convert to itself.
    static func run(_ bytes: [UInt8]) {
        guard let kind = bytes.first else { return }
        let input = Array(bytes.dropFirst())
        let root =
            "\(Scratch.base)/deroot-fuzz-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        defer { try? Directory.removeTree(root) }
        do throws(DerootError) {
            try Directory.create(root)
            try write(input, kind: kind % 8, in: "\(root)/source")
        } catch {
            demand(false, "the source cannot be written: \(error)")
        }
        guard let first = convert(root, "source", "once") else { return }
        demand(convert(root, "once", "twice") == first, "converting twice is not converting once")
        check("\(root)/once")
    }

    private static func reference(_ path: String) -> TransportReference {
        .local(LocalReference(.oci, path: path))
    }

    /// The result's digest; nil where the image is refused.
    private static func convert(_ root: String, _ from: String, _ to: String) -> Digest? {
        do throws(DerootError) {
            var limits = Limits()
            limits.layerBytes = 8 << 20
            limits.entries = 10_000
            let source = try reference("\(root)/\(from)").openSource(limits: limits)
            var conversion = Conversion(source, ConversionOptions())
            conversion.limits = limits
            conversion.pool = WorkerPool(jobs: 1)
            let transaction = try reference("\(root)/\(to)").openDestination(limits: limits).begin()
            return try conversion.convert(into: transaction).root.digest
        } catch {
            let names = ((try? Directory.names(in: root)) ?? []).filter { $0.contains(to) }
            demand(names.isEmpty, "a refused conversion leaves \(names)")
            demand(error.code != .io, "\(error)")
            return nil
        }
    }

    private static func check(_ path: String) {
        do throws(DerootError) {
            let source = try reference(path).openSource()
            for image in try ImageGraph(reading: source).images {
                guard image.config.platform.os != "windows" else { continue }
                let uid = (image.config.user ?? "").split(separator: ":").first.flatMap {
                    UInt32($0)
                }
                demand((uid ?? 0) > 0, "the result's User is '\(image.config.user ?? "")'")
                for layer in image.manifest.layers {
                    let outcome = try unsafe LayerPass().run(source.blob(layer), sink: nil)
                    for entry in outcome.listing.entries {
                        demand(!entry.isSetid && !entry.hasCapabilities, "a privilege is left")
                    }
                }
            }
        } catch {
            demand(false, "the result cannot be read: \(error)")
        }
    }

    private static func write(
        _ input: [UInt8], kind: UInt8, in layout: String
    ) throws(DerootError) {
        try Directory.create(layout)
        try Directory.create("\(layout)/blobs")
        try Directory.create("\(layout)/blobs/sha256")
        func put(_ bytes: [UInt8], _ type: MediaType) throws(DerootError) -> String {
            let digest = Digest.of(bytes)
            let path = "\(layout)/blobs/sha256/\(digest.hex)"
            if try File.kind(of: path) == nil { try File.creating(path).write(bytes) }
            return "{\"mediaType\":\"\(type)\",\"digest\":\"\(digest)\",\"size\":\(bytes.count)}"
        }
        let raw = kind < 4 ? input : [UInt8](repeating: 0, count: 1024)
        let layer = try put(raw, .layer)
        let members = kind == 4 ? String(decoding: input, as: UTF8.self) : ""
        var config = Array(
            """
            {"architecture":"amd64","os":"linux","config":{\(members)},"rootfs":{"type":"layers",\
            "diff_ids":["\(rawDigest(raw))"]}}
            """.utf8)
        if kind == 5 { config = input }
        var manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.manifest)",\
            "config":\(try put(config, .config)),"layers":[\(layer)]}
            """.utf8)
        if kind == 6 { manifest = input }
        var index = Array(
            #"{"schemaVersion":2,"manifests":[\#(try put(manifest, .manifest))]}"#.utf8)
        if kind == 7 { index = input }
        try File.creating("\(layout)/index.json").write(index)
        try File.creating("\(layout)/oci-layout").write(OCILayout.bytes)
    }

    /// The digest of what a blob decompresses to; of the blob where it does not.
    private static func rawDigest(_ blob: [UInt8]) -> Digest {
        do throws(DerootError) {
            var hasher = DigestHasher(.sha256)
            let feed = try BlobFeed(blob)
            while case let piece = try unsafe feed.next(), piece.count > 0 {
                unsafe hasher.update(piece)
            }
            return hasher.digest()
        } catch {
            return Digest.of(blob)
        }
    }
}
