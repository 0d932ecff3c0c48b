import DerootBytes
import DerootOCI

/// What a name stands for at this moment, and where it is.
struct Resolution {
    /// The digest.
    let digest: Digest
    /// The manifest, where it had to be fetched to know.
    let manifest: (bytes: [UInt8], type: MediaType)?
    /// The endpoint that knew it, and those after it.
    let repositories: [Repository]

    /// Asks one endpoint after the other: HEAD first, since many registries count only GETs (F18).
    ///
    /// - Throws: What the last endpoint says.
    static func of(
        _ name: ImageName, client: RegistryClient, limits: Limits
    ) throws(DerootError) -> Resolution {
        let endpoints = try client.settings.endpoints(for: name, .read)
        var failure: DerootError?
        for (place, endpoint) in endpoints.enumerated() {
            do throws(DerootError) {
                let repository = try Repository(endpoint, .read, client: client)
                guard let found = try resolve(name, in: repository, limits) else {
                    throw repository.refusal(
                        .response(HTTPResponse(404)),
                        manifest: name.digest?.description ?? name.tag ?? "latest")
                }
                var repositories = [repository]
                for later in endpoints[(place + 1)...] {
                    repositories.append(try Repository(later, .read, client: client))
                }
                return Resolution(
                    digest: found.digest, manifest: found.manifest, repositories: repositories)
            } catch {
                guard error.code != .interrupted, endpoint.isMirror else { throw error }
                failure = error
            }
        }
        throw failure ?? DerootError(.notFound, "no registry is configured for \(name.registry)")
    }

    private static func resolve(
        _ name: ImageName, in repository: Repository, _ limits: Limits
    ) throws(DerootError) -> (digest: Digest, manifest: (bytes: [UInt8], type: MediaType)?)? {
        let reference = name.digest?.description ?? name.tag ?? "latest"
        if name.digest == nil, let head = try repository.head(reference) {
            return (head.digest, nil)
        }
        guard let found = try repository.manifest(reference, limit: limits.manifestBytes) else {
            return nil
        }
        let digest = Digest.of(found.bytes, algorithm: name.digest?.algorithm ?? .sha256)
        if let wanted = name.digest, digest != wanted {
            throw DerootError(
                .mismatch, "the registry gives content with the digest \(digest)",
                at: .init(blob: wanted))
        }
        return (digest, found)
    }
}
