import DerootBytes
import DerootOCI

/// The conversation by which a registry takes a blob (distribution-spec, "Pushing blobs").
///
/// Without I/O: told what came of the last request, it says what the next one is. A blob goes in one
/// piece, which all registries take. Where that breaks off, the session is asked how far it is and gets
/// the rest in chunks; where it does not know, all goes in chunks. Some registries take none: GitHub's
/// none above 4 MiB (it says 416), Google's none at all, Amazon's but says a wrong range. What chunks
/// cannot do is done in one piece again.
struct UploadSession {
    /// What the driver does next.
    enum Action {
        /// POST, to begin a session; with `from`, the registry may take the blob from there instead.
        case start(from: String?)
        /// PATCH with these bytes.
        case patch(UploadPlace, Range<UInt64>)
        /// GET, to hear how far the session is.
        case ask(UploadPlace)
        /// PUT with these bytes and the digest.
        case finish(UploadPlace, Range<UInt64>)
        /// Wait, and ask whether the registry has the blob by now; then `resume`.
        case retry(Double)
        /// The registry has the blob; whether it was mounted.
        case done(isMounted: Bool)
        /// It went wrong: the outcome that says why.
        case fail(HTTPOutcome)
        /// The registry wants us to wait for so many seconds.
        case tooLong(HTTPOutcome, Double)
    }

    /// `disputing` asks as `asking` does, after the registry did not want a chunk where we had it begin.
    private enum Phase { case starting, patching, disputing, asking, finishing }

    /// How often a blob is begun anew (hostile input F14).
    static let restarts = 3
    /// How often a session in pieces may fail before the blob goes in one piece.
    private static let mostSetbacks = 2

    private let size: UInt64
    private let from: String?
    private var chunk: UInt64
    /// Whether the blob, or what is left of it, goes in chunks.
    private var isChunked: Bool
    /// False once chunks did not work.
    private var mayChunk = true
    /// Whether the session has, or may have, bytes of other requests than the last one.
    private var isPieced: Bool
    /// Whether the registry has taken a chunk, so that it knows how.
    private var isProven = false
    private var setbacks = 0
    private var budget: RetryBudget
    private var phase = Phase.starting
    private var isMounting: Bool
    /// How much of the blob the session has; nil where it has to be asked.
    private var offset: UInt64?
    /// How much was sent at most; no registry has more.
    private var sent: UInt64
    /// The most that the session was said to have: only more than that is progress.
    private var most: UInt64 = 0
    /// Why the session has to be asked how far it is.
    private var cause: HTTPOutcome?
    private var restartsLeft = Self.restarts
    /// Where the session is; nil before it has begun.
    private(set) var place: UploadPlace?
    /// The session that the next one replaces, until somebody gives it up.
    var abandoned: UploadPlace?

    /// A blob of so many bytes; `from` is another repository of the registry that has it.
    ///
    /// `place` is of a session that was begun before and has `offset` bytes; nil: it has to be asked.
    init(
        size: UInt64, from: String?, options: RegistryOptions, place: UploadPlace? = nil,
        offset: UInt64? = 0
    ) {
        self.offset = offset
        sent = offset ?? size
        most = offset ?? 0
        isPieced = offset != 0
        self.size = size
        self.from = from
        self.place = place
        chunk = max(options.chunkBytes, 1)
        isChunked = options.prefersChunks && size > chunk
        budget = RetryBudget(options)
        isMounting = from != nil
    }

    /// The first request.
    mutating func begin() -> Action { place == nil ? start() : send() }

    /// Goes on after a wait: with the session if there is one.
    mutating func resume() -> Action {
        guard isChunked || isPieced, let place else { return start() }
        return ask(place)
    }

    private mutating func start() -> Action {
        phase = .starting
        abandoned = place
        place = nil
        offset = 0
        sent = 0
        most = 0
        isPieced = false
        isProven = false
        return .start(from: isMounting ? from : nil)
    }

    /// Begins without the other repository, which may not be asked.
    mutating func withoutMount() -> Action {
        isMounting = false
        return start()
    }

    private mutating func ask(_ place: UploadPlace) -> Action {
        phase = .asking
        return .ask(place)
    }

    private mutating func send() -> Action {
        guard let place else { return start() }
        guard let offset else { return ask(place) }
        if isChunked, offset < size {
            phase = .patching
            let range = offset..<chunkEnd(offset)
            sent = max(sent, range.upperBound)
            isPieced = true
            return .patch(place, range)
        }
        phase = .finishing
        sent = size
        return .finish(place, min(offset, size)..<size)
    }

    private mutating func restart(_ outcome: HTTPOutcome) -> Action {
        guard restartsLeft > 0 else { return .fail(outcome) }
        restartsLeft -= 1
        isMounting = false
        return start()
    }

    /// Begins anew, in one piece.
    private mutating func restartWhole(_ outcome: HTTPOutcome) -> Action {
        (isChunked, mayChunk) = (false, false)
        return restart(outcome)
    }

    /// Takes what came of the last request, which went to `address`.
    ///
    /// - Throws: `.malformed`, `.hostile` for a Location that nobody may follow.
    mutating func receive(
        _ outcome: HTTPOutcome, from address: WebAddress
    ) throws(DerootError) -> Action {
        if case .response(let response) = outcome, response.isSuccess {
            return try accept(response, from: address)
        }
        // 0: there is no answer.
        let status = outcome.response?.status ?? 0
        switch (phase, status) {
        case (.starting, 400..<500) where isMounting && !RetryBudget.isTransient(outcome):
            // Without mounting it may well work: 405 says so, 401 and others mean the other repository.
            isMounting = false
            return start()
        case (.patching, 416):
            phase = .disputing
            return place.map(Action.ask) ?? restart(outcome)
        case (.patching, 404) where isProven: return restart(outcome)
        case (.patching, 400), (.patching, 404), (.patching, 405), (.patching, 411),
            (.patching, 409), (.patching, 413), (.patching, 415), (.patching, 422),
            (.patching, 501):
            return restartWhole(outcome)
        case (.asking, _) where !RetryBudget.isTransient(outcome):
            // 404: the session is gone. All others: it cannot be asked, and so not be resumed.
            return status == 404 ? restart(cause ?? outcome) : restartWhole(outcome)
        case (.disputing, _) where !RetryBudget.isTransient(outcome):
            return isProven ? restart(outcome) : restartWhole(outcome)
        case (.finishing, _) where isPieced && !RetryBudget.isTransient(outcome):
            return restartWhole(outcome)
        case (.finishing, 400), (.finishing, 404), (.finishing, 416): return restart(outcome)
        case (.finishing, 413) where mayChunk && size > chunk:
            // A proxy may take less than the registry.
            isChunked = true
            return restart(outcome)
        case (.finishing, 0), (.finishing, 408), (.finishing, 504):
            // It broke off, or took too long.
            isChunked = mayChunk && size > chunk
        default: break
        }
        return retry(outcome)
    }

    private mutating func accept(
        _ response: HTTPResponse, from address: WebAddress
    ) throws(DerootError) -> Action {
        switch phase {
        case .starting where isMounting && response.status == 201: return .done(isMounted: true)
        case .starting:
            place = try UploadPlace(response, from: address, before: place)
            guard place != nil else {
                throw DerootError(
                    .malformed,
                    "\(address.origin.shortHost) begins an upload and does not say where")
            }
            if let text = response["oci-chunk-min-length"], let least = UInt64(text.trimmed) {
                chunk = max(chunk, least)
            }
            return send()
        case .patching:
            place = try UploadPlace(response, from: address, before: place)
            let received = Self.received(response) ?? chunkEnd(offset ?? 0)
            guard received <= sent, received > offset ?? 0 else {
                return restartWhole(.response(response))
            }
            isProven = true
            return go(on: received)
        case .disputing, .asking:
            place = try UploadPlace(response, from: address, before: place)
            let received = Self.received(response) ?? 0
            // It has what we thought and did not want the chunk for another reason: its size.
            guard received <= min(size, sent), phase == .asking || received != offset else {
                return restartWhole(.response(response))
            }
            return go(on: received)
        case .finishing: return .done(isMounted: false)
        }
    }

    /// Where the chunk ends that starts at an offset.
    private func chunkEnd(_ offset: UInt64) -> UInt64 {
        let (end, overflow) = offset.addingReportingOverflow(chunk)
        return overflow ? size : min(end, size)
    }

    /// Goes on where the registry says that it is.
    private mutating func go(on received: UInt64) -> Action {
        if received > most {
            most = received
            budget.progressed()
            setbacks = 0
            cause = nil
        } else if received < offset ?? 0 {
            let failure = HTTPOutcome.failure(
                TransportFailure(.broken, "the registry does not keep what it gets"))
            if case .stop = budget.judge(failure) { return .fail(failure) }
        }
        isPieced = isPieced || received > 0
        offset = received
        return send()
    }

    private mutating func retry(_ outcome: HTTPOutcome) -> Action {
        let verdict = budget.judge(outcome)
        if RetryBudget.isTransient(outcome) { cause = outcome }
        if case .wait = verdict, isPieced || phase == .asking, !isProven, phase != .starting {
            setbacks += 1
            if setbacks >= Self.mostSetbacks { return restartWhole(outcome) }
        }
        switch verdict {
        case .wait(let seconds): return .retry(seconds)
        case .stop: return .fail(outcome)
        case .tooLong(let seconds): return .tooLong(outcome, seconds)
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
