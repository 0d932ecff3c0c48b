package import DerootBytes
package import DerootOCI
package import DerootStore

/// A tag of a repository.
package final class RegistryDestination: ImageDestination {
    /// What is written, as the user would write it.
    package let name: String
    private let reference: ImageName
    private let client: RegistryClient
    private let source: ImageName?
    private let overlaps: Bool
    let limits: Limits

    /// Names a place; nothing is sent before `begin`.
    ///
    /// `mounting` is the source's name: where it is in the same registry, blobs are taken from there
    /// without travelling. `overlaps`: blobs may be sent before the image was read to its end.
    package init(
        _ reference: ImageName, client: RegistryClient, mounting source: ImageName? = nil,
        overlaps: Bool = true, limits: Limits = Limits()
    ) {
        name = "docker://\(reference)"
        self.reference = reference
        self.client = client
        self.source = source
        self.overlaps = overlaps
        self.limits = limits
    }

    /// Starts a transaction; nothing is visible in the registry before the commit.
    ///
    /// - Throws: `.usage` for a name with a digest, what the settings throw, `.untrusted`.
    package func begin() throws(DerootError) -> any DestinationTransaction { try transaction() }

    /// Starts a transaction.
    package func transaction() throws(DerootError) -> RegistryTransaction {
        do throws(DerootError) {
            guard reference.digest == nil, let tag = reference.tag else {
                throw DerootError(
                    .usage, "a destination in a registry has a tag and no digest",
                    advice: "the digest follows from the content; write "
                        + "docker://\(reference.name):TAG")
            }
            let repository = try repository()
            return RegistryTransaction(
                repository, tag: tag, mounting: try mountable(at: repository.endpoint),
                overlaps: overlaps, limits: limits, name: name)
        } catch { throw error.located(in: .init(file: name)) }
    }

    /// The one place that is written to.
    func repository() throws(DerootError) -> Repository {
        guard let endpoint = try client.settings.endpoints(for: reference, .write).first else {
            throw DerootError(.notFound, "no registry is configured for \(reference.registry)")
        }
        return try Repository(endpoint, .write, client: client)
    }

    /// Gives the tag a result that is in this repository already, or in another one behind the same
    /// host; false where a part of it is missing, and then nothing was changed.
    ///
    /// No layer moves: the documents are read, blobs are asked for or mounted.
    ///
    /// - Throws: What the commit throws.
    package func reuse(
        _ root: Descriptor, at place: ImageName
    ) throws(DerootError) -> Bool {
        let known = RegistryDestination(
            reference, client: client, mounting: place, limits: limits)
        let transaction = try known.transaction()
        do throws(DerootError) {
            var readable = [transaction.repository]
            if let endpoint = try client.settings.endpoints(for: place, .write).first {
                readable.append(try Repository(endpoint, .read, client: client))
            }
            var reuse = Reuse(transaction: transaction, readable: readable, limits: limits)
            guard try reuse.gather(root, depth: 0) else {
                transaction.abort()
                return false
            }
        } catch {
            transaction.abort()
            guard error.code != .interrupted else { throw error }
            return false
        }
        try transaction.commit(root: root, name: nil)
        return true
    }

    /// The source's repository, where it is another one behind the same host.
    private func mountable(at endpoint: RegistryEndpoint) throws(DerootError) -> String? {
        guard let source else { return nil }
        let places = try client.settings.endpoints(for: source, .write)
        guard let place = places.first, place.host == endpoint.host,
            place.repository != endpoint.repository
        else { return nil }
        return place.repository
    }
}
