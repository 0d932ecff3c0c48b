import DerootBytes
package import DerootOCI
import DerootRegistry

/// How a registry in memory differs from one that takes everything from everybody.
package struct RegistryManners: Sendable {
    /// The status with which a tag that is there is refused, whatever it shall name; nil: tags move.
    package var immutable: Int?
    /// The status with which artifacts and configs of other types than images' are refused; nil: none.
    package var refusesTypes: Int?
    /// Whether a token is wanted, which tells nobody but writers that a repository does not exist, as
    /// Docker Hub's does.
    package var wantsTokens = false
    /// What every answer to a GET of a manifest says that it is; nil: what it was stored as.
    package var contentType: MediaType?

    /// The answer to a request before anybody looks at it; nil: it goes on.
    func gate(_ request: HTTPRequest, _ path: String, isKnown: (String) -> Bool) -> HTTPResponse? {
        guard wantsTokens else { return nil }
        if path == "/token" {
            let isPush = request.address.target.contains("push")
            return HTTPResponse(200, body: Array(#"{"token":"\#(isPush ? "push" : "pull")"}"#.utf8))
        }
        let challenge = [
            (name: "www-authenticate", value: #"Bearer realm="https://auth.io/token",service="r""#)
        ]
        guard let token = request.authorization else { return HTTPResponse(401, challenge) }
        let isRead = request.method == .get || request.method == .head
        let parts = path.split(separator: "/")
        let end = parts.lastIndex { ["blobs", "manifests", "tags"].contains($0) } ?? parts.count
        let repository = parts[min(1, end)..<end].joined(separator: "/")
        guard token == "Bearer push" || (isRead && isKnown(repository)) else {
            return HTTPResponse(401, challenge)
        }
        return nil
    }

    /// The refusal of a manifest that is put under a name; nil: it is taken.
    func refusal(of bytes: [UInt8], isTagged: Bool) -> HTTPResponse? {
        if isTagged, let immutable { return HTTPResponse(immutable) }
        guard let refusesTypes, let manifest = try? Manifest(parsing: bytes) else { return nil }
        let types = [manifest.config.mediaType, manifest.artifactType.map { MediaType($0) }]
        return types.allSatisfy { $0?.isImageConfig ?? true } ? nil : HTTPResponse(refusesTypes)
    }
}
