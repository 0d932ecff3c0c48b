import DerootBytes
import DerootOCI
import Synchronization
import Testing

@testable import DerootRegistry

@Suite("Special rights")
struct RightsTests {
    private static let bearer = #"Bearer realm="https://auth.corp/t",service="r""#
    private let digest = Digest.of(Array("x".utf8))

    /// A token server that gives `good` for what contains a text and `usual` for all else, or refuses
    /// that; and a registry that answers the good one.
    private func transport(
        _ right: String, refuses: Bool = false, _ answer: HTTPResponse
    ) -> RuleTransport {
        RuleTransport { request, _ in
            if request.address.origin.host == "auth.corp" {
                let isGood = request.address.target.contains(right)
                if isGood, refuses { return .response(HTTPResponse(403)) }
                let text = #"{"token":"\#(isGood ? "good" : "usual")"}"#
                return .response(HTTPResponse(200, body: Array(text.utf8)))
            }
            if request.authorization == (refuses ? "Bearer usual" : "Bearer good") {
                return .response(answer)
            }
            return .response(HTTPResponse(401, [("www-authenticate", Self.bearer)]))
        }
    }

    private func client(_ transport: RuleTransport) -> RegistryClient {
        var options = RegistryOptions()
        options.timekeeper.sleep = { (_, _) throws(DerootError) in try Interruption.check() }
        return RegistryClient(settings: DefaultSettings(), options: options, transport: transport)
    }

    private func repository(_ client: RegistryClient) throws -> RegistryRepository {
        try RegistryRepository(ImageName(parsing: "r.corp/team/app:x"), .write, client: client)
    }

    private func asked(_ transport: RuleTransport) -> [String] {
        transport.sent.filter { $0.request.address.origin.host == "auth.corp" }.map(\.line)
    }

    @Test func theListOfRepositoriesHasAScopeOfItsOwn() throws {
        let body = Array(#"{"repositories":["a/b"]}"#.utf8)
        let transport = transport("registry%3Acatalog%3A%2A", HTTPResponse(200, body: body))
        #expect(try RegistryRepository.catalog(of: "r.corp", client: client(transport)) == ["a/b"])
        #expect(
            asked(transport) == ["GET https://auth.corp/t?service=r&scope=registry%3Acatalog%3A%2A"]
        )
    }

    @Test func theListOfRepositoriesIsInNoRepository() throws {
        let transport = RuleTransport { _, _ in .response(HTTPResponse(404)) }
        let error = failure { () throws(DerootError) in
            _ = try RegistryRepository.catalog(of: "r.corp", client: client(transport))
        }
        #expect(error?.message == "r.corp does not have the list of repositories")
    }

    @Test func deletingNeedsARightOfItsOwn() throws {
        let transport = transport("delete", HTTPResponse(202))
        #expect(try repository(client(transport)).delete(digest).isGone)
        #expect(asked(transport).count == 1)
        #expect(asked(transport)[0].hasSuffix("repository%3Ateam%2Fapp%3Apull%2Cpush%2Cdelete"))
    }

    // Some take the right to push for it, and know no other.
    @Test func deletingGoesOnWithTheUsualRights() throws {
        let transport = transport("delete", refuses: true, HTTPResponse(202))
        let repository = try repository(client(transport))
        for _ in 0..<3 {
            let isGone = try repository.delete(digest).isGone
            #expect(isGone)
        }
        #expect(asked(transport).filter { $0.contains("delete") }.count == 1)
        #expect(asked(transport).count == 2)
    }

    @Test func manyAtOnceAskOnce() throws {
        let transport = transport("other", refuses: true, HTTPResponse(404))
        let repository = try Repository(
            RegistryEndpoint(host: "r.corp", repository: "team/app"), .write,
            client: client(transport))
        #expect(try repository.blobSize(digest) == nil)
        let answers = (0..<8).map { _ in
            Background { [digest] in
                Result { () throws(DerootError) in
                    try repository.mount(digest, from: "other", repeats: true) == nil
                }
            }
        }
        for answer in answers { #expect(try answer.value().get()) }
        #expect(asked(transport).filter { $0.contains("other") }.count == 1)
    }

    @Test(arguments: [
        (401, DerootError.Code.denied), (403, .denied), (412, .unsupported), (400, .unsupported),
    ])
    func deletingMayBeRefused(_ status: Int, _ code: DerootError.Code) throws {
        let transport = RuleTransport { _, _ in .response(HTTPResponse(status)) }
        let repository = try repository(client(transport))
        let error = failure { () throws(DerootError) in _ = try repository.delete(digest) }
        #expect(error?.code == code)
    }

    @Test(arguments: [405, 501])
    func deletingMayBeImpossible(_ status: Int) throws {
        let transport = RuleTransport { _, _ in .response(HTTPResponse(status)) }
        guard case .impossible(let error) = try repository(client(transport)).delete(digest) else {
            Issue.record("it should be impossible")
            return
        }
        #expect(error.code == .unsupported)
    }

    @Test func nothingIsDeletedTwice() throws {
        let transport = RuleTransport { _, _ in .response(HTTPResponse(404)) }
        let isGone = try repository(client(transport)).delete(digest).isGone
        #expect(!isGone)
    }

    /// Requests after a first one that was let in, and a farewell.
    private func farewell(
        refusesToken: Bool, gives status: Int
    ) throws -> (sent: [RuleTransport.Sent], later: [RuleTransport.Sent]) {
        let transport = RuleTransport { request, _ in
            if request.address.origin.host == "auth.corp" {
                if refusesToken, request.address.target.contains("delete") {
                    return .response(HTTPResponse(403))
                }
                return .response(HTTPResponse(200, body: Array(#"{"token":"t"}"#.utf8)))
            }
            if request.method == .delete {
                return .response(HTTPResponse(status, [("www-authenticate", Self.bearer)]))
            }
            return .response(
                request.authorization == "Bearer t"
                    ? HTTPResponse(404) : HTTPResponse(401, [("www-authenticate", Self.bearer)]))
        }
        let endpoint = RegistryEndpoint(host: "r.corp", repository: "team/app")
        let repository = try Repository(endpoint, .write, client: client(transport))
        _ = try repository.blobSize(digest)
        let before = transport.sent.count
        repository.cancel(UploadPlace(try WebAddress(parsing: "https://r.corp/v2/team/app/u/1")))
        let between = transport.sent.count
        _ = try repository.blobSize(digest)
        return (Array(transport.sent[before..<between]), Array(transport.sent[between...]))
    }

    @Test(arguments: [true, false], [202, 401])
    func farewellsCostOneRequestMoreAtMost(_ refusesToken: Bool, _ status: Int) throws {
        let (sent, later) = try farewell(refusesToken: refusesToken, gives: status)
        #expect(sent.map(\.request.method) == [.get, .delete])
        #expect(sent.allSatisfy { $0.request.isFarewell })
        #expect(sent.last?.request.authorization == "Bearer t")
        #expect(later.map(\.request.method) == [.head], "the good token is still there")
    }

    // Ctrl-C has two seconds for all of them, and each request may take one.
    @Test func farewellsDoNotWaitForTokenServers() throws {
        let clock = FakeClock()
        let isOver = Mutex(false)
        let transport = RuleTransport { request, _ in
            if request.address.origin.host == "auth.corp" {
                if isOver.withLock({ $0 }) { return .failure(TransportFailure(.stalled)) }
                return .response(HTTPResponse(200, body: Array(#"{"token":"t"}"#.utf8)))
            }
            return .response(
                request.authorization == "Bearer t"
                    ? HTTPResponse(404) : HTTPResponse(401, [("www-authenticate", Self.bearer)]))
        }
        var options = RegistryOptions()
        options.timekeeper = clock.timekeeper
        let endpoint = RegistryEndpoint(host: "r.corp", repository: "team/app")
        let client = RegistryClient(
            settings: FixedSettings(endpoint: endpoint), options: options, transport: transport)
        let repository = try Repository(endpoint, .write, client: client)
        _ = try repository.blobSize(digest)
        clock.pass(61)
        isOver.withLock { $0 = true }
        let before = transport.sent.count
        for number in 0..<3 {
            repository.cancel(
                UploadPlace(try WebAddress(parsing: "https://r.corp/v2/team/app/u/\(number)")))
        }
        let hosts = transport.sent[before...].map(\.request.address.origin.host)
        #expect(hosts == ["auth.corp", "r.corp", "r.corp", "r.corp"])
    }
}
