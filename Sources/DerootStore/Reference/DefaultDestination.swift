package import DerootBytes

extension TransportReference {
    /// Where the result goes if no destination is given: beside a local source, `NAME-nonroot`.
    ///
    /// `oci:nginx:1.27` gives `oci:nginx-nonroot:1.27`, `oci-archive:x.tar.gz` gives
    /// `oci-archive:x-nonroot.tar` (archives are written uncompressed). A position is dropped: the
    /// image takes its name along.
    ///
    /// - Throws: `.usage` for a registry, since a push is never implied, for standard input, and for
    ///   a path that does not end in a name.
    package func defaultDestination() throws(DerootError) -> TransportReference {
        guard case .local(let source) = self else {
            // A file that is not there is taken for a registry's name as well: say what was read.
            throw DerootError(
                .usage, "this names an image in a registry, and the destination is missing",
                at: .init(file: description),
                advice: "add one, such as oci:PATH, or correct the path if a file is meant; "
                    + "deroot never pushes without being told where")
        }
        let name = source.path.split(separator: "/").last ?? ""
        guard !source.isStandardStream, !name.isEmpty, name != ".", name != ".." else {
            throw DerootError(
                .usage, "the destination is missing",
                advice:
                    "add one, since '\(printable(source.path.utf8))' has no name to derive it from")
        }
        var stem = source.path[...]
        if source.transport != .oci {
            for suffix in [".gz", ".zst", ".zstd", ".tgz", ".tar"] where stem.hasSuffix(suffix) {
                stem = stem.dropLast(suffix.count)
            }
        }
        // A file that is called just ".tar".
        if stem.isEmpty || stem.hasSuffix("/") { stem = source.path[...] }
        let suffix = source.transport == .oci ? "" : ".tar"
        return .local(
            LocalReference(
                source.transport, path: "\(stem)-nonroot\(suffix)",
                selection: source.selectedName.map { .name($0) } ?? .only))
    }
}
