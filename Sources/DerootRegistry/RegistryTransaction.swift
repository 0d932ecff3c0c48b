package import DerootBytes
package import DerootOCI
package import DerootStore
import Synchronization

/// One result on its way into a repository.
///
/// Blobs are sent as they come, documents at the commit: configs, manifests by digest from the inside
/// out, and the tag last, so that a tag never names what is incomplete (hostile input F15).
package final class RegistryTransaction: DestinationTransaction {
    private struct State {
        /// Blobs that the repository has.
        var blobs: [Digest: UInt64] = [:]
        var documents: [Digest: [UInt8]] = [:]
        /// Uploads that mounts turned into.
        var sessions: [Digest: Session] = [:]
    }

    private struct Session {
        let location: WebAddress
        let leastReach: PeerAddress.Reach?
    }

    let repository: Repository
    private let tag: String
    private let mounting: String?
    private let limits: Limits
    private let name: String
    private let state = Mutex(State())

    init(
        _ repository: Repository, tag: String, mounting: String?, limits: Limits, name: String
    ) {
        self.repository = repository
        self.tag = tag
        self.mounting = mounting
        self.limits = limits
        self.name = name
    }

    deinit { abort() }

    /// Whether the blob need not be brought: the repository has it, or took it from the source's.
    ///
    /// A registry verifies what it takes, so that nothing is read to find out.
    package func contains(_ digest: Digest) -> Bool {
        let isKnown = state.withLock { $0.blobs[digest] != nil || $0.documents[digest] != nil }
        if isKnown { return true }
        do throws(DerootError) {
            return try isThere(digest)
        } catch {
            // Whoever brings it then learns why.
            return false
        }
    }

    private func isThere(_ digest: Digest) throws(DerootError) -> Bool {
        let observer = repository.client.options.observer
        if let size = try repository.blobSize(digest) {
            state.withLock { $0.blobs[digest] = size }
            note(digest)
            observer(.spared(digest, .exists))
            return true
        }
        let known = repository.client.places.repository(of: digest, at: repository.endpoint)
        guard let mounting = known ?? mounting,
            state.withLock({ $0.sessions[digest] == nil })
        else { return false }
        let request = repository.uploadRequest(digest, mounting: mounting)
        let outcome = try repository.send(request, repeats: true, reading: mounting)
        guard let response = outcome.response else { return false }
        switch response.status {
        case 201:
            state.withLock { $0.blobs[digest] = 0 }
            observer(.spared(digest, .mounted))
            return true
        case 202:
            // The registry has begun an upload instead; whoever brings the blob goes on with it.
            guard let text = response["location"] else { return false }
            let location = try request.address.resolving(text)
            try RedirectPolicy.check(
                from: request.address.origin, peer: response.peer, to: location, "an upload")
            let session = Session(
                location: location,
                leastReach: RedirectPolicy.leastReach(
                    from: request.address.origin, peer: response.peer, to: location))
            state.withLock { $0.sessions[digest] = session }
            return false
        default: return false
        }
    }

    /// Opens a file without a name.
    package func stage() throws(DerootError) -> StagedBlob {
        try StagedBlob(namelessIn: temporaryDirectory())
    }

    /// Sends a staged blob.
    package func keep(
        _ staged: StagedBlob, digest: Digest, size: UInt64
    ) throws(DerootError) {
        let contents = try staged.contents()
        guard contents.count == size else {
            throw DerootError(
                .mismatch, "\(contents.count) bytes were staged, \(size) were announced",
                at: .init(file: name, blob: digest))
        }
        guard !contains(digest) else { return }
        try upload(BlobFile(contents), digest)
    }

    /// Sends a source's blob, after its size and digest were compared.
    package func copy(
        _ blob: consuming FileSlice, descriptor: Descriptor
    ) throws(DerootError) {
        guard !contains(descriptor.digest) else { return }
        let place = DerootError.Location(file: blob.path, blob: descriptor.digest)
        guard blob.count == descriptor.size else {
            throw DerootError(
                .mismatch,
                "the blob has \(blob.count) bytes, its descriptor says \(descriptor.size)",
                at: place)
        }
        let found = try blob.duplicate().digest(descriptor.digest.algorithm)
        guard found == descriptor.digest else {
            throw DerootError(.mismatch, "the content has the digest \(found)", at: place)
        }
        try upload(BlobFile(blob), descriptor.digest)
    }

    private func upload(_ file: BlobFile, _ digest: Digest) throws(DerootError) {
        let session = state.withLock { $0.sessions.removeValue(forKey: digest) }
        let upload = Upload(
            repository: repository, digest: digest,
            // Where there is a session, mounting was tried.
            mounting: nil, session: session?.location, leastReach: session?.leastReach)
        do throws(DerootError) {
            if let reason = try upload.run(file) {
                repository.client.options.observer(.spared(digest, reason))
            }
        } catch { throw error.located(in: .init(file: name, blob: digest)) }
        state.withLock { $0.blobs[digest] = file.count }
        note(digest)
    }

    /// Remembers for other repositories where the blob is.
    private func note(_ digest: Digest) {
        repository.client.places.note(digest, at: repository.endpoint)
    }

    /// Holds a document until the commit.
    package func put(
        _ document: [UInt8], algorithm: Digest.Algorithm
    ) throws(DerootError) -> Digest {
        let digest = Digest.of(document, algorithm: algorithm)
        state.withLock { $0.documents[digest] = document }
        return digest
    }

    /// Cancels what was begun; blobs that were sent are nobody's until a manifest names them, and
    /// the registry's garbage collection knows that.
    package func abort() {
        let sessions = state.withLock { state in
            defer {
                state.sessions = [:]
                state.documents = [:]
            }
            return state.sessions.values
        }
        for session in sessions {
            repository.cancel(session.location, leastReach: session.leastReach)
        }
    }

    /// Sends the documents, compares what the registry made of the root, and moves the tag.
    package func commit(root: Descriptor, name carried: String?) throws(DerootError) {
        defer { abort() }
        do throws(DerootError) {
            var pushed: Set<Digest> = []
            try push(root, &pushed, depth: 0)
            try compare(root)
            try Interruption.check()
            try repository.put(
                document(root.digest, limits.manifestBytes), root.mediaType, as: tag)
            try compareTag(root)
        } catch { throw error.located(in: .init(file: name)) }
    }

    /// Sends a manifest after all that it names.
    private func push(
        _ descriptor: Descriptor, _ pushed: inout Set<Digest>, depth: Int
    ) throws(DerootError) {
        guard pushed.insert(descriptor.digest).inserted else { return }
        try Interruption.check()
        guard depth <= limits.indexDepth + 1 else {
            throw DerootError(.limit, "indexes are nested more than \(limits.indexDepth) deep")
        }
        let bytes = try document(descriptor.digest, limits.manifestBytes)
        guard UInt64(bytes.count) == descriptor.size else {
            throw DerootError(
                .mismatch,
                "the document has \(bytes.count) bytes, its descriptor says \(descriptor.size)",
                at: .init(blob: descriptor.digest))
        }
        if let content = try? Document(parsing: bytes).root {
            if descriptor.mediaType.isIndex {
                for child in try content.descriptors("manifests") ?? [] {
                    try push(child, &pushed, depth: depth + 1)
                }
            } else {
                var parts = try content.descriptor("config").map { [$0] } ?? []
                parts += try content.descriptors("layers") ?? []
                parts += try content.descriptors("blobs") ?? []
                for part in parts where pushed.insert(part.digest).inserted { try pushBlob(part) }
            }
        }
        do throws(DerootError) {
            try repository.put(bytes, descriptor.mediaType, as: descriptor.digest.description)
        } catch { throw error.located(in: .init(blob: descriptor.digest)) }
    }

    /// Makes sure that the repository has a config or layer.
    private func pushBlob(_ descriptor: Descriptor) throws(DerootError) {
        let digest = descriptor.digest
        guard state.withLock({ $0.blobs[digest] == nil }) else { return }
        if let bytes = state.withLock({ $0.documents[digest] }) {
            guard try !isThere(digest) else { return }
            let staged = try stage()
            try staged.write(bytes)
            try upload(BlobFile(try staged.contents()), digest)
            return
        }
        // Foreign layers are fetched from elsewhere by whoever runs the image.
        guard try !isThere(digest), descriptor.urls.isEmpty else { return }
        throw DerootError(
            .notFound, "the blob belongs to the result and was not brought",
            at: .init(blob: digest))
    }

    /// A document that was brought, or that the repository has.
    private func document(_ digest: Digest, _ limit: Int) throws(DerootError) -> [UInt8] {
        if let bytes = state.withLock({ $0.documents[digest] }) { return bytes }
        let stored = try repository.manifest(digest.description, limit: limit)?.bytes
        let bytes = if let stored { stored } else { try repository.blob(digest, limit: limit) }
        guard let bytes, Digest.of(bytes, algorithm: digest.algorithm) == digest else {
            throw DerootError(
                .notFound, "the document belongs to the result and was not brought",
                at: .init(blob: digest))
        }
        state.withLock { $0.documents[digest] = bytes }
        return bytes
    }

    /// Reads the root back: some registries store something else than they were given (F16).
    private func compare(_ root: Descriptor) throws(DerootError) {
        let stored = try repository.manifest(
            root.digest.description, limit: limits.manifestBytes)
        let found = stored.map { Digest.of($0.bytes, algorithm: root.digest.algorithm) }
        guard found == root.digest else {
            throw DerootError(
                .mismatch,
                "the registry took the manifest and gives "
                    + (found.map { "another one back, \($0)" } ?? "nothing back"),
                at: .init(blob: root.digest), advice: "the tag was not touched")
        }
    }

    /// The tag is read back once; somebody else may have moved it at the same moment.
    private func compareTag(_ root: Descriptor) throws(DerootError) {
        guard let head = try repository.head(tag), head.digest != root.digest,
            head.digest.algorithm == root.digest.algorithm
        else { return }
        throw DerootError(
            .mismatch, "the tag \(tag) was moved, and now names \(head.digest)",
            advice: "somebody else seems to push to this tag as well")
    }
}
