import DerootBytes

/// Where answers may lead to: redirects, upload locations, token servers, next pages.
///
/// Credentials stay with their origin, TLS is never given up, and nobody outside may point at what
/// is inside (hostile inputs F01, F02, F04). Within a private network redirects are legal.
struct RedirectPolicy {
    /// Redirects in a row (Go's default).
    static let most = 10

    /// The reach of a server, by its address, else by its name.
    static func reach(of origin: WebAddress.Origin, peer: PeerAddress?) -> PeerAddress.Reach? {
        peer?.reach ?? PeerAddress.reach(ofHost: origin.host)
    }

    /// Makes sure that a server may lead to an address.
    ///
    /// What a name leads to is seen only when it is connected to: the request's `leastReach` says
    /// what is allowed then.
    ///
    /// - Throws: `.hostile`.
    static func check(
        from: WebAddress.Origin, peer: PeerAddress?, to: WebAddress, _ what: String
    ) throws(DerootError) {
        guard to.origin != from else { return }
        guard from.scheme == .http || to.origin.scheme == .https else {
            throw DerootError(
                .hostile,
                "\(from.shortHost) leads from https to http (\(what) to \(to.origin.shortHost))",
                advice: "the registry has to give https addresses; behind a proxy it must know "
                    + "its outer name")
        }
        let reach = reach(of: from, peer: peer)
        if let reach, let target = PeerAddress.reach(ofHost: to.origin.host), target < reach {
            throw inward(from, to.origin)
        }
    }

    /// What an upload's or a page's address means where a registry behind a proxy does not know that it
    /// is spoken to by https, and names its own host with http (distribution/distribution#2225): it goes
    /// there as before, and TLS is not given up.
    static func secured(_ target: WebAddress, from: WebAddress.Origin) -> WebAddress {
        let to = target.origin
        guard from.scheme == .https, to.scheme == .http, to.host == from.host,
            to.port == from.port || to.port == WebAddress.Scheme.http.port
        else { return target }
        return WebAddress(from, target: target.target)
    }

    /// The least reach that a server may have to which another one leads; nil for one and the same.
    static func leastReach(
        from: WebAddress.Origin, peer: PeerAddress?, to: WebAddress
    ) -> PeerAddress.Reach? { to.origin == from ? nil : reach(of: from, peer: peer) }

    /// The error for a way inwards.
    static func inward(
        _ from: WebAddress.Origin?, _ to: WebAddress.Origin
    ) -> DerootError {
        let who = from.map { "\($0.shortHost) leads" } ?? "an answer leads"
        return DerootError(
            .hostile, "\(who) to \(to.shortHost), which is inside a private network",
            advice: "refused, since a server outside must not choose whom we talk to inside")
    }

    /// The next request of a redirected one; nil where the answer is no redirect.
    ///
    /// - Throws: `.hostile`, `.malformed` for a redirect to nowhere.
    static func follow(
        _ response: HTTPResponse, of request: HTTPRequest
    ) throws(DerootError) -> HTTPRequest? {
        guard [301, 302, 303, 307, 308].contains(response.status) else { return nil }
        let from = request.address.origin
        guard let location = response["location"], !location.isEmpty else {
            throw DerootError(.malformed, "\(from.shortHost) redirects and does not say where to")
        }
        let target: WebAddress
        do throws(DerootError) {
            target = try request.address.resolving(location)
        } catch {
            throw DerootError(
                .malformed, "\(from.shortHost) redirects to a URL that is not well-formed",
                cause: error)
        }
        try check(from: from, peer: response.peer, to: target, "a redirect")
        var next = request
        next.address = target
        if response.status == 303, request.method != .head {
            next.method = .get
            next.body = .none
            next.isBodySecret = false
            next.fields.removeAll { $0.name.lowercased().hasPrefix("content-") }
        }
        if target.origin != from {
            // Whoever gets a refresh token can be us for weeks.
            guard !next.isBodySecret else {
                throw DerootError(
                    .hostile,
                    "\(from.shortHost) sends a secret on to \(target.origin.shortHost)",
                    advice: "refused, since it is for \(from.shortHost) alone; the registry has to "
                        + "name its token server as it is")
            }
            next.authorization = nil
            next.leastReach = [
                next.leastReach, leastReach(from: from, peer: response.peer, to: target),
            ].compactMap { $0 }.max()
        }
        return next
    }
}
