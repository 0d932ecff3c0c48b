import DerootBytes
import Synchronization
import Testing

@testable import DerootRegistry

/// Rests before a stated rate limit, at a registry that wants tokens which expire meanwhile.
@Suite("looks at a rate limit")
struct RateLimitTests {
    private static let bearer = #"Bearer realm="https://auth.corp/t",service="r""#

    /// As Docker Hub: tokens for five minutes, a 401 without any figures, HEADs that cost nothing.
    private final class Hub: Sendable {
        struct State {
            var left = 3
            /// What was left after each pull.
            var pulls: [Int] = []
            /// Statuses of the next looks.
            var looks: [Int] = []
            /// When tokens expire.
            var tokens: [String: Double] = [:]
            var tokenCount = 0
            var rests = 0
            /// How many pulls there are at most.
            var limit = 100
        }

        let state = Mutex(State())
        let clock = FakeClock()

        func answer(_ request: HTTPRequest) -> HTTPResponse {
            let now = clock.timekeeper.now()
            return state.withLock { state in
                if request.address.origin.host == "auth.corp" {
                    state.tokenCount += 1
                    let text = "t\(state.tokenCount)"
                    state.tokens[text] = now + 300
                    return HTTPResponse(
                        200, body: Array(#"{"token":"\#(text)","expires_in":300}"#.utf8))
                }
                let token = request.authorization.map { String($0.dropFirst(7)) } ?? ""
                guard let expires = state.tokens[token], expires > now else {
                    return HTTPResponse(401, [("www-authenticate", RateLimitTests.bearer)])
                }
                if request.method == .head, !state.looks.isEmpty {
                    return HTTPResponse(state.looks.removeFirst())
                }
                if request.method == .get {
                    state.left -= 1
                    state.pulls.append(state.left)
                }
                return HTTPResponse(
                    200,
                    [
                        ("ratelimit-limit", "\(state.limit);w=21600"),
                        ("ratelimit-remaining", "\(state.left);w=21600"),
                    ])
            }
        }
    }

    private let hub = Hub()
    private let transport: RuleTransport
    private let client: RegistryClient
    private let endpoint = RegistryEndpoint(host: "r.corp", repository: "team/app")

    init() {
        transport = RuleTransport { [hub] request, _ in .response(hub.answer(request)) }
        var options = RegistryOptions()
        options.timekeeper = hub.clock.timekeeper
        var paces = RequestPaces()
        (paces.general.reserve, paces.general.retry) = (2, 900)
        options.paces = paces
        client = RegistryClient(
            settings: FixedSettings(endpoint: endpoint), options: options, transport: transport)
    }

    /// Pulls; `resting` is told how often it was rested so far, before the look.
    private func pull(
        resting: @escaping @Sendable (Int, inout Hub.State) -> Void = { (_, _) in }
    ) throws -> Int? {
        let client = client.observing { [hub] event in
            guard case .resting = event else { return }
            hub.state.withLock { state in
                state.rests += 1
                resting(state.rests, &state)
            }
        }
        let request = HTTPRequest(
            .get, try client.root(of: endpoint).at("/v2/team/app/manifests/1"))
        return try client.send(
            request, to: endpoint,
            need: Need(usual: [Scope(repository: "team/app", isPush: false)]), repeats: true
        ).response?.status
    }

    /// The requests after the first so many.
    private func requests(after count: Int) -> [String] {
        transport.sent[count...].map {
            "\($0.request.method.rawValue) \($0.request.address.origin.host)"
        }
    }

    /// What was left after each pull.
    private var pulls: [Int] { hub.state.withLock { $0.pulls } }

    @Test("a look has a token that is good, and the reserve is kept")
    func freshToken() throws {
        #expect(try pull() == 200)
        let count = transport.sent.count
        #expect(try pull { if $0 == 3 { $1.left = 100 } } == 200)
        #expect(pulls == [2, 99] && hub.clock.waits == [900, 900, 900])
        // Neither a look nor the pull after them was refused for its token.
        let look = ["GET auth.corp", "HEAD r.corp"]
        #expect(requests(after: count) == look + look + look + ["GET r.corp"])
    }

    @Test("a token that was taken back is replaced, once for each look")
    func revokedToken() throws {
        #expect(try pull() == 200)
        let count = transport.sent.count
        // It lives for longer than it is rested, and is refused all the same.
        hub.clock.pass(-700)
        #expect(
            try pull {
                $1.tokens = [:]
                if $0 == 2 { $1.left = 10 }
            } == 200)
        #expect(pulls == [2, 9])
        #expect(requests(after: count).count { $0 == "HEAD r.corp" } >= 3)
        #expect(requests(after: count).suffix(2) == ["HEAD r.corp", "GET r.corp"])
    }

    @Test("a refused look lets its own pull be refused too, and no other one go")
    func refusedLook() throws {
        #expect(try pull() == 200)
        #expect(try pull { $1.looks = [404] } == 200)
        #expect(hub.state.withLock { $0.rests } == 1)
        // What was known still counts.
        #expect(try pull { if $0 == 2 { $1.left = 10 } } == 200)
        #expect(hub.state.withLock { $0.rests } == 2 && pulls == [2, 1, 9])
    }

    @Test("a reserve that is as large as the limit is refused, and not waited for")
    func reserveOfAll() throws {
        #expect(try pull() == 200)
        let error = expectFailure(.limit) { () throws(DerootError) in
            do { _ = try pull { $1.limit = 2 } } catch let error as DerootError {
                throw error
            } catch {}
        }
        #expect(
            error?.description.contains("ratelimit.min") == true && error?.isOfTransport == true)
        #expect(pulls == [2] && hub.clock.waits == [900])
    }

    @Test("a look that fails is taken again, and not for ever")
    func failingLook() throws {
        #expect(try pull() == 200)
        // One that tells that nothing has changed is none in vain, however late the failures come.
        #expect(try pull { $1.looks = $0 < 3 ? [] : [$0 == 4 ? 429 : 503] } == 200)
        #expect(hub.clock.waits.filter { $0 == 900 }.count == 2 + RequestGovernor.mostLooks)
        #expect(pulls == [2, 1])
    }
}
