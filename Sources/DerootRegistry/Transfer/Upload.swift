import DerootBytes
import DerootOCI

/// Sends one blob to a registry, or has the registry take it from another repository.
struct Upload {
    let repository: Repository
    let digest: Digest
    /// Another repository of the same registry that has the blob; nil for none.
    var mounting: String?
    /// A session that a mount turned into.
    var session: WebAddress?
    /// The least reach that the session's server may have.
    var leastReach: PeerAddress.Reach?
    /// How much of the blob the session has.
    var offset: UInt64 = 0
    /// Asked while the blob is sent; throws where nobody wants it any more.
    var mayGoOn: @Sendable () throws(DerootError) -> Void = { () throws(DerootError) in }

    /// Sends the blob.
    ///
    /// - Throws: `.denied`, `.limit`, `.transient` when all tries are used up; the session is
    ///   cancelled then.
    func run(_ file: BlobFile) throws(DerootError) -> TransferEvent.Reason? {
        let options = repository.client.options
        var session = UploadSession(
            size: file.count, from: mounting, options: options, location: session,
            leastReach: leastReach, offset: offset)
        do throws(DerootError) {
            return try run(file, &session)
        } catch {
            if let location = session.location {
                repository.cancel(location, leastReach: session.leastReach)
            }
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
                let request = startRequest(from: from)
                action = try session.receive(
                    try send(request, from: from), from: request.address)
            case .patch(let address, let range):
                let request = session.patch(address, file, range)
                action = try session.receive(try send(request), from: address)
                options.observer(.moved(UInt64(range.count), .push))
            case .ask(let address):
                action = try session.receive(try send(session.question(address)), from: address)
            case .finish(let address, let range):
                var request = HTTPRequest(
                    .put, address.adding("digest", digest.description))
                request.leastReach = session.leastReach
                if !range.isEmpty {
                    if range.lowerBound > 0 { request.fields = [Self.contentRange(range)] }
                    request.body = .part(file, from: range.lowerBound, count: UInt64(range.count))
                }
                action = try session.receive(try send(request), from: address)
                options.observer(.moved(UInt64(range.count), .push))
            case .retry(let seconds):
                options.observer(.retrying(repository.endpoint.host, after: seconds))
                try options.timekeeper.sleep(seconds, mayGoOn)
                // A lost answer may have been a yes.
                if try repository.blobSize(digest) != nil { return .exists }
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

    /// Says which part of the blob a request has.
    static func contentRange(_ range: Range<UInt64>) -> (name: String, value: String) {
        ("Content-Range", "\(range.lowerBound)-\(range.upperBound - 1)")
    }

    private func startRequest(from: String?) -> HTTPRequest {
        repository.uploadRequest(digest, mounting: from)
    }

    private func send(
        _ request: HTTPRequest, from: String? = nil
    ) throws(DerootError) -> HTTPOutcome {
        try mayGoOn()
        // What begins a session is heard to its end: else nobody would know how to cancel it.
        guard request.body.count > 0 else {
            return try repository.send(request, repeats: false, reading: from)
        }
        return try repository.send(
            request, repeats: false, reading: from, receiver: .watching(mayGoOn))
    }
}

extension UploadSession {
    /// The request that sends a part of a blob.
    func patch(_ address: WebAddress, _ file: BlobFile, _ range: Range<UInt64>) -> HTTPRequest {
        var request = HTTPRequest(.patch, address)
        request.leastReach = leastReach
        request.body = .part(file, from: range.lowerBound, count: UInt64(range.count))
        request.fields = [Upload.contentRange(range)]
        return request
    }

    /// The request that asks how far the session is.
    func question(_ address: WebAddress) -> HTTPRequest {
        var request = HTTPRequest(.get, address)
        request.leastReach = leastReach
        return request
    }
}
