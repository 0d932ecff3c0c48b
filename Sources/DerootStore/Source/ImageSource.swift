package import DerootBytes
package import DerootOCI

/// A place with one chosen image or index, read by digest.
package protocol ImageSource: Sendable {
    /// What is read, as the user would write it, for messages.
    var name: String { get }
    /// The name that the chosen image has in the source; nil where it has none.
    var imageName: String? { get }
    /// What was odd but harmless, one sentence each, without a final full stop.
    var remarks: [String] { get }
    /// The chosen index or manifest.
    func root() throws(DerootError) -> Descriptor
    /// A whole document, its size and then its digest verified.
    ///
    /// - Throws: `.limit` above `limit` bytes, `.mismatch`, and what `blob` throws.
    func document(_ descriptor: Descriptor, limit: Int) throws(DerootError) -> [UInt8]
    /// A blob's bytes, not verified: whoever reads to the end compares size and digest.
    ///
    /// - Throws: `.notFound`, naming the digest and the path; `.unsupported` for what is no file;
    ///   `.hostile` for a link that leads out of the source.
    func blob(_ descriptor: Descriptor) throws(DerootError) -> FileSlice
    /// Whether the blob is there and can be opened; nothing is said about its content.
    func contains(_ descriptor: Descriptor) -> Bool
    /// The documents beside the image that speak of one of these digests: signatures, attestations,
    /// SBOMs.
    ///
    /// They are listed, so that nobody misses them in the result, and never copied.
    ///
    /// - Throws: What asking the source throws.
    func referrers(of digests: [Digest]) throws(DerootError) -> [Referrer.Found]
    /// Says that these blobs will be read, in this order; a source far away may begin to fetch them.
    func expect(_ blobs: [Descriptor])
    /// Says that blobs will hardly be read any more; a source may let go of what it has fetched.
    func letGo()
}

extension ImageSource {
    /// None: only layouts and registries keep documents beside an image.
    package func referrers(of digests: [Digest]) throws(DerootError) -> [Referrer.Found] { [] }

    /// A whole document, its size and then its digest verified.
    ///
    /// The blob is preferred; content embedded in the descriptor, which was verified when that was
    /// read, stands in for a blob that is not there (image-spec, descriptor.md, "data").
    package func document(
        _ descriptor: Descriptor, limit: Int
    ) throws(DerootError) -> [UInt8] {
        let place = DerootError.Location(file: name, blob: descriptor.digest)
        guard descriptor.size <= UInt64(limit) else {
            throw DerootError(
                .limit, "the document has \(descriptor.size) bytes, more than \(limit)", at: place)
        }
        if let data = descriptor.data, !contains(descriptor) { return data }
        let slice = try blob(descriptor)
        guard slice.count == descriptor.size else {
            throw DerootError(
                .mismatch,
                "the document has \(slice.count) bytes, its descriptor says \(descriptor.size)",
                at: place)
        }
        let bytes = try slice.bytes()
        let found = Digest.of(bytes, algorithm: descriptor.digest.algorithm)
        guard found == descriptor.digest else {
            throw DerootError(.mismatch, "the content has the digest \(found)", at: place)
        }
        return bytes
    }

    /// Nothing: what is at hand need not be fetched.
    package func expect(_ blobs: [Descriptor]) {}

    /// Nothing: nothing was fetched.
    package func letGo() {}

    /// Whether the blob is there and can be opened; nothing is said about its content.
    package func contains(_ descriptor: Descriptor) -> Bool {
        do throws(DerootError) {
            _ = try blob(descriptor)
            return true
        } catch { return false }
    }
}

extension FileSlice {
    /// The first bytes, fewer where the slice is shorter.
    consuming func beginning(_ wanted: Int) throws(DerootError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(clamping: min(UInt64(wanted), count)))
        var filled = 0
        var span = bytes.mutableSpan
        try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
            while filled < memory.count {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
                filled += try unsafe read(into: rest)
            }
        }
        return bytes
    }

    /// All bytes; for documents whose size was checked.
    consuming func bytes() throws(DerootError) -> [UInt8] {
        try beginning(Int(clamping: count))
    }

    /// All bytes, unless there are more than `limit`.
    consuming func bytes(atMost limit: Int, _ what: String) throws(DerootError) -> [UInt8] {
        guard count <= UInt64(limit) else {
            throw DerootError(
                .limit, "\(what) has \(count) bytes, more than \(limit)", at: .init(file: path))
        }
        return try bytes()
    }
}
