import DerootBytes
import DerootOCI

/// Brings one blob from a registry into a file.
final class Download {
    private let repository: Repository
    private let descriptor: Descriptor
    private let isWanted: () -> Bool
    private let arriving: ArrivingBlob
    private var blocks = BlockWriter()
    /// Bytes of the blob that came: in the file, or still in the buffer.
    private var kept: UInt64 = 0
    private var progress: DownloadProgress
    /// Computes the digest, where the reader shall not have to.
    private var hasher: DigestHasher?

    /// Prepares a download; `isWanted` is asked while it goes on.
    ///
    /// `isVerified`: the digest is compared before the blob counts as there.
    init(
        _ descriptor: Descriptor, from repository: Repository, into arriving: ArrivingBlob,
        isVerified: Bool, isWanted: @escaping () -> Bool
    ) {
        self.repository = repository
        self.descriptor = descriptor
        self.arriving = arriving
        self.isWanted = isWanted
        progress = DownloadProgress(size: descriptor.size)
        hasher = isVerified ? DigestHasher(descriptor.digest.algorithm) : nil
    }

    /// Fetches the blob, its size compared with the descriptor.
    ///
    /// - Throws: `.notFound`, `.mismatch`, `.denied`, `.transient` when all tries are used up.
    func run() throws(DerootError) {
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
                try options.timekeeper.sleep(seconds) { () throws(DerootError) in
                    try checkWanted()
                }
            case .stop: throw repository.refusal(outcome, "the blob")
            case .tooLong(let seconds):
                throw repository.client.refusal(outcome, repository.endpoint)
                    .tooLong(seconds, "the blob")
            }
        }
        if let found = hasher?.digest(), found != descriptor.digest {
            throw DerootError(.mismatch, "the content has the digest \(found)")
        }
        options.observer(.finished(descriptor.digest, size: descriptor.size, .pull))
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
                try checkLength(response)
                switch progress.begin(response) {
                case .append, .restart: return true
                case .reject:
                    isRejected = true
                    return false
                case .refuse: return false
                }
            },
            write: { [self] (bytes) throws(DerootError) in try unsafe take(bytes) },
            mayGoOn: { [self] () throws(DerootError) in try checkWanted() })
        let outcome = try repository.send(request, repeats: false, receiver: receiver)
        try flush()
        if isRejected { return .failure(TransportFailure(.broken, "a part that nobody asked for")) }
        if let response = outcome.response, response.isSuccess, !progress.isComplete {
            if response.status == 200 { try checkStatedSize() }
            return .failure(
                TransportFailure(.broken, "\(progress.offset) of \(descriptor.size) bytes came"))
        }
        return outcome
    }

    /// Makes sure that a blob which is too large is not fetched in vain.
    ///
    /// - Throws: `.mismatch`.
    private func checkLength(_ response: HTTPResponse) throws(DerootError) {
        guard response.status == 200, let length = UInt64(response["content-length"] ?? ""),
            length > descriptor.size
        else { return }
        throw DerootError(
            .mismatch,
            "the registry says that the blob has \(length) bytes, its descriptor says "
                + "\(descriptor.size)")
    }

    /// Makes sure that a blob whose end came early is not all there is: no other try gives more then.
    ///
    /// - Throws: `.mismatch`, of the content.
    private func checkStatedSize() throws(DerootError) {
        guard kept == progress.offset,
            try arriving.digest(descriptor.digest.algorithm) == descriptor.digest
        else { return }
        throw DerootError(
            .mismatch, "the blob has \(kept) bytes, its descriptor says \(descriptor.size)",
            advice: "whoever made the image has to make it again"
        ).ofContent
    }

    private func flush() throws(DerootError) {
        try unsafe blocks.flush { (part) throws(DerootError) in try unsafe arriving.write(part) }
    }

    /// Takes bytes that arrived; those that came before, when it begins again, are passed over.
    private func take(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        let offset = progress.offset
        try progress.advance(bytes.count)
        repository.client.options.observer(.moved(UInt64(bytes.count), .pull))
        let known = Int(clamping: min(kept - offset, UInt64(bytes.count)))
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[known...])
        kept += UInt64(rest.count)
        unsafe hasher?.update(rest)
        try unsafe blocks.write(rest) { (part) throws(DerootError) in
            try unsafe arriving.write(part)
        }
        // The first bytes tell whoever waits that there is something to read.
        if kept == UInt64(rest.count) { try flush() }
    }
}
