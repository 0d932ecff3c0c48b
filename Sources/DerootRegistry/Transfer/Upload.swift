import DerootBytes
import DerootOCI

/// Sends one blob to a registry, or has the registry take it from another repository.
struct Upload {
    let repository: Repository
    let digest: Digest
    /// Another repository of the same registry that has the blob; nil for none.
    var mounting: String?
    /// A session that a mount turned into.
    var session: UploadPlace?
    /// How much of the blob the session has; nil where it has to be asked.
    var offset: UInt64? = 0
    /// Asked while the blob is sent; throws where nobody wants it any more.
    var mayGoOn: @Sendable () throws(DerootError) -> Void = { () throws(DerootError) in }

    /// Sends the blob.
    ///
    /// - Throws: `.denied`, `.limit`, `.transient` when all tries are used up; the session is
    ///   cancelled then.
    func run(_ file: BlobFile) throws(DerootError) -> TransferEvent.Reason? {
        let options = repository.client.options
        var session = UploadSession(
            size: file.count, from: mounting, options: options, place: session, offset: offset)
        do throws(DerootError) {
            return try run(file, &session)
        } catch {
            if let place = session.place { repository.cancel(place) }
            throw error
        }
    }

    private func run(
        _ file: BlobFile, _ session: inout UploadSession
    ) throws(DerootError) -> TransferEvent.Reason? {
        let options = repository.client.options
        options.observer(.started(digest, size: file.count, .push))
        var action = session.begin()
        while true {
            switch action {
            case .start(let from):
                if let abandoned = session.abandoned.take() { repository.cancel(abandoned) }
                let request = repository.uploadRequest(digest, mounting: from)
                let outcome: HTTPOutcome?
                if let from {
                    try mayGoOn()
                    outcome = try repository.mount(digest, from: from, repeats: false)
                } else {
                    outcome = try send(request)
                }
                guard let outcome else {
                    action = session.withoutMount()
                    continue
                }
                action = try session.receive(outcome, from: request.address)
            case .patch(let place, let range):
                var request = place.request(.patch)
                request.body = .part(file, from: range.lowerBound, count: UInt64(range.count))
                request.fields = [Self.contentRange(range)]
                action = try session.receive(try send(request), from: place.address)
            case .ask(let place):
                action = try session.receive(try send(place.request(.get)), from: place.address)
            case .finish(let place, let range):
                var request = place.request(.put, digest: digest)
                request.patience = Self.patience(file.count)
                if !range.isEmpty {
                    if range.lowerBound > 0 { request.fields = [Self.contentRange(range)] }
                    request.body = .part(file, from: range.lowerBound, count: UInt64(range.count))
                }
                action = try session.receive(try send(request), from: place.address)
            case .retry(let seconds):
                options.observer(.retrying(repository.endpoint.host, after: seconds))
                try options.timekeeper.sleep(seconds, mayGoOn)
                // A lost answer may have been a yes.
                if try repository.blobSize(digest) != nil {
                    if let place = session.place { repository.cancel(place) }
                    return .exists
                }
                action = session.resume()
            case .done(let isMounted):
                options.observer(.finished(digest, size: file.count, .push))
                return isMounted ? .mounted : nil
            case .fail(let outcome): throw repository.refusal(outcome, "the blob")
            case .tooLong(let outcome, let seconds):
                throw repository.client.refusal(outcome, repository.endpoint)
                    .tooLong(seconds, "the blob")
            }
        }
    }

    /// Seconds that a registry may think about a blob of so many bytes before it answers that it has
    /// it: some read it once more, to verify it or to move it (moby/moby#53700: minutes for a few GB).
    static func patience(_ bytes: UInt64) -> Int { Int(min(bytes / (10 << 20), 900)) }

    /// Says which part of the blob a request has.
    static func contentRange(_ range: Range<UInt64>) -> (name: String, value: String) {
        ("Content-Range", "\(range.lowerBound)-\(range.upperBound - 1)")
    }

    private func send(_ request: HTTPRequest) throws(DerootError) -> HTTPOutcome {
        try mayGoOn()
        // What begins a session is heard to its end: else nobody would know how to cancel it.
        guard request.method != .post else {
            return try repository.send(request, repeats: false)
        }
        var request = request
        request.sending = repository.sending
        request.isOnce = true
        return try repository.send(request, repeats: false, receiver: .watching(mayGoOn))
    }
}
