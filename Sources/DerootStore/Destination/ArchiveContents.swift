import DerootBytes
import DerootOCI
import DerootTar

/// The members of an archive that is to be written: sorted, root's, of 1970, the same every time.
struct ArchiveContents {
    /// Where a member's body comes from.
    enum Content {
        case none
        case bytes([UInt8])
        case blob(Digest)
    }

    /// A member.
    struct Member {
        let entry: NewEntry
        let content: Content
    }

    private let closure: Closure
    private var unsorted: [Member] = []

    /// All members, by their names' bytes.
    var members: [Member] {
        unsorted.sorted { $0.entry.path.lexicographicallyPrecedes($1.entry.path) }
    }

    /// The layout's marker and all blobs of a result.
    init(closure: Closure) {
        self.closure = closure
        addDirectory("blobs")
        for algorithm in Set(closure.blobs.keys.map(\.algorithm.rawValue)) {
            addDirectory("blobs/\(algorithm)")
        }
        for (digest, size) in closure.blobs { add(blobPath(digest), .blob(digest), size: size) }
        add(OCILayout.fileName, OCILayout.bytes)
    }

    /// Adds index.json with one entry.
    mutating func addIndex(_ entry: Descriptor) {
        add(OCILayout.indexName, ImageIndex(manifests: [entry]).document.bytes)
    }

    /// Adds index.json and Docker's manifest.json, so that every docker load can read the archive.
    ///
    /// A name without repository, as layouts have them, is no name for Docker and is not carried.
    ///
    /// - Throws: `.usage` for more than one image, `.unsupported` for none, and for a layer that
    ///   is kept elsewhere.
    mutating func addDockerDocuments(
        root: Descriptor, asked: String?, carried: String?
    ) throws(DerootError) {
        guard let image = closure.images.first else {
            throw DerootError(.unsupported, "the result is not an image, so Docker cannot load it")
        }
        guard closure.images.count == 1 else {
            throw DerootError(
                .usage,
                "a docker-archive holds one platform, the result has \(closure.images.count)",
                advice: "choose one with --platform, or write an oci-archive")
        }
        for layer in image.layers where closure.blobs[layer.digest] == nil {
            throw DerootError(
                .unsupported, "a docker-archive cannot leave out a layer that is kept elsewhere",
                at: .init(blob: layer.digest))
        }
        let fullName = (asked ?? carried).flatMap { name in
            asked != nil || isFullName(name) ? repositoryTag(name) : nil
        }
        var entry = root
        entry.setAnnotation(OCILayout.referenceName, fullName?.tag)
        entry.setAnnotation(containerdName, fullName?.description)
        addIndex(entry)
        let list = DockerManifestList(entries: [
            .init(
                config: blobPath(image.config.digest),
                repoTags: fullName.map { [$0.description] } ?? [],
                layers: image.layers.map { blobPath($0.digest) })
        ])
        add(DockerManifestList.fileName, list.bytes)
    }

    private mutating func addDirectory(_ name: String) {
        let entry = NewEntry(path: Array(name.utf8), kind: .directory, mode: 0o755)
        unsorted.append(Member(entry: entry, content: .none))
    }

    private mutating func add(_ name: String, _ bytes: [UInt8]) {
        add(name, .bytes(bytes), size: UInt64(bytes.count))
    }

    private mutating func add(_ name: String, _ content: Content, size: UInt64) {
        let entry = NewEntry(path: Array(name.utf8), kind: .file, mode: 0o644, size: size)
        unsorted.append(Member(entry: entry, content: content))
    }
}
