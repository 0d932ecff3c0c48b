import DerootBytes

/// Requests that are held back, and what answers tell of that.
extension RegistryClient {
    /// Waits until the registry may be asked, where that is bounded; gives the header to ask with, since
    /// a token may have expired meanwhile.
    func pace(
        _ request: HTTPRequest, _ endpoint: RegistryEndpoint, _ trust: TrustSettings,
        _ need: Need, _ header: String?,
        _ ask: (HTTPRequest) throws(DerootError) -> HTTPOutcome
    ) throws(DerootError) -> String? {
        guard let paces = options.paces, !request.isFarewell else { return header }
        let pace = paces[endpoint.host]
        var header = header
        var looksInVain = 0
        var isSettled = false
        while true {
            let now = options.timekeeper.now()
            switch governor.admit(
                request, to: endpoint.host, pace, now: now, mayUseReserve: isSettled)
            {
            case .go(let seconds):
                if seconds > 0 { try options.timekeeper.sleep(seconds) {} }
                return header
            case .rest(let seconds):
                options.observer(.resting(endpoint.host, seconds: seconds))
                try options.timekeeper.sleep(seconds) {}
                let landed = governor.landed(at: endpoint.host)
                let outcome = try look(request, endpoint, trust, need, &header, ask)
                if let reserve = pace.reserve,
                    let limit = outcome.response.flatMap(RequestGovernor.limit),
                    limit <= reserve
                {
                    throw DerootError(
                        .limit,
                        "\(endpoint.host) grants \(limit) pulls, of which \(reserve) are to be left",
                        advice: "lower ratelimit.min, else nothing can ever be pulled")
                }
                let tells = outcome.response.flatMap(RequestGovernor.remaining) != nil
                looksInVain = tells ? 0 : looksInVain + 1
                isSettled = governor.look(
                    outcome, at: endpoint.host, since: landed,
                    now: options.timekeeper.now(), longest: options.longestWait,
                    number: looksInVain)
            }
        }
    }

    /// Asks how many pulls are left: a HEAD counts for nothing where pulls are counted, and tells.
    private func look(
        _ request: HTTPRequest, _ endpoint: RegistryEndpoint, _ trust: TrustSettings,
        _ need: Need, _ header: inout String?,
        _ ask: (HTTPRequest) throws(DerootError) -> HTTPOutcome
    ) throws(DerootError) -> HTTPOutcome {
        let authorizer = authorizer(for: endpoint)
        header = try authorizer.header(for: need, send: ask)
        var look = request
        look.method = .head
        look.authorization = header
        let outcome = try transport.exchange(look, trust: trust, receiver: nil)
        guard let response = outcome.response, response.status == 401 else { return outcome }
        header = try authorizer.answer(
            response, from: request.address.origin, need: need, refused: header, send: ask)
        guard header != nil else { return outcome }
        look.authorization = header
        return try transport.exchange(look, trust: trust, receiver: nil)
    }

    func land(_ request: HTTPRequest, _ endpoint: RegistryEndpoint) {
        guard options.paces != nil, !request.isFarewell else { return }
        governor.land(request, at: endpoint.host)
    }

    func learn(_ outcome: HTTPOutcome, _ endpoint: RegistryEndpoint) {
        guard options.paces != nil else { return }
        governor.learn(
            outcome, of: endpoint.host, now: options.timekeeper.now(),
            longest: options.longestWait)
    }
}
