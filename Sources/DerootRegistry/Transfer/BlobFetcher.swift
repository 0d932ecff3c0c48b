import DerootBytes
import DerootOCI
import DerootStore
import Synchronization

/// Fetches the blobs of one image: each once, however many threads ask, and some ahead of time.
final class BlobFetcher: Sendable {
    /// One blob; the thread that holds the lock fetches it, and the others wait for it.
    private final class Slot: Sendable {
        let result = Mutex<Result<BlobFile, DerootError>?>(nil)
    }

    private struct State {
        var slots: [Digest: Slot] = [:]
        /// Digests in the order of their arrival, so that the oldest can be let go.
        var order: [Digest] = []
        var queue: [Descriptor] = []
        var threads: [RunningThread] = []
        var isOpen = true
    }

    /// Files that are kept open; a process has 1024 in many places.
    static let most = 256

    private let repositories: [Repository]
    private let name: String
    private let state = Mutex(State())

    /// Fetches from the first of these that has a blob; only the last one's refusal counts.
    init(from repositories: [Repository], name: String) {
        self.repositories = repositories
        self.name = name
    }

    /// The blob, in a file without a name.
    ///
    /// - Throws: See `Download`.
    func blob(
        _ descriptor: Descriptor, isAhead: Bool = false
    ) throws(DerootError) -> BlobFile {
        let slot = slot(for: descriptor.digest)
        let result = slot.result.withLock { result -> Result<BlobFile, DerootError> in
            if let result { return result }
            let new: Result<BlobFile, DerootError>
            do throws(DerootError) {
                new = .success(try fetch(descriptor, isAhead))
            } catch {
                new = .failure(error.located(in: .init(file: name, blob: descriptor.digest)))
            }
            result = new
            return new
        }
        return try result.get()
    }

    /// Whether the blob was fetched or is being fetched.
    func knows(_ digest: Digest) -> Bool { state.withLock { $0.slots[digest] != nil } }

    private func slot(for digest: Digest) -> Slot {
        state.withLock { state in
            if let slot = state.slots[digest] { return slot }
            let slot = Slot()
            state.slots[digest] = slot
            state.order.append(digest)
            // Whoever reads an old one at this moment has a handle of his own.
            if state.order.count > Self.most { state.slots[state.order.removeFirst()] = nil }
            return slot
        }
    }

    private func fetch(
        _ descriptor: Descriptor, _ isAhead: Bool
    ) throws(DerootError) -> BlobFile {
        var failure: DerootError?
        for repository in repositories {
            do throws(DerootError) {
                return try Download(
                    descriptor, from: repository, in: temporaryDirectory(), isAhead: isAhead,
                    isWanted: { [self] in state.withLock(\.isOpen) }
                ).run()
            } catch {
                guard error.code != .interrupted, error.code != .io else { throw error }
                failure = error
            }
        }
        throw failure ?? DerootError(.notFound, "the image has no place to be fetched from")
    }

    /// Begins to fetch, with a few threads.
    func expect(_ blobs: [Descriptor], threads: Int) {
        state.withLock { state in
            // What is far ahead would only fill the disk and the table of open files.
            state.queue += blobs.prefix(Self.most / 2).filter { state.slots[$0.digest] == nil }
            while state.isOpen, state.threads.count < min(threads, state.queue.count) {
                guard let thread = RunningThread.start({ [self] in work() }) else { break }
                state.threads.append(thread)
            }
        }
    }

    private func work() {
        while let next = take() {
            do throws(DerootError) {
                _ = try blob(next, isAhead: true)
            } catch {
                // Whoever needs the blob is told so.
            }
        }
    }

    private func take() -> Descriptor? {
        state.withLock { state in
            guard state.isOpen, !state.queue.isEmpty else { return nil }
            return state.queue.removeFirst()
        }
    }

    /// Ends the threads; libcurl must not be in use when the process ends.
    func close() {
        let threads = state.withLock { state in
            state.isOpen = false
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads { thread.join() }
    }
}
