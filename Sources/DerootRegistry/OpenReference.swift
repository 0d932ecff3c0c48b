package import DerootBytes
package import DerootOCI
package import DerootStore

extension TransportReference {
    /// Opens what is named here, locally or through a client.
    ///
    /// - Throws: What the source throws.
    package func openSource(
        through client: RegistryClient, limits: Limits
    ) throws(DerootError) -> any ImageSource {
        guard case .registry(let name) = self else { return try openSource(limits: limits) }
        return try RegistrySource(name, client: client, limits: limits)
    }

    /// Looks at what is named here as a place to write to; nothing is touched before `begin`.
    ///
    /// `mounting` is what the source was named: a registry takes blobs from its own repositories.
    ///
    /// - Throws: What the destination throws.
    package func openDestination(
        through client: RegistryClient, mounting source: TransportReference?, limits: Limits
    ) throws(DerootError) -> any ImageDestination {
        guard case .registry(let name) = self else { return try openDestination(limits: limits) }
        return RegistryDestination(
            name, client: client, mounting: source?.registryName, limits: limits)
    }

    /// The name in a registry; nil for local images.
    package var registryName: ImageName? {
        guard case .registry(let name) = self else { return nil }
        return name
    }
}
