import DerootBytes
import Synchronization

/// Answers the challenges of one endpoint and remembers the answers.
final class Authorizer: Sendable {
    private enum Scheme {
        case unknown
        case basic(String)
        /// With what the registry said last, so that an expired token is replaced unasked.
        case bearer(Challenge, from: WebAddress.Origin, peer: PeerAddress?)
    }

    private struct State {
        var scheme = Scheme.unknown
        var tokens = TokenCache()
        var credentials: RegistryCredentials?
    }

    private let endpoint: RegistryEndpoint
    private let settings: any RegistrySettings
    private let timekeeper: Timekeeper
    private let state = Mutex(State())
    /// One thread at a time asks for credentials or tokens; the others use what it gets.
    private let turn = Mutex(())

    init(_ endpoint: RegistryEndpoint, _ settings: any RegistrySettings, _ timekeeper: Timekeeper) {
        self.endpoint = endpoint
        self.settings = settings
        self.timekeeper = timekeeper
    }

    /// Whether there are credentials for the endpoint, as far as was asked for.
    var isAnonymous: Bool { state.withLock { $0.credentials ?? .anonymous } == .anonymous }

    /// The header for a request that needs these scopes: one that is known, or a new token where the
    /// registry is known to want one; a large body would else be sent in vain.
    ///
    /// - Throws: See `answer`.
    func header(
        for scopes: [Scope], send: (HTTPRequest) throws(DerootError) -> HTTPOutcome
    ) throws(DerootError) -> String? {
        if let known = known(for: scopes) { return known }
        guard case .bearer(let challenge, let registry, let peer) = state.withLock({ $0.scheme })
        else { return nil }
        return try turn.withLock { (_) throws(DerootError) -> String? in
            if let known = known(for: scopes) { return known }
            let wanted = state.withLock { $0.tokens.union(with: scopes) }
            let request = try TokenRequest(
                challenge, from: registry, peer: peer, scopes: wanted)
            return "Bearer " + (try token(request, send: send))
        }
    }

    private func known(for scopes: [Scope]) -> String? {
        let now = timekeeper.now()
        return state.withLock { state in
            switch state.scheme {
            case .unknown: nil
            case .basic(let header): header
            case .bearer: state.tokens.token(for: scopes, now: now).map { "Bearer \($0)" }
            }
        }
    }

    /// The header that answers a refusal; nil where we have nothing to answer.
    ///
    /// `refused` is what was sent, if anything; `send` carries the requests to the token server.
    ///
    /// - Throws: What the settings throw, what `send` throws, and see `TokenRequest`.
    func answer(
        _ response: HTTPResponse, from registry: WebAddress.Origin, scopes: [Scope],
        refused: String?, send: (HTTPRequest) throws(DerootError) -> HTTPOutcome
    ) throws(DerootError) -> String? {
        let challenges = try Challenge.all(in: response)
        return try turn.withLock { (_) throws(DerootError) -> String? in
            // Somebody else may have got one while we waited for our turn.
            if let known = known(for: scopes), known != refused { return known }
            if let refused, refused.hasPrefix("Bearer ") {
                state.withLock { $0.tokens.drop(String(refused.dropFirst(7))) }
            }
            if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
                let wanted = state.withLock { $0.tokens.union(with: scopes) }
                let request = try TokenRequest(
                    bearer, from: registry, peer: response.peer, scopes: wanted)
                let token = try token(request, send: send)
                state.withLock { state in
                    state.scheme = .bearer(bearer, from: registry, peer: response.peer)
                }
                return "Bearer \(token)"
            }
            if challenges.contains(where: { $0.scheme == "basic" }),
                case .basic(let user, let secret) = try credentials()
            {
                let header = BasicAuthentication.header(user, secret)
                guard header != refused else { return nil }
                state.withLock { $0.scheme = .basic(header) }
                return header
            }
            return nil
        }
    }

    private func credentials() throws(DerootError) -> RegistryCredentials {
        if let known = state.withLock({ $0.credentials }) { return known }
        let found = try settings.credentials(for: endpoint)
        state.withLock { $0.credentials = found }
        return found
    }

    private func token(
        _ request: TokenRequest, send: (HTTPRequest) throws(DerootError) -> HTTPOutcome
    ) throws(DerootError) -> String {
        let credentials = try credentials()
        let now = timekeeper.now()
        var outcome = try send(request.request(credentials))
        if case .identityToken(let secret) = credentials, let status = outcome.response?.status,
            status == 404 || status == 405
        {
            // Servers without OAuth2 take the token as a password (token.md).
            outcome = try send(request.request(.basic(user: "<token>", secret: secret)))
        }
        guard let response = outcome.response, response.isSuccess else {
            throw Refusal(
                outcome, host: request.realm.origin.shortHost, registry: endpoint.host,
                isAnonymous: credentials == .anonymous
            ).error("a token")
        }
        let answer = try TokenRequest.answer(response.body)
        state.withLock { state in
            state.tokens.keep(
                answer.token, request.scopes, lifetime: answer.lifetime, now: now)
        }
        return answer.token
    }
}
