package import DerootBytes
package import DerootOCI
import Synchronization

/// A registry in memory that does what the distribution specification says.
package final class MiniRegistry: Responder {
    /// What the specification leaves open.
    package struct Manners: Sendable {
        /// Whether there is a referrers API (distribution-spec 1.1).
        package var hasReferrers = true
        /// Whether a cross-repository mount is granted.
        package var mounts = true
        /// Answers carry `Docker-Content-Digest`.
        package var namesDigests = true
        /// The largest manifest it takes.
        package var manifestLimit = 4 << 20
        /// `OCI-Chunk-Min-Length`; nil says nothing.
        package var chunkMinimum: Int?
        /// Put before the path of an upload's `Location`; such as `http://other:1` for another host.
        package var uploadHost = ""
        /// Added to an upload's `Location`, as registries keep state there.
        package var uploadState = ""
        /// Who is let in.
        package var gate = Gate.open

        package init() {}
    }

    struct State {
        var contents = RegistryContents()
        var manners: Manners
        var uploads: [String: [UInt8]] = [:]
        var nextUpload = 1
    }

    let state: Mutex<State>

    /// An empty registry.
    package init(_ manners: Manners = Manners()) { state = Mutex(State(manners: manners)) }

    /// What it holds; may be set.
    package var contents: RegistryContents {
        get { state.withLock { $0.contents } }
        set { state.withLock { $0.contents = newValue } }
    }

    /// Sessions of uploads that were neither finished nor cancelled.
    package var openUploads: Int { state.withLock { $0.uploads.count } }

    /// Changes its manners.
    package func behave(_ change: (inout Manners) -> Void) {
        state.withLock { change(&$0.manners) }
    }

    /// Forgets all sessions of uploads, as a restart would.
    package func forgetUploads() { state.withLock { $0.uploads = [:] } }

    /// Puts blobs into a repository.
    package func add(blobs: [[UInt8]], to repository: String) {
        state.withLock { state in
            for blob in blobs {
                state.contents[repository].blobs[Digest.of(blob).description] = blob
            }
        }
    }

    /// Puts a manifest into a repository and gives its digest.
    @discardableResult
    package func add(
        manifest: [UInt8], type: MediaType, to repository: String, tag: String? = nil
    ) -> Digest {
        let digest = Digest.of(manifest)
        state.withLock { state in
            state.contents[repository].manifests[digest.description] = .init(
                type: type.rawValue, bytes: manifest)
            if let tag { state.contents[repository].tags[tag] = digest.description }
        }
        return digest
    }

    /// The digest that a tag names.
    package func tag(_ tag: String, in repository: String) -> String? {
        contents[repository].tags[tag]
    }

    /// The true answer.
    package func answer(_ request: Request) -> Response {
        let gate = state.withLock { $0.manners.gate }
        if let refusal = gate.refusal(of: request) { return refusal }
        guard request.path != "/v2/", request.path != "/v2" else { return .json("{}") }
        guard let route = Route(request) else { return .error(404, "NOT_FOUND") }
        return state.withLock { state in
            switch route.kind {
            case .manifest(let reference): state.manifest(request, route.repository, reference)
            case .blob(let digest): state.blob(request, route.repository, digest)
            case .newUpload: state.newUpload(request, route.repository)
            case .upload(let id): state.upload(request, route.repository, id)
            case .tags: state.tags(request, route.repository)
            case .referrers(let digest): state.referrers(route.repository, digest)
            }
        }
    }
}

/// What a path of the API is about.
struct Route {
    enum Kind {
        case manifest(String)
        case blob(String)
        case newUpload
        case upload(String)
        case tags
        case referrers(String)
    }

    let repository: String
    let kind: Kind

    init?(_ request: Request) {
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: false)
            .map(percentDecoded).dropFirst()
        guard parts.first == "v2", parts.count >= 4 else { return nil }
        let path = Array(parts.dropFirst())
        let last = path[path.count - 1]
        switch path[path.count - 2] {
        case "manifests": self.init(path.dropLast(2), .manifest(last))
        case "blobs" where last != "uploads": self.init(path.dropLast(2), .blob(last))
        case "blobs": self.init(path.dropLast(2), .newUpload)
        case "uploads" where last.isEmpty: self.init(path.dropLast(3), .newUpload)
        case "uploads": self.init(path.dropLast(3), .upload(last))
        case "tags": self.init(path.dropLast(2), .tags)
        case "referrers": self.init(path.dropLast(2), .referrers(last))
        default: return nil
        }
    }

    private init(_ repository: ArraySlice<String>, _ kind: Kind) {
        self.repository = repository.joined(separator: "/")
        self.kind = kind
    }
}
