import DerootBytes
import DerootOCI

/// All that a result consists of: the blobs that its root leads to.
struct Closure {
    /// The documents and blobs, the root included, each once.
    private(set) var blobs: [Digest: UInt64] = [:]
    /// The manifests of images, in the order of the indexes.
    private(set) var images: [Manifest] = []
    private let limits: Limits
    private let read: (Digest) throws(DerootError) -> FileSlice

    /// Walks down from a root.
    ///
    /// `read` opens a blob that was verified before; it throws `.notFound` where there is none.
    ///
    /// - Throws: `.notFound` where something is missing, `.mismatch` where a blob has another size.
    init(
        root: Descriptor, limits: Limits, read: @escaping (Digest) throws(DerootError) -> FileSlice
    ) throws(DerootError) {
        self.limits = limits
        self.read = read
        try addDocument(root, depth: 0)
    }

    private mutating func addDocument(
        _ descriptor: Descriptor, depth: Int
    ) throws(DerootError) {
        guard blobs[descriptor.digest] == nil else { return }
        let slice = try add(descriptor)
        let type = descriptor.mediaType
        guard type.isIndex || type.isManifest else { return }
        let bytes = try slice.bytes(atMost: limits.manifestBytes, "the document")
        let document = try Document(parsing: bytes)
        if type.isIndex {
            guard depth <= limits.indexDepth else {
                throw DerootError(
                    .limit, "indexes are nested more than \(limits.indexDepth) deep",
                    at: .init(blob: descriptor.digest))
            }
            for child in try ImageIndex(document).manifests {
                try addDocument(child, depth: depth + 1)
            }
        } else {
            let manifest = try Manifest(document)
            if case .imageManifest = try DocumentKind.of(document, descriptor: descriptor) {
                images.append(manifest)
            }
            for part in [manifest.config] + manifest.layers where blobs[part.digest] == nil {
                // Foreign layers are fetched from elsewhere by whoever runs the image.
                do throws(DerootError) {
                    _ = try add(part)
                } catch  where error.code == .notFound && !part.urls.isEmpty {
                    continue
                }
            }
        }
    }

    private mutating func add(_ descriptor: Descriptor) throws(DerootError) -> FileSlice {
        let slice: FileSlice
        do throws(DerootError) {
            slice = try read(descriptor.digest)
        } catch { throw error.located(in: .init(blob: descriptor.digest)) }
        guard slice.count == descriptor.size else {
            throw DerootError(
                .mismatch,
                "the blob has \(slice.count) bytes, its descriptor says \(descriptor.size)",
                at: .init(blob: descriptor.digest))
        }
        blobs[descriptor.digest] = descriptor.size
        return slice
    }
}
