import DerootBytes
import DerootOCI
import DerootStore
import Synchronization

/// Sends a blob while it is still being written, or before it is certain to be kept.
///
/// The registry gets most of the bytes in a session, which is nothing that anybody sees: only the last
/// request, which brings the rest and says the digest and is not made here, makes a blob of them.
final class EarlyUpload: Sendable {
    /// Blobs smaller than this are not worth it.
    static let leastBytes: UInt64 = 3 << 20

    /// A session that has bytes of the blob, from its start.
    struct Session {
        let location: WebAddress
        let leastReach: PeerAddress.Reach?
        /// How many bytes the session has.
        let offset: UInt64

        /// Gives it up.
        func cancel(_ repository: Repository) {
            repository.cancel(location, leastReach: leastReach)
        }
    }

    private struct State {
        /// The blob, until it was sent or given up.
        var file: BlobFile?
        var thread: RunningThread?
        var session: Session?
        var digest: Digest?
        var isRunning = false
        var isCancelled = false
    }

    /// The blob's file; also what tells the uploads apart.
    let growth: Growth
    private let repository: Repository
    private let state: Mutex<State>
    /// Bytes that it will have at least, unless it turns out much smaller than the layer was.
    private let promised: UInt64

    /// Takes a staged blob of about so many bytes; nil where it cannot be read while it is written.
    init?(_ staged: StagedBlob, about size: UInt64, to repository: Repository) {
        promised = size - min(size, size / 64 + 1 << 20)
        guard let growth = staged.growth, let slice = try? staged.growing() else { return nil }
        self.growth = growth
        self.repository = repository
        state = Mutex(State(file: BlobFile(slice)))
    }

    /// Begins, on a thread of its own.
    ///
    /// `begins` is asked there before anything is sent: it waits, where it has to, until that is
    /// worth its while, and says whether it is.
    func start(begins: @escaping @Sendable (EarlyUpload) -> Bool) {
        state.withLock { state in
            state.thread = RunningThread.start { [self] in
                let session = begins(self) ? send() : nil
                self.state.withLock { state in
                    state.session = session
                    state.isRunning = false
                    state.file = nil
                }
            }
            state.isRunning = state.thread != nil
            if state.thread == nil { state.file = nil }
        }
    }

    /// Whether it is not finished yet.
    var isRunning: Bool { state.withLock(\.isRunning) }

    /// The blob is complete.
    func complete(_ digest: Digest) {
        state.withLock { $0.digest = digest }
        growth.end()
    }

    /// Waits until the blob is complete; nil where it was given up.
    func digest() -> Digest? {
        guard (try? growth.wait(for: .max)) != nil else { return nil }
        return state.withLock { $0.isCancelled ? nil : $0.digest }
    }

    /// Waits for the session; nil where there is none, and then the blob has to be sent whole.
    func finish() -> Session? {
        growth.end()
        join()
        return state.withLock { state in
            defer { state.session = nil }
            return state.session
        }
    }

    /// Gives the session up, if there is one.
    func cancel() {
        state.withLock { $0.isCancelled = true }
        growth.end(DerootError(.interrupted, "the blob is not needed"))
        finish()?.cancel(repository)
    }

    private func join() {
        let thread = state.withLock { state in
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
    }

    private func send() -> Session? {
        var session = UploadSession(
            size: promised, from: nil, options: repository.client.options, isPartial: true)
        // Where parts do not work, the blob is sent in one piece when it is kept.
        session.restartsLeft = 0
        do throws(DerootError) {
            guard let file = state.withLock(\.file) else { return nil }
            try send(file, &session)
            guard let location = session.location else { return nil }
            return Session(
                location: location, leastReach: session.leastReach, offset: session.offset)
        } catch {
            // Whoever keeps the blob sends it again, and learns why if that fails as well.
            if let location = session.location {
                repository.cancel(location, leastReach: session.leastReach)
            }
            return nil
        }
    }

    /// Sends what was promised; the rest goes with the request that says the digest.
    private func send(
        _ file: BlobFile, _ session: inout UploadSession
    ) throws(DerootError) {
        let options = repository.client.options
        var action = session.begin()
        while true {
            switch action {
            case .start:
                let request = repository.uploadRequest()
                action = try session.receive(try send(request), from: request.address)
            case .patch(let address, let range):
                try checkWanted()
                // The bytes come while they are sent.
                let request = session.patch(address, file, range)
                action = try session.receive(try send(request), from: address)
                options.observer(.moved(UInt64(range.count), .push))
            case .ask(let address):
                action = try session.receive(try send(session.question(address)), from: address)
            case .retry(let seconds):
                options.observer(.retrying(repository.endpoint.host, after: seconds))
                try options.timekeeper.sleep(seconds) { () throws(DerootError) in
                    try checkWanted()
                }
                action = session.resume()
            case .finish, .done: return
            case .fail(let outcome), .tooLong(let outcome, _):
                throw repository.refusal(outcome, "the blob")
            }
        }
    }

    /// - Throws: `.interrupted` where it was given up.
    func checkWanted() throws(DerootError) {
        guard state.withLock(\.isCancelled) else { return }
        throw DerootError(.interrupted, "nobody needs the blob any more")
    }

    private func send(_ request: HTTPRequest) throws(DerootError) -> HTTPOutcome {
        // What begins a session is heard to its end: else nobody would know how to cancel it.
        guard request.body.count > 0 else { return try repository.send(request, repeats: false) }
        return try repository.send(
            request, repeats: false,
            receiver: .watching { [self] () throws(DerootError) in try checkWanted() })
    }
}
