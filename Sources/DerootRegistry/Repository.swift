import DerootBytes
import DerootOCI

/// One repository at one endpoint: the distribution API (distribution-spec, "Endpoints").
struct Repository: Sendable {
    let client: RegistryClient
    let endpoint: RegistryEndpoint
    let access: RegistryAccess
    /// The root of the endpoint's API.
    private let root: WebAddress

    /// - Throws: `.malformed` for a host that is none, and what finding out the scheme throws.
    init(
        _ endpoint: RegistryEndpoint, _ access: RegistryAccess, client: RegistryClient
    ) throws(DerootError) {
        self.client = client
        self.endpoint = endpoint
        self.access = access
        root = try client.root(of: endpoint)
    }

    /// All manifests that we can read: a registry answers 404, or converts, what is not listed.
    static let accepted: [MediaType] = [
        .index, .manifest, .dockerList, .dockerManifest, .artifactManifest, .dockerSchema1Signed,
    ]

    /// A request to a place in this repository, such as `blobs/sha256:…`.
    func request(_ method: HTTPRequest.Method, _ place: String) -> HTTPRequest {
        HTTPRequest(method, root.at("/v2/\(endpoint.repository)/\(place)"))
    }

    /// Sends a request with what most of them need.
    func send(
        _ request: HTTPRequest, repeats: Bool, receiver: HTTPReceiver? = nil
    ) throws(DerootError) -> HTTPOutcome {
        try client.send(
            request, to: endpoint, need: Need(usual: [usual]), repeats: repeats, receiver: receiver)
    }

    private var usual: Scope {
        Scope(repository: endpoint.repository, isPush: access == .write)
    }

    /// Sends a request that needs a special right as well; nil where no token is to be had for that.
    ///
    /// Token servers refuse a request for one scope among others (google/go-containerregistry#1681,
    /// containerd#9648), which must not be the end of what goes without it; asked once for each right.
    private func send(
        _ request: HTTPRequest, with special: Scope, repeats: Bool
    ) throws(DerootError) -> HTTPOutcome? {
        let authorizer = client.authorizer(for: endpoint)
        guard !authorizer.isRefused(special) else { return nil }
        do throws(DerootError) {
            return try client.send(
                request, to: endpoint, need: Need(usual: [usual], special: special),
                repeats: repeats)
        } catch  where error.code != .interrupted && authorizer.isRefused(special) {
            return nil
        }
    }

    /// The error that an outcome means.
    func refusal(_ outcome: HTTPOutcome, _ what: String) -> DerootError {
        client.refusal(outcome, endpoint).error("\(what) in \(endpoint.repository)")
    }

    /// The error that an outcome means for a tag or digest.
    func refusal(_ outcome: HTTPOutcome, manifest reference: String) -> DerootError {
        let separator = reference.contains(":") ? "@" : ":"
        return client.refusal(outcome, endpoint).error(
            endpoint.repository + separator + reference)
    }

    // Manifests.

    /// The digest and type of what a tag or digest stands for, without its body; nil where the
    /// registry does not say (hostile input F12), which a GET will.
    ///
    /// - Throws: `.notFound`, `.denied`, `.transient`.
    func head(_ reference: String) throws(DerootError) -> (digest: Digest, type: MediaType)? {
        var request = request(.head, "manifests/\(reference)")
        request.fields = [accept]
        let outcome = try send(request, repeats: true)
        guard let response = outcome.response else { throw refusal(outcome, manifest: reference) }
        switch response.status {
        case 200:
            guard let text = response["docker-content-digest"],
                let digest = try? Digest(parsing: text)
            else { return nil }
            return (digest, MediaType(response["content-type"] ?? ""))
        case 401: throw refusal(outcome, manifest: reference)
        case _ where RetryBudget.isTransient(outcome):
            throw refusal(outcome, manifest: reference)
        default: return nil
        }
    }

    /// A manifest's bytes and what type the registry says it is; nil where there is none.
    ///
    /// - Throws: `.limit` above `limit` bytes, `.denied`, `.transient`.
    func manifest(
        _ reference: String, limit: Int
    ) throws(DerootError) -> (bytes: [UInt8], type: MediaType)? {
        var request = request(.get, "manifests/\(reference)")
        request.fields = [accept]
        request.limit = limit
        let outcome = try send(request, repeats: true)
        guard let response = outcome.response, response.isSuccess else {
            if outcome.response?.status == 404 { return nil }
            throw refusal(outcome, manifest: reference)
        }
        return (response.body, MediaType(response["content-type"] ?? ""))
    }

    private var accept: (String, String) {
        ("Accept", Self.accepted.map(\.rawValue).joined(separator: ", ") + ", */*;q=0.1")
    }

    /// Stores a manifest under its digest or a tag.
    ///
    /// - Throws: `.denied`, `.limit` where the registry takes none so large, `.transient`.
    func put(
        _ manifest: [UInt8], _ type: MediaType, as reference: String
    ) throws(DerootError) {
        if let refusal = try offer(manifest, type, as: reference).refusal { throw refusal }
    }

    /// Sends a manifest; gives the answer, and the error that a refusal means.
    ///
    /// A tag that cannot be set and names this manifest is set: registries with immutable tags refuse what
    /// changes nothing too (Amazon's says 400, Harbor 412).
    func offer(
        _ manifest: [UInt8], _ type: MediaType, as reference: String
    ) throws(DerootError) -> (outcome: HTTPOutcome, refusal: DerootError?) {
        var request = request(.put, "manifests/\(reference)")
        request.body = .bytes(manifest)
        request.fields = [("Content-Type", type.rawValue)]
        let outcome = try send(request, repeats: true)
        let status = outcome.response?.status ?? 0
        guard !(200..<300).contains(status) else { return (outcome, nil) }
        var refusal = refusal(outcome, "a manifest of \(manifest.count) bytes")
        guard !reference.contains(":"), [400, 403, 405, 409, 412].contains(status),
            let named = try named(reference)
        else { return (outcome, refusal) }
        guard named != Digest.of(manifest, algorithm: named.algorithm) else {
            return (outcome, nil)
        }
        refusal.message += "; the tag \(reference) names \(named) there and may be immutable"
        refusal.advice =
            "choose another tag, or let the registry's owner delete this one or allow that it moves"
        return (outcome, refusal)
    }

    /// What a tag names, where the registry says so.
    private func named(_ tag: String) throws(DerootError) -> Digest? {
        do throws(DerootError) {
            return try head(tag)?.digest
        } catch {
            guard error.code != .interrupted else { throw error }
            return nil
        }
    }

    // Blobs.

    /// A blob's size; nil where the repository does not have it.
    ///
    /// - Throws: `.denied`, `.transient`.
    func blobSize(_ digest: Digest) throws(DerootError) -> UInt64? {
        let outcome = try send(request(.head, "blobs/\(digest)"), repeats: true)
        guard let response = outcome.response else { throw refusal(outcome, "the blob") }
        switch response.status {
        case 200...299: return UInt64(response["content-length"] ?? "") ?? 0
        case 401, 408, 429, 500...: throw refusal(outcome, "the blob")
        default: return nil
        }
    }

    /// Whether the repository has a blob, where only a clear no counts as one.
    ///
    /// - Throws: `.denied`, `.transient`, `.unsupported` where the answer is neither yes nor no: storage
    ///   that is redirected to may take no HEAD.
    func hasBlob(_ digest: Digest) throws(DerootError) -> Bool {
        let outcome = try send(request(.head, "blobs/\(digest)"), repeats: true)
        switch outcome.response?.status {
        case .some(200...299): return true
        case 404, 410: return false
        default: throw refusal(outcome, "the blob")
        }
    }

    /// A small blob's bytes, not verified; nil where there is none.
    ///
    /// - Throws: `.limit` above `limit` bytes, `.denied`, `.transient`.
    func blob(_ digest: Digest, limit: Int) throws(DerootError) -> [UInt8]? {
        var request = request(.get, "blobs/\(digest)")
        request.limit = limit
        let outcome = try send(request, repeats: true)
        guard let response = outcome.response, response.isSuccess else {
            if outcome.response?.status == 404 { return nil }
            throw refusal(outcome, "the blob")
        }
        return response.body
    }

    /// Whether the repository certainly does not have a blob; asked once, `mayGoOn` meanwhile.
    func lacks(
        _ digest: Digest, _ mayGoOn: @escaping () throws(DerootError) -> Void
    ) -> Bool {
        let request = request(.head, "blobs/\(digest)")
        let outcome = try? send(request, repeats: false, receiver: .watching(mayGoOn))
        return outcome?.response?.status == 404
    }

    /// Asks the registry to take a blob from another of its repositories: it does, or begins an upload,
    /// or refuses; nil where it, or the token server, is known to refuse that repository.
    ///
    /// - Throws: What sending throws.
    func mount(
        _ digest: Digest, from source: String, repeats: Bool
    ) throws(DerootError) -> HTTPOutcome? {
        let special = Scope(repository: source, isPush: false)
        let outcome = try send(
            uploadRequest(digest, mounting: source), with: special, repeats: repeats)
        switch outcome?.response?.status {
        // One blob may be missing, and be the only one; what is transient passes.
        case 404, 408, 429: break
        case .some(400..<500), 501: client.authorizer(for: endpoint).refuse(special)
        default: break
        }
        return outcome
    }

    /// Whether it is worth asking to take blobs from another repository.
    func mayMount(from source: String) -> Bool {
        !client.authorizer(for: endpoint).isRefused(Scope(repository: source, isPush: false))
    }

    /// The request that begins an upload; with `mounting`, the registry may take the blob from there.
    func uploadRequest(_ digest: Digest, mounting: String?) -> HTTPRequest {
        var request = uploadRequest()
        if let mounting {
            request.address = request.address.adding("mount", digest.description)
                .adding("from", mounting)
        }
        return request
    }

    /// The request that begins an upload of a blob whose digest is said later.
    func uploadRequest() -> HTTPRequest { request(.post, "blobs/uploads/") }

    /// Tells the observer of bytes that are sent.
    var sending: @Sendable (UInt64) -> Void {
        let observer = client.options.observer
        return { observer(.moved($0, .push)) }
    }

    /// Gives up an upload; a last word, whose answer nobody waits for long.
    func cancel(_ upload: UploadPlace) {
        var request = upload.request(.delete)
        request.isFarewell = true
        // The registry removes sessions in time on its own, and sees no token elsewhere.
        let isElsewhere = upload.address.origin != root.origin
        _ = try? isElsewhere ? send(request, repeats: false) : delete(request, repeats: false)
    }

    /// Deletes something: registries want a right of its own for that (distribution, handlers/app.go,
    /// `appendAccessRecords`), and some take the one to push.
    ///
    /// - Throws: What sending throws.
    func delete(_ request: HTTPRequest, repeats: Bool) throws(DerootError) -> HTTPOutcome {
        let special = Scope(repository: endpoint.repository, isPush: true, isDelete: true)
        if let outcome = try send(request, with: special, repeats: repeats) { return outcome }
        return try send(request, repeats: repeats)
    }

    // Tags.

    /// All tags, in the registry's order.
    ///
    /// - Throws: `.notFound`, `.denied`, `.transient`, `.limit` for more than `most` tags,
    ///   `.hostile` for pages that lead elsewhere or in circles (hostile input F05).
    ///
    /// Where `each` takes them, some perhaps twice, none is in the result.
    func tags(
        most: Int = TagPages.mostTags, each: ((String) -> Void)? = nil
    ) throws(DerootError) -> [String] {
        try names(
            TagPages(
                first: request(.get, "tags/list").address.adding("n", "1000"), most: most,
                each: each),
            Need(usual: [usual]), of: "the list of tags in \(endpoint.repository)")
    }

    /// Whether the registry says that there is no such repository, and so no blob in it.
    ///
    /// A mere 404 does not say so: some registries do not list tags. Asked once; `mayGoOn` meanwhile.
    func isNew(_ mayGoOn: @escaping () throws(DerootError) -> Void) -> Bool {
        var request = request(.get, "tags/list")
        request.address = request.address.adding("n", "1")
        // Where it cannot be asked it may well be there.
        let outcome = try? send(request, repeats: false, receiver: .watching(mayGoOn))
        guard let response = outcome?.response, response.status == 404
        else { return false }
        return Refusal.words(response)?.hasPrefix("NAME_UNKNOWN") ?? false
    }

    /// All repositories of the registry, in its order.
    ///
    /// - Throws: As for tags.
    func catalog() throws(DerootError) -> [String] {
        try names(
            TagPages(
                first: root.at("/v2/_catalog").adding("n", "1000"), member: "repositories"),
            Need(usual: [.catalog]), of: "the list of repositories")
    }

    private func names(
        _ first: TagPages, _ need: Need, of what: String
    ) throws(DerootError) -> [String] {
        var pages = first
        while let address = pages.next {
            var request = HTTPRequest(.get, address)
            request.limit = pages.pageBytes
            let outcome = try client.send(request, to: endpoint, need: need, repeats: true)
            guard let response = outcome.response, response.isSuccess else {
                throw client.refusal(outcome, endpoint).error(what)
            }
            try pages.take(response)
        }
        return pages.tags
    }
}
