import DerootBytes
import Glibc

/// How often and how late something is tried again (F08, F09, F10).
///
/// Six tries with doubling waits and jitter by default; a server's Retry-After goes first, up to a
/// limit. Permanent refusals are never tried again.
struct RetryBudget {
    /// What is to be done.
    enum Verdict: Equatable {
        /// Wait so many seconds and try again.
        case wait(Double)
        /// Take the outcome as it is.
        case stop
        /// The server asks for more patience than we have: so many seconds.
        case tooLong(Double)
    }

    private let options: RegistryOptions
    private var failures = 0

    init(_ options: RegistryOptions) { self.options = options }

    /// Takes an outcome; everything that is no transient failure stops.
    mutating func judge(_ outcome: HTTPOutcome) -> Verdict {
        guard let most = Self.tries(outcome, options.tries) else { return .stop }
        failures += 1
        guard failures < most else { return .stop }
        let now = options.timekeeper.now()
        let random = options.timekeeper.random()
        if let wanted = outcome.response.flatMap({ RetryAfter.seconds($0, now: now) }), wanted > 0 {
            guard wanted <= options.longestWait else { return .tooLong(wanted) }
            // All who were turned away together shall not come back together.
            return .wait(wanted + random)
        }
        var base = min(options.firstWait, 60)
        for _ in 1..<failures { base = min(base * 2, 60) }
        return .wait(min(base * (0.5 + random / 2), options.longestWait))
    }

    /// Says that there was progress, so that the failures before count no more.
    mutating func progressed() { failures = 0 }

    /// Whether an outcome may be another one when tried again.
    static func isTransient(_ outcome: HTTPOutcome) -> Bool { tries(outcome, 6) != nil }

    private static func tries(_ outcome: HTTPOutcome, _ tries: Int) -> Int? {
        switch outcome {
        case .response(let response):
            switch response.status {
            // 499 and 52x are of proxies whose server did not answer them (nginx, Cloudflare).
            case 408, 429, 499, 500, 502...504, 520...524, 530: return tries
            default: return nil
            }
        case .failure(let failure):
            switch failure.kind {
            case .broken, .stalled: return tries
            // More often a mistake than a restart, so that patience would be in the way.
            case .refused, .noSuchHost: return min(tries, 3)
            case .handshake, .certificate, .nonsense: return nil
            }
        }
    }
}

/// The Retry-After header (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// Seconds to wait from now; nil where the answer says nothing that can be read.
    static func seconds(_ response: HTTPResponse, now: Double) -> Double? {
        guard let text = response["retry-after"]?.trimmed, !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // Docker Hub has said when, in seconds since 1970 (docker/hub-feedback#2459).
            return Double(text).map { $0 >= 1e9 ? max(0, min($0, 1e12) - now) : $0 }
        }
        return date(text).map { max(0, $0 - now) }
    }

    /// Seconds since 1970 of an HTTP date in its one preferred form, `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func date(_ text: String) -> Double? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", parts[0].hasSuffix(","),
            let day = Int32(parts[1]), let year = Int32(parts[3]),
            let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3, (1970...9999).contains(year), (1...31).contains(day),
            (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        var time = unsafe tm()
        unsafe time.tm_year = year - 1900
        unsafe time.tm_mon = Int32(month)
        unsafe time.tm_mday = day
        unsafe (time.tm_hour, time.tm_min, time.tm_sec) = (clock[0], clock[1], clock[2])
        return Double(unsafe timegm(&time))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
