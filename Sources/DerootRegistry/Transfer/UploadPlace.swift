import DerootBytes

/// Where the session of an upload is: what the Location of its last answer says.
struct UploadPlace: Sendable {
    /// The address.
    let address: WebAddress
    /// The least reach that the server there may have, where it is another than the registry's.
    var leastReach: PeerAddress.Reach?

    /// An address that may be followed as it is.
    init(_ address: WebAddress, leastReach: PeerAddress.Reach? = nil) {
        self.address = address
        self.leastReach = leastReach
    }

    /// Where the answer to a request sends the session; where it was, if the answer does not say.
    ///
    /// - Throws: `.malformed`, `.hostile` for a Location that nobody may follow.
    init?(
        _ response: HTTPResponse, from address: WebAddress, before: UploadPlace? = nil
    ) throws(DerootError) {
        guard let text = response["location"], !text.isEmpty else {
            guard let before else { return nil }
            self = before
            return
        }
        let next: WebAddress
        do throws(DerootError) {
            next = RedirectPolicy.secured(try address.resolving(text), from: address.origin)
        } catch {
            throw DerootError(
                .malformed,
                "\(address.origin.shortHost) sends an upload to a URL that is not well-formed",
                cause: error)
        }
        try RedirectPolicy.check(
            from: address.origin, peer: response.peer, to: next, "an upload")
        let reach = RedirectPolicy.leastReach(
            from: address.origin, peer: response.peer, to: next)
        self.address = next
        leastReach = [before?.leastReach, reach].compactMap(\.self).max()
    }

    /// A request to the session; `digest` ends it.
    func request(_ method: HTTPRequest.Method, digest: Digest? = nil) -> HTTPRequest {
        let target = digest.map { address.adding("digest", $0.description) } ?? address
        var request = HTTPRequest(method, target)
        request.leastReach = leastReach
        return request
    }
}
