package import DerootBytes
import DerootOCI

extension TransportReference {
    /// Opens what is named here and chooses the image.
    ///
    /// - Throws: `.unsupported` for registries, which need a client, and what the source throws.
    package func openSource(limits: Limits = Limits()) throws(DerootError) -> any ImageSource {
        switch self {
        case .local(let reference):
            switch reference.transport {
            case .oci: return try OCISource(directory: reference, limits: limits)
            case .ociArchive: return try OCISource(archive: reference, limits: limits)
            case .dockerArchive: return try DockerArchiveSource(reference, limits: limits)
            }
        case .registry(let name):
            throw DerootError(
                .unsupported, "\(name.registry) is a registry, and only local images are read here",
                at: .init(file: description))
        }
    }
}
