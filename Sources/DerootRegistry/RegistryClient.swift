package import DerootBytes
package import DerootOCI
import Synchronization

/// Talks to registries: one for a command, used by all of its threads.
package final class RegistryClient: Sendable {
    let settings: any RegistrySettings
    let options: RegistryOptions
    let transport: any HTTPTransport
    private let curl: CurlTransport?
    private let shared: Shared
    let governor: RequestGovernor

    /// What clients of one command have in common.
    private final class Shared: Sendable {
        let authorizers = Mutex<[RegistryEndpoint: Authorizer]>([:])
        /// How hosts are spoken to that need not prove who they are.
        let schemes = Mutex<[String: WebAddress.Scheme]>([:])
        /// One thread at a time finds out how a host is spoken to.
        let probe = Mutex(())
        let greetings = Greetings()
        let places = BlobPlaces()
        let endpoints = Mutex<[EndpointKey: RegistryEndpoint]>([:])
        /// Hosts that take no types of artifacts but those that they know.
        let strictHosts = Mutex<Set<String>>([])
    }

    private struct EndpointKey: Hashable {
        let name: String
        let access: RegistryAccess
    }

    /// Makes a client; nothing is sent yet.
    package convenience init(
        settings: any RegistrySettings, options: RegistryOptions = RegistryOptions()
    ) {
        let curl = CurlTransport(options)
        self.init(
            settings: settings, options: options, transport: curl, curl: curl, shared: Shared(),
            governor: RequestGovernor())
    }

    /// Makes a client that speaks through something else than libcurl, for tests.
    package convenience init(
        settings: any RegistrySettings, options: RegistryOptions, transport: any HTTPTransport
    ) {
        self.init(
            settings: settings, options: options, transport: transport, curl: nil, shared: Shared(),
            governor: RequestGovernor())
    }

    private init(
        settings: any RegistrySettings, options: RegistryOptions, transport: any HTTPTransport,
        curl: CurlTransport?, shared: Shared, governor: RequestGovernor
    ) {
        self.settings = settings
        self.options = options
        self.transport = transport
        self.curl = curl
        self.shared = shared
        self.governor = governor
    }

    /// The same client, its connections and tokens included, which tells somebody else what happens.
    package func observing(_ observer: @escaping TransferObserver) -> RegistryClient {
        var options = options
        options.observer = observer
        return RegistryClient(
            settings: settings, options: options, transport: transport, curl: curl, shared: shared,
            governor: governor)
    }

    /// The same client, which keeps to these paces from now on; together with another one, so that
    /// a registry that both talk to is asked no faster.
    package func paced(
        _ paces: RequestPaces, with other: RegistryClient? = nil
    ) -> RegistryClient {
        var options = options
        options.paces = paces
        return RegistryClient(
            settings: settings, options: options, transport: transport, curl: curl, shared: shared,
            governor: other?.governor ?? governor)
    }

    /// Where blobs were put, so that other repositories of the same registry can take them from there.
    var places: BlobPlaces { shared.places }

    /// Notes that a repository has a blob, under the host that the registry's API has.
    ///
    /// - Throws: What the settings throw.
    package func note(_ digest: Digest, isIn name: ImageName) throws(DerootError) {
        guard let endpoint = try registry(of: name, .write) else { return }
        places.note(digest, at: endpoint)
    }

    /// Whether a host has refused an artifact for its types.
    func isStrict(_ host: String) -> Bool { shared.strictHosts.withLock { $0.contains(host) } }

    /// Remembers that a host refuses artifacts for their types.
    func noteStrict(_ host: String) { shared.strictHosts.withLock { _ = $0.insert(host) } }

    /// Bytes of bodies that came from registries, documents and blobs alike.
    package var bytesReceived: UInt64 { curl?.moved.received ?? 0 }

    /// Bytes of bodies that were sent to registries.
    package var bytesSent: UInt64 { curl?.moved.sent ?? 0 }

    /// Where a repository is, mirrors left aside, as the settings said when they were first asked.
    func registry(
        of name: ImageName, _ access: RegistryAccess
    ) throws(DerootError) -> RegistryEndpoint? {
        let key = EndpointKey(name: name.name, access: access)
        if let known = shared.endpoints.withLock({ $0[key] }) { return known }
        let found = try settings.endpoints(for: name, access).last
        shared.endpoints.withLock { $0[key] = found }
        return found
    }

    /// Who answers challenges for an endpoint.
    func authorizer(for endpoint: RegistryEndpoint) -> Authorizer {
        shared.authorizers.withLock { known in
            if let authorizer = known[endpoint] { return authorizer }
            let authorizer = Authorizer(endpoint, settings, options.timekeeper)
            known[endpoint] = authorizer
            return authorizer
        }
    }

    /// The root of an endpoint's API.
    ///
    /// TLS always, except where certificates are not verified and there is no TLS at all: then plain
    /// HTTP, as podman does with insecure registries.
    ///
    /// - Throws: `.malformed` for a host that is none, `.interrupted`.
    func root(of endpoint: RegistryEndpoint) throws(DerootError) -> WebAddress {
        let secure = try WebAddress(.https, host: endpoint.host)
        guard !endpoint.trust.verifies else { return secure }
        let scheme = try shared.probe.withLock { (_) throws(DerootError) -> WebAddress.Scheme in
            if let known = shared.schemes.withLock({ $0[endpoint.host] }) { return known }
            let request = HTTPRequest(.get, secure.at("/v2/"))
            let outcome = try transport.exchange(request, trust: endpoint.trust, receiver: nil)
            var scheme = WebAddress.Scheme.https
            if case .failure(let failure) = outcome,
                [.handshake, .refused, .broken, .nonsense].contains(failure.kind)
            {
                scheme = .http
            }
            shared.schemes.withLock { $0[endpoint.host] = scheme }
            shared.greetings.note(outcome, of: secure.origin, endpoint.trust)
            return scheme
        }
        return try WebAddress(scheme, host: endpoint.host)
    }

    /// Sends a request and does all that a conversation needs: redirects, tokens, tries.
    ///
    /// The answer may be a refusal; without tries a failure is one too. `repeats` says whether the
    /// request may be sent again after a failure.
    ///
    /// - Throws: `.hostile`, `.limit`, `.malformed`, `.interrupted`, `.transient` for a server that
    ///   wants us to wait for too long, what the settings and the receiver throw, `.denied` and others
    ///   where a token server refuses; all of it of the transport, whatever it is called.
    func send(
        _ request: HTTPRequest, to endpoint: RegistryEndpoint, need: Need, repeats: Bool,
        receiver: HTTPReceiver? = nil
    ) throws(DerootError) -> HTTPOutcome {
        do throws(DerootError) {
            return try converse(request, endpoint, need, repeats: repeats, receiver)
        } catch { throw error.ofTransport }
    }

    private func converse(
        _ request: HTTPRequest, _ endpoint: RegistryEndpoint, _ need: Need, repeats: Bool,
        _ receiver: HTTPReceiver?
    ) throws(DerootError) -> HTTPOutcome {
        let authorizer = authorizer(for: endpoint)
        let root = try root(of: endpoint)
        let authority = root.origin
        let isFarewell = request.isFarewell
        let ask = { (request: HTTPRequest) throws(DerootError) -> HTTPOutcome in
            try self.sendToRealm(request, endpoint, authority, isFarewell: isFarewell)
        }
        if !isFarewell {
            try authorizer.introduce(to: authority) { () throws(DerootError) in
                try shared.greetings.refusal(of: authority, endpoint.trust) {
                    () throws(DerootError) in try greet(root, endpoint)
                }
            }
        }
        var header = try authorizer.header(for: need, isFarewell: isFarewell, send: ask)
        var conversation = Conversation(
            request, authority: authority, authorization: header,
            budget: repeats ? RetryBudget(options) : nil)
        var action = conversation.begin()
        while true {
            switch action {
            case .send(var request):
                let trust = trust(endpoint, authority, for: request.address.origin)
                let isPaced = request.address.origin == authority
                if isPaced {
                    header = try pace(request, endpoint, trust, need, header, ask)
                    request.authorization = header
                }
                let outcome: HTTPOutcome
                do throws(DerootError) {
                    outcome = try transport.exchange(request, trust: trust, receiver: receiver)
                } catch {
                    if isPaced { land(request, endpoint) }
                    throw error
                }
                if isPaced {
                    learn(outcome, endpoint)
                    land(request, endpoint)
                }
                action = try conversation.receive(outcome)
            case .authenticate(let response):
                header = try authorizer.answer(
                    response, from: authority, need: need, refused: header, send: ask)
                action = conversation.authorize(header, after: response)
            case .wait(let seconds):
                options.observer(.retrying(endpoint.host, after: seconds))
                try options.timekeeper.sleep(seconds) {}
                action = conversation.begin()
            case .finish(let outcome): return outcome
            case .giveUp(let outcome, let seconds):
                throw refusal(outcome, endpoint).tooLong(seconds, endpoint.repository)
            }
        }
    }

    /// What a host answers to strangers; asked up to three times, since all requests after it would miss
    /// what one hiccup hides.
    private func greet(
        _ root: WebAddress, _ endpoint: RegistryEndpoint
    ) throws(DerootError) -> HTTPOutcome {
        var patience = options
        patience.tries = min(options.tries, 3)
        var budget = RetryBudget(patience)
        while true {
            let outcome = try transport.exchange(
                HTTPRequest(.get, root.at("/v2/")), trust: endpoint.trust, receiver: nil)
            switch outcome {
            // Who does not answer is waited for by the request itself.
            case .failure(let failure) where failure.kind != .broken: return outcome
            case .failure, .response: break
            }
            guard case .wait(let seconds) = budget.judge(outcome) else { return outcome }
            try options.timekeeper.sleep(seconds) {}
        }
    }

    /// What an outcome means for people.
    func refusal(_ outcome: HTTPOutcome, _ endpoint: RegistryEndpoint) -> Refusal {
        Refusal(
            outcome, host: endpoint.host, isAnonymous: authorizer(for: endpoint).isAnonymous)
    }

    /// How a host is trusted: what was said of a registry is for its own host, whatever the port;
    /// its CA counts elsewhere as well, since companies have one for all.
    private func trust(
        _ endpoint: RegistryEndpoint, _ authority: WebAddress.Origin, for origin: WebAddress.Origin
    ) -> TrustSettings {
        guard origin.host != authority.host else { return endpoint.trust }
        var trust = TrustSettings()
        trust.authorities = endpoint.trust.authorities
        return trust
    }

    /// A token server has credentials of its own in the request, and no challenge to be answered.
    private func sendToRealm(
        _ request: HTTPRequest, _ endpoint: RegistryEndpoint, _ authority: WebAddress.Origin,
        isFarewell: Bool
    ) throws(DerootError) -> HTTPOutcome {
        var request = request
        request.isFarewell = isFarewell
        var conversation = Conversation(
            request, authority: request.address.origin, authorization: request.authorization,
            budget: isFarewell ? nil : RetryBudget(options))
        var action = conversation.begin()
        while true {
            switch action {
            case .send(let request):
                let trust = trust(endpoint, authority, for: request.address.origin)
                action = try conversation.receive(
                    try transport.exchange(request, trust: trust, receiver: nil))
            case .authenticate(let response): return .response(response)
            case .wait(let seconds):
                try options.timekeeper.sleep(seconds) {}
                action = conversation.begin()
            case .finish(let outcome): return outcome
            case .giveUp(let outcome, let seconds):
                throw refusal(outcome, endpoint).tooLong(seconds, "a token")
            }
        }
    }
}
