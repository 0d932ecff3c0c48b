import DerootBytes
import DerootOCI
import Synchronization
import Testing

@testable import DerootRegistry

@Suite("Credentials that expire")
struct RenewalTests {
    private static let bearer = #"Bearer realm="https://auth.corp/t",service="r""#
    private static let expired =
        #"{"errors":[{"code":"DENIED","message":"Your authorization token has expired."}]}"#

    /// Settings that give one secret after the other, as a helper does.
    private final class Helper: RegistrySettings {
        private let secrets: [String]
        private let turn = Mutex(0)

        init(_ secrets: [String]) { self.secrets = secrets }

        /// How often it was asked.
        var runs: Int { turn.withLock { $0 } }

        func endpoints(
            for name: ImageName, _ access: RegistryAccess
        ) throws(DerootError) -> [RegistryEndpoint] {
            [RegistryEndpoint(host: "r.corp", repository: name.repository)]
        }

        func credentials(
            for endpoint: RegistryEndpoint
        ) throws(DerootError) -> RegistryCredentials {
            let number = turn.withLock { turn in
                defer { turn += 1 }
                return turn
            }
            return .basic(user: "u", secret: secrets[min(number, secrets.count - 1)])
        }
    }

    private let clock = FakeClock()

    private func get(
        _ helper: Helper, _ transport: RuleTransport, _ method: HTTPRequest.Method = .get
    ) throws -> () throws -> Int? {
        var options = RegistryOptions()
        options.timekeeper = clock.timekeeper
        let client = RegistryClient(settings: helper, options: options, transport: transport)
        let endpoint = RegistryEndpoint(host: "r.corp", repository: "team/app")
        let request = HTTPRequest(method, try client.root(of: endpoint).at("/v2/team/app/x"))
        let need = Need(usual: [Scope(repository: "team/app", isPush: false)])
        return {
            try client.send(request, to: endpoint, need: need, repeats: true).response?.status
        }
    }

    /// A registry that takes one secret by Basic, and refuses others as it likes.
    private func basic(
        _ good: Box, refusing: @escaping @Sendable () -> HTTPResponse
    ) -> RuleTransport {
        RuleTransport { request, _ in
            let wanted = good.value.withLock { BasicAuthentication.header("u", $0) }
            if request.authorization == wanted { return .response(HTTPResponse(200)) }
            return .response(
                request.authorization == nil
                    ? HTTPResponse(401, [("www-authenticate", "Basic realm=x")]) : refusing())
        }
    }

    @Test(arguments: [401, 403]) func basicIsRenewed(_ status: Int) throws {
        let good = Box("one")
        let transport = basic(good) {
            status == 401
                ? HTTPResponse(401, [("www-authenticate", "Basic realm=x")])
                : HTTPResponse(403, body: Array(Self.expired.utf8))
        }
        let helper = Helper(["one", "two"])
        let get = try get(helper, transport)
        #expect(try get() == 200)
        good.value.withLock { $0 = "two" }
        #expect(try get() == 200)
        #expect(try get() == 200)
        #expect(helper.runs == 2)
        #expect(transport.sent.count == 5)
    }

    // As where another repository has asked the helper long ago.
    @Test func aFirstPasswordMayBeOld() throws {
        let transport = basic(Box("two")) {
            HTTPResponse(401, [("www-authenticate", "Basic realm=x")])
        }
        #expect(try get(Helper(["one", "two"]), transport)() == 200)
        #expect(transport.sent.count == 3)
    }

    @Test func wrongPasswordsAreSentOnce() throws {
        let transport = basic(Box("other")) {
            HTTPResponse(401, [("www-authenticate", "Basic realm=x")])
        }
        let helper = Helper(["one"])
        #expect(try get(helper, transport)() == 401)
        #expect(transport.sent.count == 2)
        #expect(helper.runs == 2)
    }

    @Test func helpersThatAlwaysSaySomethingElseAreBounded() throws {
        let transport = basic(Box("none")) {
            HTTPResponse(401, [("www-authenticate", "Basic realm=x")])
        }
        let helper = Helper((0..<100).map { "s\($0)" })
        #expect(try get(helper, transport)() == 401)
        #expect(transport.sent.count <= 4)
    }

    // The answer to a HEAD has no words.
    @Test func whatCannotSayWhyIsRenewed() throws {
        let good = Box("one")
        let helper = Helper(["one", "two"])
        let get = try get(helper, basic(good) { HTTPResponse(403) }, .head)
        #expect(try get() == 200)
        good.value.withLock { $0 = "two" }
        #expect(try get() == 200)
        #expect(helper.runs == 2)
    }

    @Test func aHelperWithoutNewsIsLeftInPeaceForAWhile() throws {
        let helper = Helper(["one"])
        let get = try get(helper, basic(Box("other")) { HTTPResponse(403) }, .head)
        for _ in 0..<5 { #expect(try get() == 403) }
        #expect(helper.runs == 2)
        clock.pass(61)
        #expect(try get() == 403)
        #expect(helper.runs == 3)
    }

    @Test func otherRefusalsRenewNothing() throws {
        let text = #"{"errors":[{"code":"DENIED","message":"not yours"}]}"#
        let transport = basic(Box("other")) { HTTPResponse(403, body: Array(text.utf8)) }
        let helper = Helper(["one", "two"])
        #expect(try get(helper, transport)() == 403)
        #expect(helper.runs == 1)
    }

    /// A token server that takes one secret, and a registry that takes its tokens.
    private func tokens(_ good: Box, refusing status: Int) -> RuleTransport {
        RuleTransport { request, _ in
            guard request.address.origin.host == "auth.corp" else {
                return .response(
                    request.authorization == "Bearer t"
                        ? HTTPResponse(200)
                        : HTTPResponse(401, [("www-authenticate", Self.bearer)]))
            }
            let wanted = good.value.withLock { BasicAuthentication.header("u", $0) }
            return .response(
                request.authorization == wanted
                    ? HTTPResponse(200, body: Array(#"{"token":"t","expires_in":60}"#.utf8))
                    : HTTPResponse(status))
        }
    }

    @Test(arguments: [401, 403]) func tokenServersGetNewOnes(_ status: Int) throws {
        let good = Box("one")
        let transport = tokens(good, refusing: status)
        let helper = Helper(["one", "two"])
        let get = try get(helper, transport)
        #expect(try get() == 200)
        good.value.withLock { $0 = "two" }
        clock.pass(61)
        #expect(try get() == 200)
        #expect(helper.runs == 2)
        #expect(transport.sent.count == 6)
    }

    @Test(arguments: [401, 403]) func tokenServersGetAWrongPasswordOnce(_ status: Int) throws {
        let transport = tokens(Box("other"), refusing: status)
        let helper = Helper(["one"])
        let error = #expect(throws: DerootError.self) { try get(helper, transport)() }
        #expect(error?.code == .denied)
        // `/v2/`, the token server, and the repository, which might be public.
        #expect(transport.sent.count == 3)
    }

    // Some refuse an old token and do not say again where the next one is to be had.
    @Test func anOldTokenIsReplacedWithoutAChallenge() throws {
        let counter = Mutex(0)
        let transport = RuleTransport { request, number in
            if request.address.origin.host == "auth.corp" {
                let count = counter.withLock { count in
                    count += 1
                    return count
                }
                return .response(
                    HTTPResponse(200, body: Array(#"{"token":"t\#(count)"}"#.utf8)))
            }
            guard number > 0 else {
                return .response(HTTPResponse(401, [("www-authenticate", Self.bearer)]))
            }
            let isOld = request.authorization == "Bearer t1" && number > 2
            return .response(HTTPResponse(isOld ? 401 : 200))
        }
        let get = try get(Helper(["one"]), transport)
        #expect(try get() == 200)
        #expect(try get() == 200)
        #expect(transport.sent.last?.request.authorization == "Bearer t2")
        #expect(transport.sent.count == 6)
    }
}

/// A value that tests change while others read it.
private final class Box: Sendable {
    let value: Mutex<String>

    init(_ value: String) { self.value = Mutex(value) }
}
