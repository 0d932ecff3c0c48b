import DerootBytes
import Synchronization

/// In which repository of a registry a blob is, as far as this process has seen: another repository
/// of the same registry can mount it from there (distribution-spec, "Mounting a blob from another
/// repository"), and it need not travel again.
final class BlobPlaces: Sendable {
    private struct Key: Hashable {
        let host: String
        let digest: Digest
    }

    private let state = Mutex<[Key: String]>([:])
    /// Blobs that are remembered at most, at about 200 bytes each.
    private static let most = 200_000

    init() {}

    /// Notes that a repository has a blob; the first one counts.
    func note(_ digest: Digest, at endpoint: RegistryEndpoint) {
        state.withLock { places in
            let key = Key(host: endpoint.host, digest: digest)
            guard places[key] == nil, places.count < Self.most else { return }
            places[key] = endpoint.repository
        }
    }

    /// Another repository than the endpoint's that has a blob; nil where none is known.
    func repository(of digest: Digest, at endpoint: RegistryEndpoint) -> String? {
        let found = state.withLock { $0[Key(host: endpoint.host, digest: digest)] }
        return found == endpoint.repository ? nil : found
    }
}
