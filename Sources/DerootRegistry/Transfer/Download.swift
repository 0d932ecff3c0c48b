import DerootBytes
import DerootOCI

/// Brings one blob from a registry into a file without a name.
final class Download {
    private let repository: Repository
    private let descriptor: Descriptor
    private let isWanted: () -> Bool
    private let isAhead: Bool
    private let file: File
    private var progress: DownloadProgress
    private var hasher: DigestHasher

    /// Prepares a download, ahead of time or not; `isWanted` is asked while it goes on.
    ///
    /// - Throws: `.io` where no file can be made in `directory`.
    init(
        _ descriptor: Descriptor, from repository: Repository, in directory: String,
        isAhead: Bool, isWanted: @escaping () -> Bool
    ) throws(DerootError) {
        self.repository = repository
        self.descriptor = descriptor
        self.isWanted = isWanted
        self.isAhead = isAhead
        file = try File.anonymous(in: directory)
        progress = DownloadProgress(size: descriptor.size)
        hasher = DigestHasher(descriptor.digest.algorithm)
    }

    /// Fetches the blob, its size and digest compared with the descriptor.
    ///
    /// - Throws: `.notFound`, `.mismatch`, `.denied`, `.transient` when all tries are used up.
    func run() throws(DerootError) -> BlobFile {
        let options = repository.client.options
        options.observer(.started(descriptor.digest, size: descriptor.size, .pull))
        var budget = RetryBudget(options)
        var counted: UInt64 = 0
        while true {
            let outcome = try attempt()
            if progress.isComplete, outcome.response?.isSuccess ?? true { break }
            // A megabyte more shows that it is worth going on; the blob's size bounds it.
            if progress.offset >= counted + 1 << 20 {
                budget.progressed()
                counted = progress.offset
            }
            switch budget.judge(outcome) {
            case .wait(let seconds):
                options.observer(.retrying(repository.endpoint.host, after: seconds))
                try wait(seconds)
            case .stop: throw repository.refusal(outcome, "the blob")
            case .tooLong(let seconds):
                throw repository.client.refusal(outcome, repository.endpoint)
                    .tooLong(seconds, "the blob")
            }
        }
        let found = hasher.digest()
        guard found == descriptor.digest else {
            throw DerootError(.mismatch, "the content has the digest \(found)")
        }
        options.observer(.finished(descriptor.digest, size: descriptor.size, .pull))
        return BlobFile(try FileSlice(file.duplicate(), count: descriptor.size))
    }

    /// Waits; a fetch ahead of time looks now and then whether anybody still wants it.
    private func wait(_ seconds: Double) throws(DerootError) {
        var rest = seconds
        while rest > 0 {
            try checkWanted()
            let part = isAhead ? min(rest, 0.2) : rest
            try repository.client.options.timekeeper.sleep(part)
            rest -= part
        }
    }

    private func checkWanted() throws(DerootError) {
        guard !isWanted() else { return }
        throw DerootError(.interrupted, "nobody waits for the blob any more")
    }

    /// One request; a body that ends too early counts as a broken connection.
    private func attempt() throws(DerootError) -> HTTPOutcome {
        var request = repository.request(.get, "blobs/\(descriptor.digest)")
        if let range = progress.range { request.fields.append(("Range", range)) }
        var isRejected = false
        let receiver = unsafe HTTPReceiver(
            begin: { [self] (response) throws(DerootError) in
                switch progress.begin(response) {
                case .append: return true
                case .restart:
                    try restart()
                    return true
                case .reject:
                    try restart()
                    isRejected = true
                    return false
                case .refuse: return false
                }
            },
            write: { [self] (bytes) throws(DerootError) in
                try progress.advance(bytes.count)
                unsafe hasher.update(bytes)
                try unsafe file.write(bytes)
                repository.client.options.observer(.moved(UInt64(bytes.count), .pull))
            },
            mayGoOn: { [self] () throws(DerootError) in try checkWanted() })
        let outcome = try repository.send(request, repeats: false, receiver: receiver)
        if isRejected { return .failure(TransportFailure(.broken, "a part that nobody asked for")) }
        if let response = outcome.response, response.isSuccess, !progress.isComplete {
            return .failure(
                TransportFailure(.broken, "\(progress.offset) of \(descriptor.size) bytes came"))
        }
        return outcome
    }

    private func restart() throws(DerootError) {
        try file.seek(to: 0)
        hasher = DigestHasher(descriptor.digest.algorithm)
    }
}
