package import DerootBytes

extension TransportReference {
    /// Opens what is named here and chooses the image.
    ///
    /// - Throws: `.unsupported` for registries, and what the source throws.
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
                .unsupported, "this build of deroot does not read registries yet",
                at: .init(file: description),
                advice: "copy the image first: skopeo copy --all docker://\(name) oci:PATH")
        }
    }
}
