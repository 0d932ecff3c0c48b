import DerootBytes
import DerootOCI
import DerootTar

@testable import DerootStore

/// A small image in memory, and whatever it is packed into.
struct TinyImage: Sendable {
    let layer: [UInt8]
    let config: [UInt8]
    let manifest: [UInt8]
    var platform: Platform?

    /// An image whose bytes differ for each seed.
    init(_ seed: String, architecture: String = "amd64", layerType: MediaType = .layer) {
        platform = Platform(os: "linux", architecture: architecture)
        layer = tar([("etc/\(seed)", Array(seed.utf8))])
        let diffID = Digest.of(layer)
        config = Array(
            """
            {"architecture":"\(architecture)","os":"linux","config":{"Env":["SEED=\(seed)"]},\
            "rootfs":{"type":"layers","diff_ids":["\(diffID)"]}}
            """.utf8)
        manifest = Array(
            """
            { "schemaVersion": 2, "mediaType": "\(MediaType.manifest)",
              "config": \(Self.json(.config, config)), "layers": [\(Self.json(layerType, layer))] }
            """.utf8)
    }

    /// The descriptor of a blob as JSON text.
    static func json(_ type: MediaType, _ bytes: [UInt8], _ more: String = "") -> String {
        """
        {"mediaType":"\(type)","digest":"\(Digest.of(bytes))","size":\(bytes.count)\(more)}
        """
    }

    /// The manifest's descriptor.
    var descriptor: Descriptor {
        Descriptor(
            mediaType: .manifest, digest: Digest.of(manifest), size: UInt64(manifest.count),
            platform: platform)
    }

    /// The entry of an index, with a reference name.
    func entry(_ name: String? = nil) -> String {
        let annotation = name.map { ",\"annotations\":{\"\(OCILayout.referenceName)\":\"\($0)\"}" }
        return Self.json(.manifest, manifest, annotation ?? "")
    }

    /// All three blobs.
    var blobs: [[UInt8]] { [layer, config, manifest] }
}

/// The text of an index.
func indexText(_ entries: [String]) -> String {
    #"{"schemaVersion":2,"manifests":["# + entries.joined(separator: ",") + "]}"
}

/// The files of a layout.
func layoutFiles(_ blobs: [[UInt8]], index: String) -> [(String, [UInt8])] {
    [("oci-layout", OCILayout.bytes), ("index.json", Array(index.utf8))]
        + blobs.map { (blobPath(Digest.of($0)), $0) }
}

extension Scratch {
    /// Writes a layout with images by their names.
    func layout(_ name: String, _ images: [(String?, TinyImage)]) throws {
        let index = indexText(images.map { $1.entry($0) })
        for (path, bytes) in layoutFiles(images.flatMap(\.1.blobs), index: index) {
            try write("\(name)/\(path)", bytes)
        }
    }
}

/// A tar file of regular files.
func tar(_ files: [(String, [UInt8])]) -> [UInt8] {
    tar(files.map { (Array($0.0.utf8), NewEntry.Kind.file, $0.1) })
}

/// A tar file; broken input of a test ends it early.
func tar(_ entries: [([UInt8], NewEntry.Kind, [UInt8])]) -> [UInt8] {
    let out = Box()
    do throws(DerootError) {
        var writer = try unsafe TarWriter { bytes in unsafe out.bytes.append(contentsOf: bytes) }
        for (path, kind, body) in entries {
            try writer.begin(
                NewEntry(path: path, kind: kind, mode: 0o644, size: UInt64(body.count)))
            try writer.write(body)
        }
        try writer.finish()
    } catch { return [] }
    return out.bytes
}

private final class Box { var bytes: [UInt8] = [] }

/// The files of an archive as `docker save` made it up to version 24.
func dockerFiles(_ images: [(tags: [String], image: TinyImage)]) -> [(String, [UInt8])] {
    let entries = images.map { tags, image in
        DockerManifestList.Entry(
            config: "\(Digest.of(image.config).hex).json", repoTags: tags,
            layers: ["\(Digest.of(image.layer).short)/layer.tar"])
    }
    return images.flatMap { _, image in
        [
            ("\(Digest.of(image.layer).short)/layer.tar", image.layer),
            ("\(Digest.of(image.config).hex).json", image.config),
        ]
    } + [("manifest.json", DockerManifestList(entries: entries).bytes)]
}

/// gzip without compression: stored blocks (RFC 1951, 3.2.4), so that tests need no encoder.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
    var rest = bytes[...]
    repeat {
        let piece = rest.prefix(65_535)
        rest = rest.dropFirst(piece.count)
        out.append(rest.isEmpty ? 1 : 0)
        let count = UInt16(piece.count)
        for value in [count, ~count] { out += [UInt8(value & 255), UInt8(value >> 8)] }
        out += piece
    } while !rest.isEmpty
    var crc: UInt32 = ~0
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    for value in [~crc, UInt32(truncatingIfNeeded: bytes.count)] {
        for shift in [0, 8, 16, 24] {
            out.append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
        }
    }
    return out
}

/// zstd without compression: raw blocks (RFC 8878, 3.1.1.2).
func zstd(_ bytes: [UInt8]) -> [UInt8] {
    // Single segment, content size in four bytes.
    var out: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0b1010_0000]
    let size = UInt32(bytes.count)
    for shift in [0, 8, 16, 24] { out.append(UInt8(truncatingIfNeeded: size >> UInt32(shift))) }
    var rest = bytes[...]
    repeat {
        let piece = rest.prefix(100_000)
        rest = rest.dropFirst(piece.count)
        let header = UInt32(piece.count) << 3 | (rest.isEmpty ? 1 : 0)
        for shift in [0, 8, 16] { out.append(UInt8(truncatingIfNeeded: header >> UInt32(shift))) }
        out += piece
    } while !rest.isEmpty
    return out
}
