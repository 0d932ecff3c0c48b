import DerootBytes
import Testing

@testable import DerootRegistry

@Suite("Tries")
struct RetryTests {
    private static func options(random: Double = 0, now: Double = 784_111_777) -> RegistryOptions {
        var options = RegistryOptions()
        options.timekeeper.now = { now }
        options.timekeeper.random = { random }
        return options
    }

    private static func verdicts(
        _ outcome: HTTPOutcome, random: Double = 0, count: Int = 8
    ) -> [RetryBudget.Verdict] {
        var budget = RetryBudget(options(random: random))
        var verdicts: [RetryBudget.Verdict] = []
        for _ in 0..<count {
            verdicts.append(budget.judge(outcome))
            if verdicts.last == .stop { break }
        }
        return verdicts
    }

    @Test(arguments: [408, 429, 500, 502, 503, 504])
    func transientStatus(_ status: Int) {
        #expect(
            Self.verdicts(.response(HTTPResponse(status))) == [
                .wait(0.5), .wait(1), .wait(2), .wait(4), .wait(8), .stop,
            ])
    }

    @Test(arguments: [200, 201, 307, 400, 401, 403, 404, 405, 413, 416, 422, 501, 505])
    func permanentStatus(_ status: Int) {
        #expect(Self.verdicts(.response(HTTPResponse(status))) == [.stop])
    }

    @Test(arguments: [
        (TransportFailure.Kind.broken, 6), (.stalled, 6), (.refused, 3), (.noSuchHost, 3),
        (.certificate, 1), (.handshake, 1), (.nonsense, 1),
    ])
    func failures(_ kind: TransportFailure.Kind, _ tries: Int) {
        #expect(Self.verdicts(.failure(TransportFailure(kind))).count == tries)
    }

    @Test func jitterSpreadsWaits() {
        #expect(Self.verdicts(.response(HTTPResponse(503)), random: 0.5).first == .wait(0.75))
    }

    @Test func waitsDoNotGrowForEver() {
        var options = Self.options()
        options.tries = 100
        var budget = RetryBudget(options)
        var last = RetryBudget.Verdict.stop
        for _ in 0..<50 { last = budget.judge(.failure(TransportFailure(.broken))) }
        #expect(last == .wait(30))
    }

    @Test func progressForgetsFailures() {
        var budget = RetryBudget(Self.options())
        for _ in 0..<40 {
            #expect(budget.judge(.failure(TransportFailure(.broken))) != .stop)
            budget.progressed()
        }
    }

    // F08; the clock of the tests stands at the date's second.
    @Test(arguments: [
        ("7", RetryBudget.Verdict.wait(7)), ("0", .wait(0.5)), ("300", .wait(300)),
        ("301", .tooLong(301)), ("999999999", .tooLong(999_999_999)),
        // Seconds since 1970.
        ("1000000000", .tooLong(215_888_223)),
        ("99999999999999999999999999", .tooLong(1e12 - 784_111_777)), ("-5", .wait(0.5)),
        ("soon", .wait(0.5)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", .wait(0.5)),
        ("Sun, 06 Nov 1994 08:49:57 GMT", .wait(20)),
        ("Sun, 06 Nov 2094 08:49:37 GMT", .tooLong(3_155_760_000)),
        ("Sun, 06 Nov 1994 08:49:37 CET", .wait(0.5)), ("", .wait(0.5)),
    ])
    func retryAfter(_ text: String, _ verdict: RetryBudget.Verdict) {
        let response = HTTPResponse(429, [("retry-after", text)])
        var budget = RetryBudget(Self.options())
        #expect(budget.judge(.response(response)) == verdict)
    }

    @Test(arguments: [
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994",
        "06 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
    ])
    func isNoDate(_ text: String) { #expect(RetryAfter.date(text) == nil) }

    @Test func date() { #expect(RetryAfter.date("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777) }
}
