package import DerootBytes
package import DerootOCI
import DerootStore
import Synchronization

/// An image in a registry.
///
/// The tag is resolved once; everything after that is read by digest, so that a tag that moves
/// meanwhile never mixes two images (hostile input F17). Documents and blobs are verified against
/// the digest that was asked for, never against one that the registry states.
package final class RegistrySource: ImageSource {
    private struct State {
        var documents: [Digest: [UInt8]] = [:]
        var types: [Digest: MediaType] = [:]
        var presence: [Digest: Bool] = [:]
    }

    /// What is read, as the user would write it.
    package let name: String
    /// The tag, if there is one.
    package let imageName: String?
    /// What was odd but harmless.
    package let remarks: [String] = []
    /// The digest that the name stood for.
    package let digest: Digest
    let limits: Limits
    let repositories: [Repository]
    let fetcher: BlobFetcher
    private let prefetches: Int
    private let state: Mutex<State>

    /// Resolves a name; mirrors first.
    ///
    /// - Throws: `.notFound`, `.denied`, `.untrusted`, `.transient`, each with what to do next; whatever
    ///   it is, it is of the transport, since nothing was looked into yet.
    package init(
        _ reference: ImageName, client: RegistryClient, limits: Limits = Limits()
    ) throws(DerootError) {
        let name = "docker://\(reference)"
        self.name = name
        self.limits = limits
        imageName = reference.digest == nil ? reference.tag : nil
        prefetches = client.options.prefetches
        do throws(DerootError) {
            let found = try Resolution.of(reference, client: client, limits: limits)
            digest = found.digest
            repositories = found.repositories
            var state = State()
            if let manifest = found.manifest {
                state.documents[found.digest] = manifest.bytes
                state.types[found.digest] = manifest.type
            }
            self.state = Mutex(state)
        } catch { throw error.ofTransport.located(in: .init(file: name)) }
        fetcher = BlobFetcher(from: repositories, name: name)
    }

    deinit { fetcher.close() }

    /// The index or manifest that the name stood for.
    package func root() throws(DerootError) -> Descriptor {
        do throws(DerootError) {
            let bytes = try manifest(digest, limit: limits.manifestBytes)
            let type = try type(of: bytes, stated: state.withLock { $0.types[digest] })
            return Descriptor(mediaType: type, digest: digest, size: UInt64(bytes.count))
        } catch { throw error.located(in: .init(file: name, blob: digest)) }
    }

    /// The type that the registry states, if it is one that we know, else what the document says.
    private func type(
        of bytes: [UInt8], stated: MediaType?
    ) throws(DerootError) -> MediaType {
        let document = try Document(parsing: bytes)
        if let stated, stated.isIndex || stated.isManifest || stated.isSchema1 {
            try Self.compare(document, with: stated)
            return stated
        }
        let root = document.root
        if let own = try root.text("mediaType"), !own.isEmpty { return MediaType(own) }
        return try root.field("manifests") != nil ? .index : .manifest
    }

    /// Makes sure that a document is what its answer's Content-Type says: that is the registry's word, and
    /// no part of the content.
    ///
    /// - Throws: See `DocumentKind`; what is wrong in the document itself is left to whoever reads it.
    private static func compare(
        _ document: Document, with stated: MediaType
    ) throws(DerootError) {
        do throws(DerootError) {
            _ = try DocumentKind.of(document, declared: stated)
        } catch {
            guard (try? DocumentKind.of(document, declared: nil)) != nil else { return }
            throw error.ofTransport
        }
    }

    /// A whole document, its size and then its digest verified.
    package func document(
        _ descriptor: Descriptor, limit: Int
    ) throws(DerootError) -> [UInt8] {
        let place = DerootError.Location(file: name, blob: descriptor.digest)
        guard descriptor.size <= UInt64(limit) else {
            throw DerootError(
                .limit, "the document has \(descriptor.size) bytes, more than \(limit)", at: place)
        }
        // Embedded content was verified when the descriptor was read; it saves a request.
        if let data = descriptor.data { return data }
        let bytes: [UInt8]
        do throws(DerootError) {
            bytes = try document(descriptor, limit)
        } catch { throw error.located(in: place) }
        guard UInt64(bytes.count) == descriptor.size else {
            throw DerootError(
                .mismatch,
                "the document has \(bytes.count) bytes, its descriptor says \(descriptor.size)",
                at: place
            ).ofContent
        }
        return bytes
    }

    private func document(
        _ descriptor: Descriptor, _ limit: Int
    ) throws(DerootError) -> [UInt8] {
        if let known = state.withLock({ $0.documents[descriptor.digest] }) { return known }
        let type = descriptor.mediaType
        if type.isIndex || type.isManifest || type.isSchema1 {
            return try manifest(descriptor.digest, limit: limit)
        }
        // What an index holds is a manifest, all else a blob; a type of somebody else's may be both.
        let found = try first("the document \(descriptor.digest.short)") {
            (repository) throws(DerootError) in
            try repository.blob(descriptor.digest, limit: limit)
        }
        if let found { return try keep(found, descriptor.digest) }
        guard !type.isImageConfig else { throw missing(descriptor.digest) }
        return try manifest(descriptor.digest, limit: limit)
    }

    private func manifest(_ digest: Digest, limit: Int) throws(DerootError) -> [UInt8] {
        if let known = state.withLock({ $0.documents[digest] }) { return known }
        let found = try first("the manifest \(digest.short)") { (repository) throws(DerootError) in
            try repository.manifest(digest.description, limit: limit)
        }
        guard let found else { throw missing(digest) }
        let bytes = try keep(found.bytes, digest)
        state.withLock { $0.types[digest] = found.type }
        return bytes
    }

    private func missing(_ digest: Digest) -> DerootError {
        DerootError(
            .notFound, "the registry does not have it",
            advice: "the image is incomplete there; push it again")
    }

    private func keep(_ bytes: [UInt8], _ digest: Digest) throws(DerootError) -> [UInt8] {
        let found = Digest.of(bytes, algorithm: digest.algorithm)
        guard found == digest else {
            throw DerootError(.mismatch, "the registry gives content with the digest \(found)")
        }
        state.withLock { $0.documents[digest] = bytes }
        return bytes
    }

    /// What the first of the endpoints has; a mirror's failure is no reason to give up.
    private func first<Found>(
        _ what: String, _ ask: (Repository) throws(DerootError) -> Found?
    ) throws(DerootError) -> Found? {
        for repository in repositories {
            do throws(DerootError) {
                if let found = try ask(repository) { return found }
            } catch {
                guard repository.endpoint.isMirror, error.code != .interrupted else { throw error }
            }
        }
        return nil
    }

    /// A blob, fetched into a file without a name unless it was fetched before; verified.
    package func blob(_ descriptor: Descriptor) throws(DerootError) -> FileSlice {
        if let known = state.withLock({ $0.documents[descriptor.digest] }) {
            let file = try File.anonymous(in: temporaryDirectory())
            try file.write(known)
            return try FileSlice(file)
        }
        return try fetcher.blob(descriptor).open()
    }

    /// Whether the registry has it; asked once.
    ///
    /// Where the registry cannot be asked, yes: whoever reads then learns why.
    package func contains(_ descriptor: Descriptor) -> Bool {
        let digest = descriptor.digest
        if fetcher.knows(digest) { return true }
        let known = state.withLock { state in
            state.documents[digest] != nil ? true : state.presence[digest]
        }
        if let known { return known }
        do throws(DerootError) {
            let type = descriptor.mediaType
            var isThere: Bool
            if type.isIndex || type.isManifest {
                _ = try document(descriptor, limit: limits.manifestBytes)
                isThere = true
            } else {
                isThere =
                    try first("the blob") { (repository) throws(DerootError) in
                        try repository.hasBlob(digest) ? true : nil
                    } != nil
            }
            state.withLock { $0.presence[digest] = isThere }
            return isThere
        } catch {
            return error.isOfTransport || (error.code != .notFound && error.code != .limit)
        }
    }

    /// Begins to fetch.
    package func expect(_ blobs: [Descriptor]) {
        fetcher.expect(blobs, threads: prefetches)
    }

    /// Closes the files of blobs that were fetched; one that is read again is fetched again.
    package func letGo() { fetcher.letGo() }
}
