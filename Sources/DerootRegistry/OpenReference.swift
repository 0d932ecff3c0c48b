package import DerootBytes
package import DerootOCI
package import DerootStore

extension TransportReference {
    /// Opens what is named here, locally or through a client, which is made only where it is needed.
    ///
    /// - Throws: What the source throws, and what making the client throws.
    package func openSource(
        limits: Limits, through client: () throws(DerootError) -> RegistryClient
    ) throws(DerootError) -> any ImageSource {
        guard case .registry(let name) = self else { return try openSource(limits: limits) }
        return try RegistrySource(name, client: try client(), limits: limits)
    }

    /// Looks at what is named here as a place to write to; nothing is touched before `begin`.
    ///
    /// `mounting` is what the source was named: a registry takes blobs from its own repositories.
    ///
    /// - Throws: What the destination throws, and what making the client throws.
    package func openDestination(
        mounting source: TransportReference?, limits: Limits,
        through client: () throws(DerootError) -> RegistryClient
    ) throws(DerootError) -> any ImageDestination {
        guard case .registry(let name) = self else { return try openDestination(limits: limits) }
        return RegistryDestination(
            name, client: try client(), mounting: source?.registryName, limits: limits)
    }

    /// The name in a registry; nil for local images.
    package var registryName: ImageName? {
        guard case .registry(let name) = self else { return nil }
        return name
    }
}
