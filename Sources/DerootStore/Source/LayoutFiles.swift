package import DerootBytes
import DerootOCI

/// The files of an OCI image layout by their names, wherever the layout is.
package protocol LayoutFiles: Sendable {
    /// Opens a file, such as `index.json` or `blobs/sha256/…`.
    ///
    /// - Throws: `.notFound` where it is missing, `.unsupported` where it is no file, `.hostile`
    ///   where a link leads out of the layout.
    func file(_ path: String) throws(DerootError) -> FileSlice
}

/// A layout in a directory.
package struct LayoutDirectory: LayoutFiles {
    /// The directory, as it was given.
    package let path: String
    private let realPath: String

    /// Resolves the directory once, so that links inside it can be held against it.
    ///
    /// - Throws: `.notFound`, `.unsupported` where it is no directory.
    package init(_ path: String) throws(DerootError) {
        guard let kind = try File.kind(of: path) else {
            throw DerootError(.notFound, "there is no such directory", at: .init(file: path))
        }
        guard kind == .directory else {
            throw DerootError(
                .unsupported, "an image layout is a directory, and this is none",
                at: .init(file: path), advice: "for a tar file write oci-archive:PATH")
        }
        self.path = path
        realPath = try File.resolved(path)
    }

    /// Where a file really is; it must be inside the layout.
    ///
    /// Docker's official layouts hold blobs that are links to files beside `blobs`; a link to
    /// anything outside could make deroot publish a file of this machine (hostile input G04).
    package func location(of path: String) throws(DerootError) -> String {
        let shown = "\(self.path)/\(path)"
        let found: String
        do throws(DerootError) {
            found = try File.resolved(shown)
        } catch { throw error.located(in: .init(file: shown)) }
        let inside = realPath == "/" ? "/" : realPath + "/"
        guard found.utf8.starts(with: inside.utf8) else {
            throw DerootError(
                .hostile, "a link leads out of the layout", at: .init(file: shown),
                advice: "copy the file to where the link is")
        }
        return found
    }

    /// Opens a file.
    package func file(_ path: String) throws(DerootError) -> FileSlice {
        try FileSlice(File.reading(try location(of: path)))
    }
}

/// Where a blob is in a layout.
func blobPath(_ digest: Digest) -> String {
    "blobs/\(digest.algorithm.rawValue)/\(digest.hex)"
}
