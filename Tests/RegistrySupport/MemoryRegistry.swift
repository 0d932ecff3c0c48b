package import DerootBytes
package import DerootOCI
package import DerootRegistry
import Synchronization

/// A registry in memory behind the client's transport: no sockets, no waiting, and every request is
/// counted.
package final class MemoryRegistry: HTTPTransport {
    /// A stored manifest.
    package struct Stored: Sendable, Hashable {
        package let bytes: [UInt8]
        package let type: String
    }

    private struct State {
        var blobs: [String: [Digest: [UInt8]]] = [:]
        /// By repository, then by digest or tag.
        var manifests: [String: [String: Stored]] = [:]
        var requests: [String] = []
        var uploads = 0
        var failures: [(count: Int, status: Int, match: String)] = []
        /// How many requests are answered until none is any more; nil: all.
        var left: Int?
        /// How it is then gone.
        var absence = TransportFailure.Kind.refused
        /// How many manifests may be fetched until somebody allows more; nil: any number.
        var pulls: Int?
        /// What an answer says of the time to wait, with its status.
        var retryAfter: String?
        var manners = RegistryManners()
        /// What tokens were asked for.
        var scopes: [String] = []
    }

    private let state = Mutex(State())
    /// Whether the referrers API is there, and subjects are acknowledged.
    private let hasReferrers: Bool

    /// Makes an empty registry.
    package init(hasReferrers: Bool = false) { self.hasReferrers = hasReferrers }

    /// A client that talks to it and never waits; `host` does not matter.
    package func client(
        _ change: (inout RegistryOptions) -> Void = { _ in }
    ) -> RegistryClient {
        var options = RegistryOptions()
        options.timekeeper.sleep = { (_, _) throws(DerootError) in try Interruption.check() }
        change(&options)
        return RegistryClient(settings: DefaultSettings(), options: options, transport: self)
    }

    /// The requests so far, `METHOD /v2/…`.
    package var requests: [String] { state.withLock(\.requests) }

    /// Forgets the requests.
    package func forgetRequests() { state.withLock { $0.requests = [] } }

    /// Answers the next requests that contain a text with a status.
    package func fail(_ match: String, with status: Int, times: Int) {
        state.withLock { $0.failures.append((times, status, match)) }
    }

    /// Counts GETs of manifests as Docker Hub does: so many are left, and every answer says so.
    package func limit(pulls: Int?) { state.withLock { $0.pulls = pulls } }

    /// Changes how it behaves.
    package func behave(_ change: (inout RegistryManners) -> Void) {
        state.withLock { change(&$0.manners) }
    }

    /// What tokens were asked for, as the queries have it.
    package var scopes: [String] { state.withLock(\.scopes) }

    /// Says in every failure how long to wait.
    package func ask(toWait seconds: String?) { state.withLock { $0.retryAfter = seconds } }

    /// Answers so many requests more, and then none, as if it were gone.
    package func breakAfter(_ requests: Int, _ kind: TransportFailure.Kind = .refused) {
        state.withLock { ($0.left, $0.absence) = (requests, kind) }
    }

    /// Ends all failures.
    package func heal() {
        state.withLock { state in
            state.failures = []
            state.left = nil
        }
    }

    /// What a tag or digest names.
    package func manifest(_ repository: String, _ reference: String) -> Stored? {
        state.withLock { $0.manifests[repository]?[reference] }
    }

    /// A blob's bytes.
    package func blob(_ repository: String, _ digest: Digest) -> [UInt8]? {
        state.withLock { $0.blobs[repository]?[digest] }
    }

    /// All tags of a repository, sorted.
    package func tags(_ repository: String) -> [String] {
        state.withLock { state in
            (state.manifests[repository] ?? [:]).keys.filter { !$0.contains(":") }.sorted()
        }
    }

    /// Takes a tag away.
    package func remove(_ repository: String, _ reference: String) {
        state.withLock { $0.manifests[repository]?[reference] = nil }
    }

    /// Stores a blob.
    package func add(_ repository: String, blob: [UInt8]) {
        state.withLock { $0.blobs[repository, default: [:]][Digest.of(blob)] = blob }
    }

    /// Stores a manifest under its digest, and a tag.
    package func add(
        _ repository: String, manifest: [UInt8], type: MediaType, tag: String? = nil
    ) {
        let stored = Stored(bytes: manifest, type: type.rawValue)
        state.withLock { state in
            state.manifests[repository, default: [:]][Digest.of(manifest).description] = stored
            if let tag { state.manifests[repository, default: [:]][tag] = stored }
        }
    }

    /// Answers a request.
    package func exchange(
        _ request: HTTPRequest, trust: TrustSettings, receiver: HTTPReceiver?
    ) throws(DerootError) -> HTTPOutcome {
        let body = try Self.bytes(request.body)
        if !body.isEmpty { request.sending?(UInt64(body.count)) }
        let absence = state.withLock { state -> TransportFailure.Kind? in
            guard let left = state.left else { return nil }
            state.left = max(0, left - 1)
            return left == 0 ? state.absence : nil
        }
        if let absence { return .failure(TransportFailure(absence)) }
        let response = state.withLock { answer(request, body, &$0) }
        if let receiver, try receiver.begin(response) {
            try unsafe response.body.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
                try unsafe receiver.write(bytes)
            }
        }
        return .response(response)
    }

    private static func bytes(_ body: HTTPRequest.Body) throws(DerootError) -> [UInt8] {
        switch body {
        case .none: return []
        case .bytes(let bytes): return bytes
        case .part(let file, let start, let count):
            var bytes = [UInt8](repeating: 0, count: Int(count))
            var filled = 0
            var span = bytes.mutableSpan
            try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
                while filled < memory.count {
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
                    filled += try unsafe file.read(into: rest, at: start + UInt64(filled))
                }
            }
            return bytes
        case .stream(let file):
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                var span = piece.mutableSpan
                let count = try unsafe span.withUnsafeMutableBytes {
                    (memory) throws(DerootError) in
                    try unsafe file.read(into: memory, at: UInt64(bytes.count))
                }
                guard count > 0 else { return bytes }
                bytes += piece.prefix(count)
            }
        }
    }

    private func answer(
        _ request: HTTPRequest, _ body: [UInt8], _ state: inout State
    ) -> HTTPResponse {
        let path = String(request.address.target.prefix { $0 != "?" })
        let query = String(request.address.target.dropFirst(path.count + 1))
        let line = "\(request.method.rawValue) \(path)"
        state.requests.append(line)
        if let index = state.failures.firstIndex(where: { $0.count > 0 && line.contains($0.match) })
        {
            state.failures[index].count -= 1
            return HTTPResponse(
                state.failures[index].status, state.retryAfter.map { [("retry-after", $0)] } ?? [])
        }
        if path == "/token" { state.scopes.append(query) }
        if let answer = state.manners.gate(request, path, isKnown: { state.manifests[$0] != nil }) {
            return answer
        }
        let parts = path.split(separator: "/").map(String.init)
        guard parts.first == "v2" else { return HTTPResponse(404) }
        if parts.count == 2, parts[1] == "_catalog" {
            let names = Set(state.manifests.keys).sorted()
            return Self.json(200, .object(["repositories": .strings(names)]))
        }
        guard parts.count >= 4 else { return HTTPResponse(200) }
        let verb = parts[parts.count - 2] == "uploads" ? "uploads" : parts[parts.count - 2]
        if parts.suffix(2) == ["blobs", "uploads"] || verb == "uploads" {
            let end = parts.lastIndex(of: "blobs") ?? parts.count
            return upload(
                request, body, query, parts[1..<end].joined(separator: "/"), &state)
        }
        let repository = parts[1..<(parts.count - 2)].joined(separator: "/")
        let name = parts[parts.count - 1]
        switch verb {
        case "blobs": return blob(request, repository, name, state)
        case "manifests": return manifest(request, body, repository, name, &state)
        case "tags":
            guard let manifests = state.manifests[repository] else { return HTTPResponse(404) }
            let tags = manifests.keys.filter { !$0.contains(":") }.sorted()
            return Self.json(200, .object(["tags": .strings(tags)]))
        case "referrers": return referrers(repository, name, state)
        default: return HTTPResponse(404)
        }
    }

    private static func json(_ status: Int, _ json: JSON) -> HTTPResponse {
        HTTPResponse(status, [("content-type", "application/json")], body: json.serialized())
    }

    private func blob(
        _ request: HTTPRequest, _ repository: String, _ name: String, _ state: State
    ) -> HTTPResponse {
        guard let digest = try? Digest(parsing: name),
            let bytes = state.blobs[repository]?[digest]
        else { return HTTPResponse(404) }
        return HTTPResponse(
            200, [("content-length", "\(bytes.count)")], body: request.method == .get ? bytes : [])
    }

    private func manifest(
        _ request: HTTPRequest, _ body: [UInt8], _ repository: String, _ name: String,
        _ state: inout State
    ) -> HTTPResponse {
        if request.method == .put {
            let isTagged = !name.contains(":") && state.manifests[repository]?[name] != nil
            if let refusal = state.manners.refusal(of: body, isTagged: isTagged) { return refusal }
            let type = request.fields.first { $0.name == "Content-Type" }?.value ?? ""
            let stored = Stored(bytes: body, type: type)
            let digest = Digest.of(body).description
            state.manifests[repository, default: [:]][digest] = stored
            state.manifests[repository, default: [:]][name] = stored
            var fields = [(name: "docker-content-digest", value: digest)]
            if hasReferrers, let subject = (try? Manifest(parsing: body))?.subject {
                fields.append((name: "oci-subject", value: subject.digest.description))
            }
            return HTTPResponse(201, fields)
        }
        if request.method == .get, let pulls = state.pulls {
            guard pulls > 0 else { return HTTPResponse(429) }
            state.pulls = pulls - 1
        }
        guard let stored = state.manifests[repository]?[name] else { return HTTPResponse(404) }
        if request.method == .delete {
            state.manifests[repository]?[name] = nil
            return HTTPResponse(202)
        }
        return HTTPResponse(
            200,
            [
                ("content-type", state.manners.contentType?.rawValue ?? stored.type),
                ("docker-content-digest", Digest.of(stored.bytes).description),
            ] + (state.pulls.map { [("ratelimit-remaining", "\($0);w=21600")] } ?? []),
            body: request.method == .get ? stored.bytes : [])
    }

    private func referrers(
        _ repository: String, _ name: String, _ state: State
    ) -> HTTPResponse {
        guard hasReferrers else { return HTTPResponse(404) }
        var list: [Descriptor] = []
        for (reference, stored) in state.manifests[repository] ?? [:] where reference.contains(":")
        {
            guard let manifest = try? Manifest(parsing: stored.bytes),
                manifest.subject?.digest.description == name
            else { continue }
            list.append(
                Descriptor(
                    mediaType: .manifest, digest: Digest.of(stored.bytes),
                    size: UInt64(stored.bytes.count), artifactType: manifest.artifactType))
        }
        list.sort { $0.digest.hex < $1.digest.hex }
        return HTTPResponse(
            200, [("content-type", MediaType.index.rawValue)],
            body: ImageIndex(manifests: list).document.bytes)
    }

    private func upload(
        _ request: HTTPRequest, _ body: [UInt8], _ query: String, _ repository: String,
        _ state: inout State
    ) -> HTTPResponse {
        var values: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            values[String(parts[0])] = parts[1].split(separator: "%3A").joined(separator: ":")
                .split(separator: "%2F").joined(separator: "/")
        }
        switch request.method {
        case .post:
            if let digest = values["mount"].flatMap({ try? Digest(parsing: $0) }),
                let from = values["from"], let bytes = state.blobs[from]?[digest]
            {
                state.blobs[repository, default: [:]][digest] = bytes
                return HTTPResponse(201)
            }
            state.uploads += 1
            return HTTPResponse(
                202, [("location", "/v2/\(repository)/blobs/uploads/\(state.uploads)")])
        case .put:
            guard let digest = values["digest"].flatMap({ try? Digest(parsing: $0) }),
                Digest.of(body, algorithm: digest.algorithm) == digest
            else { return HTTPResponse(400) }
            state.blobs[repository, default: [:]][digest] = body
            return HTTPResponse(201)
        default: return HTTPResponse(204)
        }
    }
}
