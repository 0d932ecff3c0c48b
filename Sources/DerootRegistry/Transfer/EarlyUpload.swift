import DerootBytes
import DerootOCI
import DerootStore
import Synchronization

/// Sends a blob while it is still being written, or before it is certain to be kept.
///
/// The registry gets the bytes in a session, which is nothing that anybody sees: only the last request,
/// which says the digest and is not made here, makes a blob of them. They go as one PATCH of unknown
/// length and without a range, as Docker and Podman send what they compress on the way: all registries
/// take that, which is not so of chunks.
final class EarlyUpload: Sendable {
    /// Blobs smaller than this are not worth it.
    static let leastBytes: UInt64 = 3 << 20

    /// A session that has bytes of the blob, from its start.
    struct Session {
        let place: UploadPlace
        /// How many bytes the session has; nil where it has to be asked.
        let offset: UInt64?

        /// Gives it up.
        func cancel(_ repository: Repository) {
            repository.cancel(place)
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

    /// Takes a staged blob; nil where it cannot be read while it is written.
    init?(_ staged: StagedBlob, to repository: Repository) {
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

    /// Nothing is tried again: whoever keeps the blob goes on with the session, or sends it again, and
    /// learns why if that fails as well.
    private func send() -> Session? {
        guard let file = state.withLock(\.file), var place = try? begin() else { return nil }
        var request = place.request(.patch)
        request.body = .stream(file)
        request.sending = repository.sending
        request.isOnce = true
        let receiver = HTTPReceiver.watching { [self] () throws(DerootError) in try checkWanted() }
        do throws(DerootError) {
            let outcome = try repository.send(request, repeats: false, receiver: receiver)
            guard let response = outcome.response else {
                // The session may have what went over the wire before it broke.
                return Session(place: place, offset: nil)
            }
            guard response.isSuccess else {
                repository.cancel(place)
                return nil
            }
            place = try UploadPlace(response, from: place.address, before: place) ?? place
            return Session(place: place, offset: try growth.wait(for: .max))
        } catch {
            repository.cancel(place)
            return nil
        }
    }

    private func begin() throws(DerootError) -> UploadPlace? {
        let request = repository.uploadRequest()
        // Heard to its end: else nobody would know how to cancel what it begins.
        let outcome = try repository.send(request, repeats: false)
        guard let response = outcome.response, response.isSuccess else { return nil }
        return try UploadPlace(response, from: request.address)
    }

    /// - Throws: `.interrupted` where it was given up.
    func checkWanted() throws(DerootError) {
        guard state.withLock(\.isCancelled) else { return }
        throw DerootError(.interrupted, "nobody needs the blob any more")
    }
}
