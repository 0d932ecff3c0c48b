package import DerootBytes
package import DerootOCI
import DerootTar

/// A chosen image of an archive that `docker save` wrote.
///
/// Such an archive has no OCI manifest; this one makes it, from the archive's config and layers as
/// they are, with OCI's media types. Its digest depends on nothing but their bytes.
///
/// Where the archive states a layer's digest, by the layer's name or, for a plain layer, by its
/// diffID, that is taken at its word: like every blob, the layer is verified by whoever reads it.
package struct DockerArchiveSource: ImageSource {
    /// What is read, as the user would write it.
    package let name: String
    /// The name with a tag by which the image was chosen, else its first one.
    package let imageName: String?
    /// What was odd but harmless.
    package let remarks: [String] = []
    private let manifest: [UInt8]
    private let chosen: Descriptor
    private let members: ArchiveMembers
    private let paths: [Digest: String]

    /// Opens an archive, or standard input, chooses an image and computes what digests it lacks.
    ///
    /// - Throws: `.notFound`, `.malformed`, `.limit`, `.ambiguous`, `.mismatch` where the config's
    ///   name states another digest, and what `ArchiveFile` and `ArchiveMembers` throw.
    package init(_ reference: LocalReference, limits: Limits) throws(DerootError) {
        name = reference.description
        do throws(DerootError) {
            let members = try ArchiveMembers(
                ArchiveFile(reference.path, limits: limits), limits: limits)
            let (entry, name) = try Self.list(members).entry(reference.selection)
            var parts = PartReader(members)
            let config = try parts.config(entry.config, limits: limits)
            var layers: [Descriptor] = []
            let diffIDs = config.diffIDs.count == entry.layers.count ? config.diffIDs : []
            for (index, path) in entry.layers.enumerated() {
                let diffID = diffIDs.isEmpty ? nil : diffIDs[index].digest
                layers.append(try parts.layer(path, diffID: diffID))
            }
            let manifest = Manifest(config: config.descriptor, layers: layers).document
            self.members = members
            self.manifest = manifest.bytes
            imageName = name
            paths = parts.paths
        } catch { throw error.located(in: .init(file: reference.description)) }
        chosen = Descriptor(
            mediaType: .manifest, digest: Digest.of(manifest), size: UInt64(manifest.count))
    }

    private static func list(
        _ members: ArchiveMembers
    ) throws(DerootError) -> DockerManifestList {
        let fileName = DockerManifestList.fileName
        guard members.contains(fileName) else {
            guard members.contains("repositories") else {
                throw DerootError(
                    .notFound, "the archive has no '\(fileName)', so docker save did not write it")
            }
            throw DerootError(
                .unsupported,
                "the archive has the layout of Docker before 1.10, without '\(fileName)'",
                advice: "load it and save it again with a current docker or podman")
        }
        do throws(DerootError) {
            return try DockerManifestList(
                parsing: members.file(fileName).bytes(
                    atMost: DockerManifestList.mostBytes, "the document"))
        } catch { throw error.inside(fileName) }
    }

    /// The made manifest.
    package func root() -> Descriptor { chosen }

    /// A whole document, verified; the made manifest is one of them.
    package func document(
        _ descriptor: Descriptor, limit: Int
    ) throws(DerootError) -> [UInt8] {
        if descriptor.digest == chosen.digest { return manifest }
        let bytes = try blob(descriptor).bytes(atMost: limit, "the document")
        let found = Digest.of(bytes, algorithm: descriptor.digest.algorithm)
        guard found == descriptor.digest, UInt64(bytes.count) == descriptor.size else {
            throw DerootError(
                .mismatch, "the content has the digest \(found)",
                at: .init(file: name, blob: descriptor.digest))
        }
        return bytes
    }

    /// The bytes of the config or of a layer, not verified.
    package func blob(_ descriptor: Descriptor) throws(DerootError) -> FileSlice {
        guard let path = paths[descriptor.digest] else {
            throw DerootError(
                .notFound, "the blob is not a part of the chosen image",
                at: .init(file: name, blob: descriptor.digest))
        }
        return try members.file(path)
    }
}

/// Describes parts of an archive by their content.
private struct PartReader {
    private let members: ArchiveMembers
    private var known: [UInt64: Descriptor] = [:]
    private(set) var paths: [Digest: String] = [:]

    init(_ members: ArchiveMembers) { self.members = members }

    /// The config; a name such as `HEX.json`, `sha256:HEX` or `blobs/sha256/HEX` is its digest.
    mutating func config(
        _ path: String, limits: Limits
    ) throws(DerootError) -> (descriptor: Descriptor, diffIDs: [DiffID]) {
        let bytes = try members.file(path).bytes(atMost: limits.configBytes, "the config")
        let digest = Digest.of(bytes)
        let last = path.split(separator: "/").last ?? ""
        let stem = last.hasSuffix(".json") ? last.dropLast(5) : last
        if let stated = stem.hasPrefix("sha256:") ? sha256(stem.dropFirst(7)) : sha256(stem),
            stated != digest
        {
            throw DerootError(
                .mismatch, "the content has the digest \(digest), which its name contradicts",
                at: .init(entry: path))
        }
        paths[digest] = path
        let descriptor = Descriptor(
            mediaType: .config, digest: digest, size: UInt64(bytes.count))
        do throws(DerootError) {
            return (descriptor, try ImageConfig(parsing: bytes).diffIDs)
        } catch { throw error.located(in: .init(blob: digest)) }
    }

    /// A layer, looked at once even where several names lead to it.
    mutating func layer(_ path: String, diffID: Digest?) throws(DerootError) -> Descriptor {
        let member = try members.member(path)
        if let descriptor = known[member.bodyStart] { return descriptor }
        let compression = Compression(magic: try members.file(path).beginning(4))
        let type: MediaType =
            switch compression {
            case .none: .layer
            case .gzip: .layerGzip
            case .zstd: .layerZstd
            }
        let named = path.hasPrefix("blobs/sha256/") ? sha256(path.dropFirst(13)) : nil
        let digest =
            if let stated = named ?? (compression == .none ? diffID : nil) {
                stated
            } else {
                try members.file(path).digest()
            }
        let descriptor = Descriptor(mediaType: type, digest: digest, size: member.bodySize)
        known[member.bodyStart] = descriptor
        paths[digest] = path
        return descriptor
    }
}

/// The digest that 64 hex digits stand for; nil where it is something else.
private func sha256(_ hex: Substring) -> Digest? {
    do throws(DerootError) {
        return try Digest(parsing: "sha256:\(hex)")
    } catch { return nil }
}

extension FileSlice {
    /// The digest of all bytes.
    package consuming func digest(
        _ algorithm: Digest.Algorithm = .sha256
    ) throws(DerootError) -> Digest {
        var hasher = DigestHasher(algorithm)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var span = buffer.mutableSpan
        try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
            while case let count = try unsafe read(into: memory), count > 0 {
                unsafe hasher.update(
                    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count]))
            }
        }
        return hasher.digest()
    }
}
