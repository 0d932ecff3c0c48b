import DerootBytes
import DerootOCI

extension TransportReference {
    /// What is at a path that exists, told by its content.
    ///
    /// A layout may also hold Docker's manifest.json (image-spec, image-layout.md), so the layout's
    /// own files are looked for first.
    ///
    /// - Throws: `.unsupported` where it is neither layout nor archive, and what reading it throws.
    static func sniffedTransport(
        _ path: String
    ) throws(DerootError) -> LocalReference.Transport {
        let advice = "for an image of that name in a registry write docker://NAME"
        if try File.kind(of: path) == .directory {
            for name in [OCILayout.indexName, OCILayout.fileName]
            where try File.kind(of: "\(path)/\(name)") != nil {
                return .oci
            }
            throw DerootError(
                .unsupported, "the directory is not an image layout: it has no index.json",
                at: .init(file: path), advice: advice)
        }
        let limits = Limits()
        let members: ArchiveMembers
        do throws(DerootError) {
            members = try ArchiveMembers(ArchiveFile(path, limits: limits), limits: limits)
        } catch {
            // Nothing of it is a tar stream: it is some other file, not a broken archive.
            guard error.code == .malformed || error.code == .truncated,
                error.location.entry == nil, error.location.offset == 0
            else { throw error }
            throw DerootError(
                .unsupported, "the file is not an archive of images: \(error.message)",
                at: .init(file: path), advice: advice)
        }
        if members.contains(OCILayout.indexName) || members.contains(OCILayout.fileName) {
            return .ociArchive
        }
        if members.contains(DockerManifestList.fileName) || members.contains("repositories") {
            return .dockerArchive
        }
        throw DerootError(
            .unsupported,
            "the file is not an archive of images: it has neither index.json nor "
                + "manifest.json", at: .init(file: path), advice: advice)
    }
}
