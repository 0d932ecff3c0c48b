package import DerootBytes
package import DerootOCI
package import DerootStore

/// A tag of a repository, or a digest in it.
package final class RegistryDestination: ImageDestination {
    /// What is written, as the user would write it.
    package let name: String

    /// Names a place; nothing is sent before `begin`.
    ///
    /// `mounting` is the source's name: where it is in the same registry, blobs are taken from there
    /// without travelling.
    package init(
        _ reference: ImageName, client: RegistryClient, mounting source: ImageName? = nil,
        limits: Limits = Limits()
    ) {
        name = "docker://\(reference)"
    }

    /// Starts a transaction.
    ///
    /// - Throws: `.denied` where we may not write, `.untrusted`, `.transient`, `.notFound`.
    package func begin() throws(DerootError) -> any DestinationTransaction {
        throw DerootError(.unsupported, "registries are not written yet", at: .init(file: name))
    }
}
