import DerootBytes
import Synchronization

/// Answers the challenges of one endpoint and remembers the answers.
final class Authorizer: Sendable {
    private enum Scheme {
        case unknown
        case basic(String)
        /// With what the registry said last, so that an expired token is replaced unasked.
        case bearer(Asked)
    }

    /// A challenge, and who gave it.
    private struct Asked {
        let challenge: Challenge
        let registry: WebAddress.Origin
        let peer: PeerAddress?
    }

    /// A token server's refusal to somebody who was not asked by the repository.
    private struct Unheard {
        let error: DerootError
        let realm: String?
        let time: Double
    }

    private struct State {
        var scheme = Scheme.unknown
        /// Whether the scheme is the host's alone, and neither a repository nor a token has confirmed it.
        var isGuess = false
        var unheard: Unheard?
        var tokens = TokenCache()
        var credentials: RegistryCredentials?
        /// Special rights that were refused.
        var refused: Set<Scope> = []
        var isIntroduced = false
        /// When there were no other credentials than the refused ones.
        var fruitless: Double?
    }

    /// For how many seconds nobody is asked again who had no other credentials: helpers take their time.
    private static let pause = 60.0

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

    /// Whether there are credentials for the endpoint that count, as far as was asked for.
    var isAnonymous: Bool {
        state.withLock { $0.unheard != nil || $0.credentials ?? .anonymous == .anonymous }
    }

    /// Whether a special right is known to be refused.
    func isRefused(_ special: Scope) -> Bool { state.withLock { $0.refused.contains(special) } }

    /// Notes that a special right is not to be had.
    func refuse(_ special: Scope) { state.withLock { _ = $0.refused.insert(special) } }

    /// Learns how to say who we are, where we are somebody, before we are asked; `greeting` is how the
    /// registry refuses strangers.
    ///
    /// - Throws: What `greeting` throws, `.interrupted`.
    func introduce(
        to registry: WebAddress.Origin, greeting: () throws(DerootError) -> HTTPResponse?
    ) throws(DerootError) {
        guard !state.withLock(\.isIntroduced) else { return }
        try turn.withLock { (_) throws(DerootError) in
            guard !state.withLock(\.isIntroduced) else { return }
            do throws(DerootError) {
                guard try credentials() != .anonymous, let response = try greeting() else {
                    state.withLock { $0.isIntroduced = true }
                    return
                }
                let challenges = try Challenge.all(in: response)
                var scheme = scheme(challenges, response, registry, nil)
                if case .basic = scheme { scheme = try basic(nil).map(Scheme.basic) ?? .unknown }
                state.withLock { state in
                    state.scheme = scheme
                    state.isGuess = true
                }
            } catch  where error.code != .interrupted {
                // Where credentials are asked for, somebody learns why.
            }
            state.withLock { $0.isIntroduced = true }
        }
    }

    /// The header for a request that needs this: one that is known, or a new token where the
    /// registry is known to want one; a large body would else be sent in vain.
    ///
    /// A last word is worth no token but one with a right of its own: everybody waits for it then.
    ///
    /// - Throws: See `answer`.
    func header(
        for need: Need, isFarewell: Bool = false,
        send: (HTTPRequest) throws(DerootError) -> HTTPOutcome
    ) throws(DerootError) -> String? {
        if let known = known(for: need) { return known }
        guard !isFarewell || need.special != nil else { return nil }
        guard case .bearer = state.withLock({ $0.scheme }) else { return nil }
        return try turn.withLock { (_) throws(DerootError) -> String? in
            if let known = known(for: need) { return known }
            guard case .bearer(let asked) = state.withLock({ $0.scheme }) else { return nil }
            do throws(DerootError) {
                return "Bearer " + (try token(asked, need, send: send))
            } catch  where error.code == .denied && need.isPull && state.withLock(\.isGuess) {
                // Registries that ask at `/v2/` may still give to everybody what is public; where this one
                // does not, somebody learns why.
                let realm = asked.challenge.parameters["realm"]
                let unheard = Unheard(error: error, realm: realm, time: timekeeper.now())
                state.withLock { state in
                    state.scheme = .unknown
                    state.unheard = unheard
                }
                return nil
            }
        }
    }

    private func known(for need: Need) -> String? {
        let now = timekeeper.now()
        return state.withLock { state in
            switch state.scheme {
            case .unknown: nil
            case .basic(let header): header
            case .bearer: state.tokens.token(for: need, now: now).map { "Bearer \($0)" }
            }
        }
    }

    /// The header that answers a refusal; nil where we have nothing to answer.
    ///
    /// `refused` is what was sent, if anything; `send` carries the requests to the token server.
    ///
    /// - Throws: What the settings throw, what `send` throws, and see `TokenRequest`.
    func answer(
        _ response: HTTPResponse, from registry: WebAddress.Origin, need: Need,
        refused: String?, send: (HTTPRequest) throws(DerootError) -> HTTPOutcome
    ) throws(DerootError) -> String? {
        let challenges = try Challenge.all(in: response)
        return try turn.withLock { (_) throws(DerootError) -> String? in
            // Somebody else may have got one while we waited for our turn.
            if let known = known(for: need), known != refused { return known }
            if let refused, refused.hasPrefix("Bearer ") {
                state.withLock { $0.tokens.drop(String(refused.dropFirst(7))) }
            }
            switch scheme(challenges, response, registry, refused) {
            case .bearer(let asked):
                // A wrong password is not sent twice.
                if let unheard = state.withLock(\.unheard),
                    unheard.realm == asked.challenge.parameters["realm"],
                    abs(timekeeper.now() - unheard.time) < Self.pause
                {
                    throw unheard.error
                }
                let token = try token(asked, need, send: send)
                state.withLock { $0.scheme = .bearer(asked) }
                return "Bearer \(token)"
            case .basic:
                guard let header = try basic(refused) else { return nil }
                state.withLock { $0.scheme = .basic(header) }
                return header
            case .unknown: return nil
            }
        }
    }

    /// What an answer asks for; where it does not say so, as some that refuse an old token, what the
    /// registry asked for before.
    private func scheme(
        _ challenges: [Challenge], _ response: HTTPResponse, _ registry: WebAddress.Origin,
        _ refused: String?
    ) -> Scheme {
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            return .bearer(Asked(challenge: bearer, registry: registry, peer: response.peer))
        }
        if challenges.contains(where: { $0.scheme == "basic" }) { return .basic("") }
        return challenges.isEmpty && refused != nil ? state.withLock { $0.scheme } : .unknown
    }

    /// The header of a user's password, other than the one that was refused.
    private func basic(_ refused: String?) throws(DerootError) -> String? {
        let credentials = try credentials()
        guard case .basic(let user, let secret) = credentials else { return nil }
        let header = BasicAuthentication.header(user, secret)
        guard header == refused else { return header }
        guard case .basic(let user, let secret) = try renewed(credentials) else { return nil }
        return BasicAuthentication.header(user, secret)
    }

    private func credentials() throws(DerootError) -> RegistryCredentials {
        if let known = state.withLock({ $0.credentials }) { return known }
        let found = try settings.credentials(for: endpoint)
        state.withLock { $0.credentials = found }
        return found
    }

    /// Other credentials than those that were refused; nil where there are no others, so that a wrong
    /// password is not sent twice.
    ///
    /// What helpers give is good for an hour with gcloud, and for twelve with Amazon's.
    private func renewed(
        _ refused: RegistryCredentials
    ) throws(DerootError) -> RegistryCredentials? {
        let now = timekeeper.now()
        let wasAsked = state.withLock { $0.fruitless.map { abs(now - $0) < Self.pause } } ?? false
        guard refused != .anonymous, !wasAsked else { return nil }
        let found = try settings.credentials(for: endpoint, insteadOf: refused)
        guard found != refused else {
            state.withLock { $0.fruitless = now }
            return nil
        }
        state.withLock { state in
            state.credentials = found
            state.refused = []
        }
        return found
    }

    /// Asks the token server.
    private func token(
        _ asked: Asked, _ need: Need, send: (HTTPRequest) throws(DerootError) -> HTTPOutcome
    ) throws(DerootError) -> String {
        // Others may have heard while we waited for our turn.
        if let special = need.special, isRefused(special) {
            throw DerootError(.denied, "there is no token for \(special)")
        }
        let request = try TokenRequest(
            asked.challenge, from: asked.registry, peer: asked.peer,
            scopes: state.withLock { $0.tokens.union(with: need) })
        var credentials = try credentials()
        let now = timekeeper.now()
        var outcome = try outcome(request, credentials, send: send)
        // What is refused may be the special right alone, which is no reason to run a helper.
        if need.special == nil, [401, 403].contains(outcome.response?.status),
            let others = try renewed(credentials)
        {
            credentials = others
            outcome = try self.outcome(request, credentials, send: send)
        }
        guard let response = outcome.response, response.isSuccess else {
            if let special = need.special { refuse(special) }
            throw Refusal(
                outcome, host: request.realm.origin.shortHost, registry: endpoint.host,
                isAnonymous: credentials == .anonymous
            ).error("a token")
        }
        let answer = try TokenRequest.answer(response.body)
        state.withLock { state in
            state.isGuess = false
            state.unheard = nil
            state.tokens.keep(
                answer.token, request.scopes, isSpecial: need.special != nil,
                lifetime: answer.lifetime, now: now)
        }
        return answer.token
    }

    private func outcome(
        _ request: TokenRequest, _ credentials: RegistryCredentials,
        send: (HTTPRequest) throws(DerootError) -> HTTPOutcome
    ) throws(DerootError) -> HTTPOutcome {
        let outcome = try send(request.request(credentials))
        guard case .identityToken(let secret) = credentials, let status = outcome.response?.status,
            [400, 401, 404, 405].contains(status)
        else { return outcome }
        // Servers without OAuth2 take the token as a password (token.md); they answer POST with any
        // of these (containerd, core/remotes/docker/authorizer.go, `fetchToken`).
        let second = try send(request.request(.basic(user: "<token>", secret: secret)))
        guard let answer = second.response, answer.isSuccess || [401, 403].contains(answer.status)
        else { return outcome }
        return second
    }
}
