package import DerootBytes
package import DerootOCI
package import DerootStore
import Synchronization

/// One result on its way into a repository.
///
/// Blobs are sent as they come, documents at the commit: configs, manifests by digest from the inside
/// out, and the tag last, so that a tag never names what is incomplete (hostile input F15).
package final class RegistryTransaction: DestinationTransaction {
    struct State {
        /// Blobs that the repository has.
        var blobs: [Digest: UInt64] = [:]
        var documents: [Digest: [UInt8]] = [:]
        /// Uploads that mounts turned into.
        var sessions: [Digest: EarlyUpload.Session] = [:]
        /// Blobs that are sent before they are certain to be kept, and what became of them.
        var early: [EarlyUpload] = []
        /// Blobs that are kept, and on their way.
        var coming: Set<Digest> = []
        /// How many of those have not come to an end.
        var sending = 0
        var pending: [Background<Result<Void, DerootError>>] = []
        /// True from the end of the transaction on, whatever that is.
        var isOver = false
    }

    /// How many blobs are sent early at a time.
    static let mostEarly = 4
    /// How many are sent in the background at a time.
    private static let mostSending = 8

    let repository: Repository
    let tag: String
    private let mounting: String?
    let limits: Limits
    let name: String
    private let overlaps: Bool
    let state = Mutex(State())
    /// Whether the repository is new; nil before it was asked for.
    private let isNew = Mutex<Bool?>(nil)

    init(
        _ repository: Repository, tag: String, mounting: String?, overlaps: Bool, limits: Limits,
        name: String
    ) {
        self.repository = repository
        self.tag = tag
        self.mounting = mounting
        self.overlaps = overlaps
        self.limits = limits
        self.name = name
    }

    deinit { abort() }

    /// Whether the blob need not be brought: the repository has it, or took it from the source's.
    ///
    /// A registry verifies what it takes, so that nothing is read to find out.
    package func contains(_ digest: Digest) -> Bool {
        if isKnown(digest) || state.withLock({ $0.coming.contains(digest) }) { return true }
        do throws(DerootError) {
            return try isThere(digest)
        } catch {
            // Whoever brings it then learns why.
            return false
        }
    }

    private func isKnown(_ digest: Digest) -> Bool {
        state.withLock { $0.blobs[digest] != nil || $0.documents[digest] != nil }
    }

    /// Another repository that is known to have a blob and may be asked for it.
    private func known(_ digest: Digest) -> String? {
        repository.client.places.repository(of: digest, at: repository.endpoint)
            .flatMap { repository.mayMount(from: $0) ? $0 : nil }
    }

    func isThere(_ digest: Digest) throws(DerootError) -> Bool {
        let observer = repository.client.options.observer
        if isNew.withLock({ $0 }) != true, let size = try repository.blobSize(digest) {
            state.withLock { $0.blobs[digest] = size }
            note(digest)
            observer(.spared(digest, .exists))
            return true
        }
        guard let source = known(digest) ?? mounting,
            state.withLock({ $0.sessions[digest] == nil }),
            let outcome = try repository.mount(digest, from: source, repeats: true),
            let response = outcome.response
        else { return false }
        switch response.status {
        case 201:
            state.withLock { $0.blobs[digest] = 0 }
            observer(.spared(digest, .mounted))
            return true
        case 202:
            // The registry has begun an upload instead; whoever brings the blob goes on with it.
            let address = repository.uploadRequest(digest, mounting: source).address
            if let place = try UploadPlace(response, from: address) {
                state.withLock { $0.sessions[digest] = .init(place: place, offset: 0) }
            }
            return false
        default: return false
        }
    }

    /// Opens a file without a name.
    package func stage() throws(DerootError) -> StagedBlob {
        try StagedBlob(namelessIn: temporaryDirectory())
    }

    /// Begins to send a blob: at once where the repository cannot have it, as there is none yet, and
    /// else when its digest is known and the repository does not have it.
    package func expect(_ staged: StagedBlob, about size: UInt64) {
        guard size >= EarlyUpload.leastBytes else { return }
        staged.expect(size)
        guard overlaps,
            let upload = EarlyUpload(staged, to: repository)
        else { return }
        let isTaken = state.withLock { state in
            guard state.early.count(where: \.isRunning) < Self.mostEarly else { return false }
            state.early.append(upload)
            return true
        }
        guard isTaken else { return }
        upload.start { [weak self] upload in
            guard (try? upload.growth.wait(for: EarlyUpload.leastBytes)) ?? 0 > 0 else {
                return false
            }
            let mayGoOn = { () throws(DerootError) in try upload.checkWanted() }
            if let isNew = self?.isRepositoryNew(mayGoOn), isNew { return true }
            guard let digest = upload.digest(), let self, !isKnown(digest),
                // What could be mounted is not sent.
                known(digest) == nil
            else { return false }
            return repository.lacks(digest, mayGoOn)
        }
    }

    private func isRepositoryNew(_ mayGoOn: @escaping () throws(DerootError) -> Void) -> Bool {
        isNew.withLock { isNew in
            let known = isNew ?? repository.isNew(mayGoOn)
            isNew = known
            return known
        }
    }

    /// The blob is complete, and may be asked for by its digest.
    package func expect(_ staged: StagedBlob, digest: Digest) {
        guard let early = early(staged) else { return }
        do throws(DerootError) {
            try staged.flush()
            early.complete(digest)
        } catch {
            // Whoever keeps it learns why.
            early.cancel()
        }
    }

    private func early(_ staged: StagedBlob) -> EarlyUpload? {
        state.withLock { state in state.early.first { $0.growth === staged.growth } }
    }

    /// Sends a staged blob, or what is left of it to be sent.
    ///
    /// Where that is little it goes on while others are made; the commit waits for it.
    package func keep(
        _ staged: StagedBlob, digest: Digest, size: UInt64
    ) throws(DerootError) {
        let contents = try staged.contents()
        guard contents.count == size else {
            throw DerootError(
                .mismatch, "\(contents.count) bytes were staged, \(size) were announced",
                at: .init(file: name, blob: digest))
        }
        let file = BlobFile(contents)
        guard let early = early(staged) else {
            guard !contains(digest) else { return }
            guard overlaps, size < EarlyUpload.leastBytes else {
                try upload(file, digest)
                return
            }
            try send(digest) { [self] () throws(DerootError) in try upload(file, digest) }
            return
        }
        try send(digest) { [self] () throws(DerootError) in
            defer { state.withLock { state in state.early.removeAll { $0 === early } } }
            let session = early.finish()
            do throws(DerootError) { try checkWanted() } catch {
                session?.cancel(repository)
                throw error
            }
            if let session {
                try upload(file, digest, session)
                return
            }
            guard !isKnown(digest), try !isThere(digest) else { return }
            try upload(file, digest)
        }
    }

    /// Sends a blob in the background, unless it is on its way.
    private func send(
        _ digest: Digest, _ work: @escaping @Sendable () throws(DerootError) -> Void
    ) throws(DerootError) {
        let (isFirst, isFull) = state.withLock { state in
            let isFirst = state.coming.insert(digest).inserted
            let isFull = state.sending >= Self.mostSending
            if isFirst, !isFull { state.sending += 1 }
            return (isFirst, isFull)
        }
        guard isFirst else { return }
        let place = DerootError.Location(file: name, blob: digest)
        let located = { @Sendable () throws(DerootError) in
            do throws(DerootError) {
                try work()
            } catch { throw error.ofTransport.located(in: place) }
        }
        guard !isFull else {
            try located()
            return
        }
        let sending = Background { [self] in
            defer { state.withLock { $0.sending -= 1 } }
            return Result { () throws(DerootError) in try located() }
        }
        state.withLock { $0.pending.append(sending) }
    }

    /// - Throws: `.interrupted` where the transaction was given up.
    private func checkWanted() throws(DerootError) {
        guard state.withLock(\.isOver) else { return }
        throw DerootError(.interrupted, "the image was given up")
    }

    /// Waits for what is on its way.
    func settle() throws(DerootError) {
        while let next = state.withLock({ $0.pending.popLast() }) { try next.value().get() }
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

    /// Sends a blob; `early` is a session that has it already.
    func upload(
        _ file: BlobFile, _ digest: Digest, _ early: EarlyUpload.Session? = nil
    ) throws(DerootError) {
        let mounted = state.withLock { $0.sessions.removeValue(forKey: digest) }
        if early != nil { mounted?.cancel(repository) }
        let session = early ?? mounted
        let upload = Upload(
            repository: repository, digest: digest,
            // Where there is a session, mounting was tried.
            mounting: nil, session: session?.place,
            offset: session.map(\.offset) ?? 0,
            mayGoOn: { [weak self] () throws(DerootError) in try self?.checkWanted() })
        do throws(DerootError) {
            if let reason = try upload.run(file) {
                repository.client.options.observer(.spared(digest, reason))
            }
        } catch { throw error.ofTransport.located(in: .init(file: name, blob: digest)) }
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
        let (sessions, early, pending) = state.withLock { state in
            defer {
                state.sessions = [:]
                state.documents = [:]
                state.early = []
                state.pending = []
                state.isOver = true
            }
            return (Array(state.sessions.values), state.early, state.pending)
        }
        // Each farewell may take a second.
        let farewells =
            sessions.map { session in Background { [repository] in session.cancel(repository) } }
            + early.map { upload in Background { upload.cancel() } }
        withExtendedLifetime((farewells, pending)) {}
    }
}
