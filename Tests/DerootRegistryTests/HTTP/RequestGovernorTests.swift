import DerootBytes
import Testing

@testable import DerootRegistry

@Suite("Holding requests back")
struct RequestGovernorTests {
    private let governor = RequestGovernor()

    private func request(
        _ method: HTTPRequest.Method = .get, _ path: String = "/v2/a/manifests/1"
    ) throws -> HTTPRequest {
        HTTPRequest(method, try WebAddress(.https, host: "r.io").at(path))
    }

    private func admit(
        _ request: HTTPRequest, _ pace: RequestPace = RequestPace(), now: Double = 100,
        host: String = "r.io"
    ) -> RequestGovernor.Verdict { governor.admit(request, to: host, pace, now: now) }

    private func learn(
        _ status: Int, _ fields: [(name: String, value: String)], now: Double = 100
    ) {
        governor.learn(
            .response(HTTPResponse(status, fields)), of: "r.io", now: now, longest: 300)
    }

    private func look(
        _ status: Int, _ fields: [(name: String, value: String)] = [], number: Int = 1,
        since landed: UInt64? = nil
    ) -> Bool {
        governor.look(
            .response(HTTPResponse(status, fields)), at: "r.io",
            since: landed ?? governor.landed(at: "r.io"), now: 100, longest: 300,
            number: number)
    }

    @Test("requests are evenly spaced, host by host")
    func spacing() throws {
        var pace = RequestPace()
        pace.perSecond = 4
        let request = try request()
        #expect(admit(request, pace) == .go(0))
        #expect(admit(request, pace) == .go(0.25))
        #expect(admit(request, pace) == .go(0.5))
        #expect(admit(request, pace, host: "other.io") == .go(0))
        // Time that nobody used is not made up for.
        #expect(admit(request, pace, now: 200) == .go(0))
        #expect(admit(request, pace, now: 200) == .go(0.25))
    }

    @Test("a Retry-After holds all requests back, up to the longest wait")
    func pause() throws {
        learn(429, [("retry-after", "30")])
        #expect(admit(try request(.put, "/v2/b/blobs/uploads/1"), now: 110) == .go(20))
        #expect(admit(try request(), now: 131) == .go(0))
        learn(503, [("retry-after", "9999")], now: 131)
        #expect(admit(try request(), now: 131) == .go(300))
        // A refusal of another kind asks for nothing.
        learn(404, [("retry-after", "9999")], now: 500)
        #expect(admit(try request(), now: 500) == .go(0))
    }

    @Test("pulls stop before the reserve is used, and nothing else does")
    func reserve() throws {
        var pace = RequestPace()
        (pace.reserve, pace.retry) = (2, 60)
        #expect(admit(try request(), pace) == .go(0))
        learn(200, [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "4;w=21600")])
        governor.land(try request(), at: "r.io")
        // Two may go, although no answer has told of the first yet.
        #expect(admit(try request(), pace) == .go(0))
        #expect(admit(try request(), pace) == .go(0))
        #expect(admit(try request(), pace) == .rest(60))
        #expect(admit(try request(.head), pace) == .go(0))
        #expect(admit(try request(.get, "/v2/a/blobs/sha256:0"), pace) == .go(0))
        #expect(admit(try request(.put), pace) == .go(0))
        // An answer tells nothing of those that are still on their way, nor does one that was overtaken.
        learn(200, [("ratelimit-remaining", "3")])
        governor.land(try request(), at: "r.io")
        #expect(admit(try request(), pace) == .rest(60))
        learn(200, [("ratelimit-remaining", "4")])
        governor.land(try request(), at: "r.io")
        #expect(admit(try request(), pace) == .go(0))
        #expect(admit(try request(), pace) == .rest(60))
        #expect(!look(200, [("ratelimit-remaining", "50")]))
        #expect(admit(try request(), pace) == .go(0))
        // A registry that stops counting is not waited for.
        learn(200, [("ratelimit-remaining", "1")])
        #expect(admit(try request(), pace) == .rest(60))
        _ = look(200)
        #expect(admit(try request(), pace) == .go(0))
    }

    @Test("a look that was overtaken by pulls does not know of them")
    func overtakenLook() throws {
        var pace = RequestPace()
        (pace.reserve, pace.retry) = (2, 60)
        for _ in 0..<3 { #expect(admit(try request(), pace) == .go(0)) }
        let before = governor.landed(at: "r.io")
        for _ in 0..<3 { governor.land(try request(), at: "r.io") }
        #expect(!look(200, [("ratelimit-remaining", "5")], since: before))
        #expect(admit(try request(), pace) == .rest(60))
        // The next one does.
        #expect(!look(200, [("ratelimit-remaining", "3")]))
        #expect(admit(try request(), pace) == .go(0))
        #expect(admit(try request(), pace) == .rest(60))
        #expect(!look(200, [("ratelimit-remaining", "1")], since: 0))
        #expect(admit(try request(), pace) == .rest(60))
    }

    @Test("a refused look forgets nothing: who looked goes, the others rest")
    func refusedLook() throws {
        var pace = RequestPace()
        (pace.reserve, pace.retry) = (2, 60)
        learn(200, [("ratelimit-remaining", "2")])
        for status in [401, 403, 404] {
            #expect(look(status))
            #expect(admit(try request(), pace) == .rest(60))
        }
        #expect(
            governor.admit(
                try request(), to: "r.io", pace, now: 100, mayUseReserve: true) == .go(0))
        #expect(admit(try request(), pace) == .rest(60))
        // What may be otherwise soon is looked at again, and not for ever.
        for status in [429, 503] {
            #expect(!look(status, number: RequestGovernor.mostLooks - 1))
            #expect(look(status, number: RequestGovernor.mostLooks))
            #expect(admit(try request(), pace) == .rest(60))
        }
        #expect(!look(429, [("ratelimit-remaining", "0")], number: RequestGovernor.mostLooks))
    }

    @Test(
        "what is left is read as Docker Hub writes it",
        arguments: [("76;w=21600", 76), ("0", 0), (" 5 ", 5), ("x", nil), ("", nil), ("-1", nil)]
            as [(String, UInt64?)])
    func header(_ text: String, _ expected: UInt64?) {
        #expect(
            RequestGovernor.remaining(HTTPResponse(200, [("ratelimit-remaining", text)]))
                == expected)
    }
}
