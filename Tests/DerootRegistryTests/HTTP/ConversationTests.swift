import DerootBytes
import Testing

@testable import DerootRegistry

@Suite("One request until its last answer")
struct ConversationTests {
    private let address: WebAddress
    private var options = RegistryOptions()

    init() throws {
        address = try WebAddress(parsing: "https://h/v2/")
        options.timekeeper.random = { 0 }
        options.timekeeper.now = { 0 }
    }

    private func start(authorization: String? = nil, retries: Bool = true) -> Conversation {
        Conversation(
            HTTPRequest(.get, address), authority: address.origin, authorization: authorization,
            budget: retries ? RetryBudget(options) : nil)
    }

    private func sent(_ action: Conversation.Action) throws -> HTTPRequest {
        guard case .send(let request) = action else {
            throw DerootError(.io, "nothing is sent: \(action)")
        }
        return request
    }

    @Test func sendsWhatIsKnown() throws {
        var conversation = start(authorization: "Bearer a")
        #expect(try sent(conversation.begin()).authorization == "Bearer a")
    }

    @Test func answersOneChallenge() throws {
        var conversation = start()
        #expect(try sent(conversation.begin()).authorization == nil)
        let challenge = HTTPResponse(401)
        guard case .authenticate = try conversation.receive(.response(challenge)) else {
            Issue.record("a challenge was not answered")
            return
        }
        #expect(try sent(conversation.authorize("Bearer b", after: challenge)).authorization != nil)
        guard case .finish(.response(let last)) = try conversation.receive(.response(challenge))
        else {
            Issue.record("a second refusal is the end")
            return
        }
        #expect(last.status == 401)
    }

    @Test func endsWhereThereIsNoAnswer() throws {
        var conversation = start()
        _ = conversation.begin()
        guard case .finish = conversation.authorize(nil, after: HTTPResponse(401)) else {
            Issue.record("nobody has credentials, and still something is sent")
            return
        }
    }

    // F01, and the way back: the registry's own host gets its credentials again.
    @Test func strangersGetNoCredentialsAndNoAnswer() throws {
        var conversation = start(authorization: "Bearer a")
        _ = conversation.begin()
        let redirect = HTTPResponse(307, [("location", "https://other/x")])
        let next = try sent(try conversation.receive(.response(redirect)))
        #expect(next.address.origin.host == "other")
        #expect(next.authorization == nil)
        guard case .finish = try conversation.receive(.response(HTTPResponse(401))) else {
            Issue.record("a stranger's challenge is answered")
            return
        }
        let back = HTTPResponse(307, [("location", "https://h/x")])
        #expect(try sent(try conversation.receive(.response(back))).authorization == "Bearer a")
    }

    @Test func redirectsEnd() throws {
        var conversation = start()
        _ = conversation.begin()
        let loop = HTTPResponse(302, [("location", "/v2/")])
        for _ in 0..<RedirectPolicy.most {
            _ = try sent(try conversation.receive(.response(loop)))
        }
        #expect(throws: DerootError.self) { try conversation.receive(.response(loop)) }
    }

    @Test func waitsAndStartsFromTheStart() throws {
        var conversation = start()
        _ = conversation.begin()
        _ = try conversation.receive(.response(HTTPResponse(307, [("location", "https://o/x")])))
        guard case .wait(0.5) = try conversation.receive(.response(HTTPResponse(503))) else {
            Issue.record("there is no wait")
            return
        }
        #expect(try sent(conversation.begin()).address == address)
    }

    @Test func withoutABudgetFailuresAreTheCallers() throws {
        var conversation = start(retries: false)
        _ = conversation.begin()
        guard case .finish = try conversation.receive(.failure(TransportFailure(.broken))) else {
            Issue.record("it is tried again")
            return
        }
    }

    @Test func givesUpOnTooLongWaits() throws {
        var conversation = start()
        _ = conversation.begin()
        let answer = HTTPResponse(429, [("retry-after", "100000")])
        guard case .giveUp(_, 100_000) = try conversation.receive(.response(answer)) else {
            Issue.record("it waits for a day")
            return
        }
    }
}
