import DerootBytes
import Synchronization

/// Holds requests back: evenly spaced, paused together where a registry asks for it, and stopped
/// before the last pulls of a rate limit are used up.
///
/// Without I/O.
///
/// It is told the time and says how long to wait; all threads of a process ask the same one.
final class RequestGovernor: Sendable {
    /// What a request has to do first.
    enum Verdict: Equatable {
        /// Wait so many seconds, perhaps none, and go.
        case go(Double)
        /// Wait so many seconds, ask by HEAD how many pulls are left, and come back.
        case rest(Double)
    }

    private struct Host {
        /// When the next request may go.
        var next: Double = 0
        /// Until when nobody goes.
        var paused: Double = 0
        /// Pulls that were left when the last answer was made, as far as answers told.
        var remaining: UInt64?
        /// Pulls that were sent and not answered: those may not be counted there yet.
        var flying: UInt64 = 0
        /// Pulls that were answered, ever.
        var landed: UInt64 = 0
    }

    private let hosts = Mutex<[String: Host]>([:])

    /// How often it is looked in vain how many pulls are left, before the request goes all the same.
    static let mostLooks = 3

    /// Asks for a request, which is to `land` when it is over; `now` is in seconds.
    ///
    /// `mayUseReserve` is for one that has rested, and for which `look` says so.
    func admit(
        _ request: HTTPRequest, to name: String, _ pace: RequestPace, now: Double,
        mayUseReserve: Bool = false
    ) -> Verdict {
        hosts.withLock { hosts in
            var host = hosts[name] ?? Host()
            defer { hosts[name] = host }
            if Self.isPull(request) {
                // A pull that is on its way is not left any more, whatever the next answer says.
                if !mayUseReserve, let reserve = pace.reserve, let remaining = host.remaining,
                    remaining <= reserve + host.flying
                {
                    return .rest(pace.retry)
                }
                host.flying += 1
            }
            let start = max(now, host.next, host.paused)
            if let rate = pace.perSecond, rate > 0 { host.next = start + 1 / rate }
            return .go(start - now)
        }
    }

    /// Says that a request is over, with an answer or without one, and after `learn`.
    func land(_ request: HTTPRequest, at name: String) {
        guard Self.isPull(request) else { return }
        hosts.withLock { hosts in
            if let flying = hosts[name]?.flying, flying > 0 { hosts[name]?.flying = flying - 1 }
            hosts[name]?.landed += 1
        }
    }

    /// How many pulls of a host were answered, ever: asked before a look.
    func landed(at name: String) -> UInt64 { hosts.withLock { $0[name]?.landed ?? 0 } }

    /// Takes an answer; `longest` bounds the pause that a registry may ask for.
    func learn(_ outcome: HTTPOutcome, of name: String, now: Double, longest: Double) {
        guard let response = outcome.response else { return }
        let remaining = Self.remaining(response)
        let isBusy = response.status == 429 || response.status == 503
        let pause = isBusy ? RetryAfter.seconds(response, now: now) : nil
        hosts.withLock { hosts in
            // Answers overtake each other, so that the least counts until one is asked for.
            if let remaining {
                let known = hosts[name]?.remaining ?? .max
                hosts[name, default: Host()].remaining = min(known, remaining)
            }
            if let pause, pause > 0 {
                let until = now + min(pause, longest)
                hosts[name, default: Host()].paused = max(hosts[name]?.paused ?? 0, until)
            }
        }
    }

    /// Takes the answer to the HEAD of a request that has rested; gives whether the request may go, whatever
    /// is left.
    ///
    /// `landed` is what was told before the look: pulls that were answered since may not be counted in what it
    /// says. `number` counts the looks in a row that told nothing, from 1 where this is one. What was known counts
    /// no more where the answer tells, or is a success that tells nothing: the registry has stopped counting.
    /// A refusal tells nothing (Docker Hub's 401 has no header), and the request itself will be refused too,
    /// which is no pull. What may be otherwise soon is looked at again.
    func look(
        _ outcome: HTTPOutcome, at name: String, since landed: UInt64, now: Double,
        longest: Double, number: Int
    ) -> Bool {
        let response = outcome.response
        let remaining = response.flatMap(Self.remaining)
        if remaining != nil || response?.isSuccess ?? false {
            hosts.withLock { hosts in
                let meanwhile = (hosts[name]?.landed ?? 0) - landed
                hosts[name, default: Host()].remaining = remaining.map { $0 - min($0, meanwhile) }
            }
        }
        learn(outcome, of: name, now: now, longest: longest)
        guard remaining == nil else { return false }
        return number >= Self.mostLooks || !RetryBudget.isTransient(outcome)
    }

    /// Docker Hub counts GETs of manifests, and no HEADs (docs.docker.com, "Pull usage and limits").
    private static func isPull(_ request: HTTPRequest) -> Bool {
        request.method == .get && request.address.target.split(separator: "/").contains("manifests")
    }

    /// `RateLimit-Remaining: 76;w=21600`; nil where there is none.
    static func remaining(_ response: HTTPResponse) -> UInt64? {
        count(response, "ratelimit-remaining")
    }

    /// `RateLimit-Limit: 100;w=21600`: how many pulls there are at most; nil where it is not said.
    static func limit(_ response: HTTPResponse) -> UInt64? { count(response, "ratelimit-limit") }

    private static func count(_ response: HTTPResponse, _ name: String) -> UInt64? {
        response[name].flatMap { UInt64($0.trimmed.prefix { $0.isASCII && $0.isNumber }) }
    }
}
