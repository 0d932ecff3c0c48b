package import DerootBytes
package import DerootOCI

/// A place that takes one image or index, all or nothing.
package protocol ImageDestination: Sendable {
    /// What is written, as the user would write it, for messages.
    var name: String { get }
    /// Starts a transaction; what the destination holds stays as it is until the commit.
    ///
    /// - Throws: `.unsupported` where something else is in the destination's place, `.notFound`
    ///   where its directory is missing, `.io`.
    func begin() throws(DerootError) -> any DestinationTransaction
}

/// Blobs and documents on their way into a destination; may be used by several threads at once.
///
/// Dropping a transaction without a commit aborts it.
package protocol DestinationTransaction: AnyObject, Sendable {
    /// Whether the blob need not be brought: it was kept before, or the destination has it.
    ///
    /// What the destination has is read and its digest computed once, so that nothing damaged
    /// becomes part of the result.
    func contains(_ digest: Digest) -> Bool
    /// Opens a new file to write a blob into.
    func stage() throws(DerootError) -> StagedBlob
    /// Says that a staged blob is about to be written, and will likely be kept; it will have about so
    /// many bytes.
    ///
    /// A destination far away may begin to bring it there; nothing of it shows before the commit.
    func expect(_ staged: StagedBlob, about size: UInt64)
    /// Says that a staged blob that is likely to be kept is complete.
    func expect(_ staged: StagedBlob, digest: Digest)
    /// Takes a staged blob into the transaction; idempotent for blobs that are there.
    ///
    /// The digest and the size are those of what was written, as computed by the writer.
    ///
    /// - Throws: `.mismatch` where the file has another size, `.io`.
    func keep(_ staged: StagedBlob, digest: Digest, size: UInt64) throws(DerootError)
    /// Copies a blob of a source as it is.
    ///
    /// - Throws: `.mismatch` where size or digest are not the descriptor's; nothing is kept then.
    func copy(_ blob: consuming FileSlice, descriptor: Descriptor) throws(DerootError)
    /// Takes a document and gives its digest.
    @discardableResult
    func put(
        _ document: [UInt8], algorithm: Digest.Algorithm
    ) throws(DerootError) -> Digest
    /// Makes everything visible under the destination's reference, at once.
    ///
    /// `root` is the index or manifest of the result with the annotations that its entry is to
    /// have. `name` is the name that the image had in its source; it is used where the destination
    /// gives none.
    ///
    /// - Throws: `.notFound` where the root leads to a blob that was not brought, `.usage` where the
    ///   destination cannot hold so many platforms, `.io`; the destination is as it was then.
    func commit(root: Descriptor, name: String?) throws(DerootError)
    /// Removes everything that was staged; harmless after a commit.
    func abort()
}

extension DestinationTransaction {
    /// Nothing: what is at hand need not be brought early.
    package func expect(_ staged: StagedBlob, about size: UInt64) {}
    /// Nothing.
    package func expect(_ staged: StagedBlob, digest: Digest) {}

    /// Takes a document and gives its SHA-256 digest.
    @discardableResult
    package func put(_ document: [UInt8]) throws(DerootError) -> Digest {
        try put(document, algorithm: .sha256)
    }
}

extension TransportReference {
    /// Looks at what is named here as a place to write to; nothing is touched before `begin`.
    ///
    /// - Throws: `.unsupported` for registries, which need a client, `.usage` for a position and for a
    ///   terminal.
    package func openDestination(
        limits: Limits = Limits()
    ) throws(DerootError) -> any ImageDestination {
        switch self {
        case .local(let reference):
            if case .position = reference.selection {
                throw DerootError(
                    .usage, "'\(reference)' is a place in a list, which can only be read",
                    advice: "name the result instead, such as PATH:NAME")
            }
            switch reference.transport {
            case .oci: return LayoutDestination(reference, limits: limits)
            case .ociArchive, .dockerArchive:
                return try ArchiveDestination(reference, limits: limits)
            }
        case .registry(let name):
            throw DerootError(
                .unsupported,
                "\(name.registry) is a registry, and only local images are written here",
                at: .init(file: description))
        }
    }
}
