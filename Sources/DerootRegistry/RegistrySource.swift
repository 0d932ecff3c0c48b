package import DerootBytes
package import DerootOCI
import DerootStore

/// An image in a registry.
///
/// The tag is resolved once; everything after that is read by digest, so that a tag that moves
/// meanwhile never mixes two images (hostile input F17).
package final class RegistrySource: ImageSource {
    /// What is read, as the user would write it.
    package let name: String
    /// The tag, if there is one.
    package let imageName: String?
    /// What was odd but harmless.
    package let remarks: [String] = []

    /// Resolves a name.
    ///
    /// - Throws: `.notFound`, `.denied`, `.untrusted`, `.transient`, each with what to do next.
    package init(
        _ reference: ImageName, client: RegistryClient, limits: Limits = Limits()
    ) throws(DerootError) {
        name = "docker://\(reference)"
        imageName = reference.tag
        throw DerootError(.unsupported, "registries are not read yet", at: .init(file: name))
    }

    /// The index or manifest that the name stood for.
    package func root() throws(DerootError) -> Descriptor {
        throw DerootError(.unsupported, "registries are not read yet", at: .init(file: name))
    }

    /// A blob, fetched into a file without a name unless it was fetched before.
    package func blob(_ descriptor: Descriptor) throws(DerootError) -> FileSlice {
        throw DerootError(.unsupported, "registries are not read yet", at: .init(file: name))
    }
}
