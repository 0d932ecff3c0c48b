import DerootBytes
import DerootOCI
import DerootStore
import Synchronization

/// Fetches the blobs of one image: each once, however many threads ask, and some ahead of time.
///
/// A blob can be read while it arrives, where it has one place to come from. Where there are several,
/// its digest is compared first, so that another place can take the part of one that has it wrong.
final class BlobFetcher: Sendable {
    /// One blob; the thread that holds the lock begins to fetch it, and the others wait for that.
    private final class Slot: Sendable {
        let result = Mutex<Result<BlobFile, DerootError>?>(nil)
    }

    private struct State {
        var slots: [Digest: Slot] = [:]
        /// Digests in the order of their arrival, so that the oldest can be let go.
        var order: [Digest] = []
        var queue: [Descriptor] = []
        /// How many of the threads work on the queue.
        var workers = 0
        var threads: [RunningThread] = []
        /// Downloads that go on while whoever asked for them does something else.
        var running = 0
        var isOpen = true
    }

    /// Files that are kept open; a process has 1024 in many places.
    static let most = 256
    /// Downloads that may go on while whoever asked for them does something else.
    static let mostRunning = 8

    private let repositories: [Repository]
    private let name: String
    private let state = Mutex(State())

    /// Fetches from the first of these that has a blob; only the last one's refusal counts.
    init(from repositories: [Repository], name: String) {
        self.repositories = repositories
        self.name = name
    }

    /// The blob, in a file without a name, of which the first byte is there.
    ///
    /// The rest may still be on its way; whoever reads waits for it, and compares the digest.
    ///
    /// - Throws: See `Download`; so may reading.
    func blob(_ descriptor: Descriptor) throws(DerootError) -> BlobFile {
        let slot = slot(for: descriptor.digest)
        let (file, work) = begin(descriptor, in: slot)
        if let work {
            // Another thread, so that this one can read meanwhile; not one for each of very many.
            let isRunning = state.withLock { state in
                guard state.isOpen, state.running < Self.mostRunning,
                    let thread = RunningThread.start({ [self] in
                        work()
                        self.state.withLock { $0.running -= 1 }
                    })
                else { return false }
                state.running += 1
                state.threads.append(thread)
                return true
            }
            if !isRunning { work() }
        }
        let blob = try file.get()
        try blob.waitForBeginning()
        return blob
    }

    /// How many downloads nobody waits for.
    var running: Int { state.withLock(\.running) }

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

    /// The blob's file, which is complete, or which the work fills that goes with it.
    private func begin(
        _ descriptor: Descriptor, in slot: Slot
    ) -> (Result<BlobFile, DerootError>, work: (@Sendable () -> Void)?) {
        let place = DerootError.Location(file: name, blob: descriptor.digest)
        return slot.result.withLock { result in
            if let result { return (result, nil) }
            do throws(DerootError) {
                guard repositories.count == 1, let repository = repositories.first else {
                    let file = Result<BlobFile, DerootError>.success(try fetch(descriptor))
                    result = file
                    return (file, nil)
                }
                let arriving = try ArrivingBlob(size: descriptor.size, in: temporaryDirectory())
                result = .success(arriving.file)
                return (
                    .success(arriving.file),
                    { [self] in
                        do throws(DerootError) {
                            try bring(
                                descriptor, from: repository, into: arriving, isVerified: false)
                        } catch {
                            let error = error.located(in: place)
                            arriving.end(error)
                            // What came of it takes up no room.
                            slot.result.withLock { $0 = .failure(error) }
                        }
                    }
                )
            } catch {
                let failure = Result<BlobFile, DerootError>.failure(error.located(in: place))
                result = failure
                return (failure, nil)
            }
        }
    }

    private func bring(
        _ descriptor: Descriptor, from repository: Repository, into arriving: ArrivingBlob,
        isVerified: Bool
    ) throws(DerootError) {
        try Download(
            descriptor, from: repository, into: arriving, isVerified: isVerified,
            isWanted: { [self] in state.withLock(\.isOpen) }
        ).run()
        arriving.end()
    }

    /// The whole blob, from the first place that has it.
    private func fetch(
        _ descriptor: Descriptor
    ) throws(DerootError) -> BlobFile {
        var failure: DerootError?
        for repository in repositories {
            do throws(DerootError) {
                let arriving = try ArrivingBlob(size: descriptor.size, in: temporaryDirectory())
                try bring(descriptor, from: repository, into: arriving, isVerified: true)
                return arriving.file
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
            while state.isOpen, state.workers < min(threads, state.queue.count) {
                guard let thread = RunningThread.start({ [self] in work() }) else { break }
                state.workers += 1
                state.threads.append(thread)
            }
        }
    }

    private func work() {
        while let next = take() { begin(next, in: slot(for: next.digest)).work?() }
    }

    private func take() -> Descriptor? {
        state.withLock { state in
            guard state.isOpen, !state.queue.isEmpty else { return nil }
            return state.queue.removeFirst()
        }
    }

    /// Forgets what was fetched.
    func letGo() {
        let slots = state.withLock { state in
            defer {
                state.slots = [:]
                state.order = []
            }
            return state.slots
        }
        // They are closed here, where nobody waits for the lock.
        withExtendedLifetime(slots) {}
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
