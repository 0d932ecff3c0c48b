import DerootBytes
import DerootOCI

/// The conversation by which a registry takes a blob (distribution-spec, "Pushing blobs").
///
/// Without I/O: told what came of the last request, it says what the next one is. A chunk that was
/// lost is found by asking the session how far it is; a session that is gone is begun anew.
struct UploadSession {
    /// What the driver does next.
    enum Action {
        /// POST, to begin a session; with `from`, the registry may take the blob from there instead.
        case start(from: String?)
        /// PATCH with these bytes.
        case patch(WebAddress, Range<UInt64>)
        /// GET, to hear how far the session is.
        case ask(WebAddress)
        /// PUT with these bytes and the digest.
        case finish(WebAddress, Range<UInt64>)
        /// Wait, and ask whether the registry has the blob by now; then `resume`.
        case retry(Double)
        /// The registry has the blob; whether it was mounted.
        case done(isMounted: Bool)
        /// It went wrong: the outcome that says why.
        case fail(HTTPOutcome)
        /// The registry wants us to wait for so many seconds.
        case tooLong(HTTPOutcome, Double)
    }

    private enum Phase { case starting, patching, asking, finishing }

    /// How often a blob is begun anew (hostile input F14).
    static let restarts = 3

    private let size: UInt64
    private let from: String?
    private var chunk: UInt64
    private let isChunked: Bool
    private var budget: RetryBudget
    private var phase = Phase.starting
    private var isMounting: Bool
    /// How much of the blob the session has.
    private(set) var offset: UInt64
    /// How much was sent at most; no registry has more.
    private var sent: UInt64
    /// How often it may be begun anew.
    var restartsLeft = Self.restarts
    /// Where the session is; nil before it has begun.
    private(set) var location: WebAddress?
    /// The least reach that the session's server may have, where it is another than the registry's.
    private(set) var leastReach: PeerAddress.Reach?

    /// A blob of so many bytes; `from` is another repository of the registry that has it.
    ///
    /// `location` is a session that was begun before and has `offset` bytes. `isPartial`: the bytes
    /// are the first ones of a longer blob, and none goes with the last request.
    init(
        size: UInt64, from: String?, options: RegistryOptions, location: WebAddress? = nil,
        leastReach: PeerAddress.Reach? = nil, offset: UInt64 = 0, isPartial: Bool = false
    ) {
        self.leastReach = leastReach
        self.offset = offset
        sent = offset
        self.size = size
        self.from = from
        self.location = location
        chunk = max(options.chunkBytes ?? UInt64.max, 1)
        isChunked = isPartial || size > chunk
        budget = RetryBudget(options)
        isMounting = from != nil
    }

    /// The first request.
    mutating func begin() -> Action { location == nil ? start() : send() }

    /// Goes on after a wait: with the session if there is one.
    mutating func resume() -> Action {
        guard isChunked || offset > 0, let location else { return start() }
        phase = .asking
        return .ask(location)
    }

    private mutating func start() -> Action {
        phase = .starting
        location = nil
        leastReach = nil
        offset = 0
        sent = 0
        return .start(from: isMounting ? from : nil)
    }

    private mutating func send() -> Action {
        guard let location else { return start() }
        if isChunked, offset < size {
            phase = .patching
            let range = offset..<chunkEnd
            sent = max(sent, range.upperBound)
            return .patch(location, range)
        }
        phase = .finishing
        sent = size
        return .finish(location, offset..<size)
    }

    private mutating func restart(_ outcome: HTTPOutcome) -> Action {
        guard restartsLeft > 0 else { return .fail(outcome) }
        restartsLeft -= 1
        isMounting = false
        return start()
    }

    /// Takes what came of the last request, which went to `address`.
    ///
    /// - Throws: `.malformed`, `.hostile` for a Location that nobody may follow.
    mutating func receive(
        _ outcome: HTTPOutcome, from address: WebAddress
    ) throws(DerootError) -> Action {
        guard case .response(let response) = outcome else { return retry(outcome) }
        switch (phase, response.status) {
        case (.starting, 201) where isMounting: return .done(isMounted: true)
        case (.starting, 201...202):
            try take(response, from: address)
            guard location != nil else {
                throw DerootError(
                    .malformed,
                    "\(address.origin.shortHost) begins an upload and does not say where")
            }
            if let text = response["oci-chunk-min-length"], let least = UInt64(text.trimmed) {
                chunk = max(chunk, least)
            }
            return send()
        case (.starting, 400...499)
        where isMounting && response.status != 408
            && response.status != 429:
            // Without mounting it may well work: 405 says so, 401 and others mean the other repository.
            isMounting = false
            return start()
        case (.patching, 200...299):
            let end = chunkEnd
            try take(response, from: address)
            guard let received = Self.received(response) else {
                offset = end
                budget.progressed()
                return send()
            }
            return go(on: received, outcome)
        case (.patching, 416):
            guard let location else { return restart(outcome) }
            phase = .asking
            return .ask(location)
        case (.asking, 200...299):
            try take(response, from: address)
            return go(on: Self.received(response) ?? 0, outcome)
        case (.patching, 404), (.asking, 400...499), (.finishing, 404), (.finishing, 400),
            (.finishing, 416):
            return RetryBudget.isTransient(outcome) ? retry(outcome) : restart(outcome)
        case (.finishing, 200...299): return .done(isMounted: false)
        default: return retry(outcome)
        }
    }

    /// Where the chunk ends that starts at the offset.
    private var chunkEnd: UInt64 {
        let (end, overflow) = offset.addingReportingOverflow(chunk)
        return overflow ? size : min(end, size)
    }

    /// Goes on where the registry says that it is.
    private mutating func go(on received: UInt64, _ outcome: HTTPOutcome) -> Action {
        guard received <= min(size, sent) else { return restart(outcome) }
        if received > offset {
            budget.progressed()
        } else if case .stop = budget.judge(
            .failure(TransportFailure(.broken, "the registry does not keep what it gets")))
        {
            return .fail(.failure(TransportFailure(.broken, "the upload does not get on")))
        }
        offset = received
        return send()
    }

    private mutating func retry(_ outcome: HTTPOutcome) -> Action {
        switch budget.judge(outcome) {
        case .wait(let seconds): return .retry(seconds)
        case .stop: return .fail(outcome)
        case .tooLong(let seconds): return .tooLong(outcome, seconds)
        }
    }

    /// Where the session goes on; a Location that is left out means that it stays.
    private mutating func take(
        _ response: HTTPResponse, from address: WebAddress
    ) throws(DerootError) {
        guard let text = response["location"], !text.isEmpty else { return }
        let next: WebAddress
        do throws(DerootError) {
            next = try address.resolving(text)
        } catch {
            throw DerootError(
                .malformed,
                "\(address.origin.shortHost) sends an upload to a URL that is not well-formed",
                cause: error)
        }
        try RedirectPolicy.check(
            from: address.origin, peer: response.peer, to: next, "an upload")
        location = next
        if let reach = RedirectPolicy.leastReach(
            from: address.origin, peer: response.peer, to: next)
        {
            leastReach = max(leastReach ?? reach, reach)
        }
    }

    /// How many bytes the registry has: `Range: 0-b`, where b counts; an empty session says `0-0`,
    /// and so would one with a single byte, so that nobody sends chunks of one.
    static func received(_ response: HTTPResponse) -> UInt64? {
        guard var text = response["range"]?.trimmed else { return nil }
        if text.hasPrefix("bytes=") { text = String(text.dropFirst(6)) }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends[0] == "0", let last = UInt64(ends[1]), last < .max else {
            return nil
        }
        return last == 0 ? 0 : last + 1
    }
}
