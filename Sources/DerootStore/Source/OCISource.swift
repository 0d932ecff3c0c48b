package import DerootBytes
package import DerootOCI

/// A chosen image of an OCI image layout, in a directory or in a tar file.
package struct OCISource: ImageSource {
    /// What is read, as the user would write it.
    package let name: String
    /// The `org.opencontainers.image.ref.name` of the chosen entry, else its containerd name.
    package let imageName: String?
    /// What was odd but harmless.
    package let remarks: [String]
    private let chosen: Descriptor
    /// All entries of the layout's index.
    private let entries: [Descriptor]
    private let limits: Limits
    private let files: any LayoutFiles

    /// Opens a layout in a directory and chooses.
    ///
    /// - Throws: see `init(_:in:limits:)`, and what `LayoutDirectory` throws.
    package init(directory reference: LocalReference, limits: Limits) throws(DerootError) {
        try self.init(reference, in: LayoutDirectory(reference.path), limits: limits)
    }

    /// Opens a layout in a tar file, or on standard input, and chooses.
    ///
    /// - Throws: see `init(_:in:limits:)`, and what `ArchiveFile` and `ArchiveMembers` throw.
    package init(archive reference: LocalReference, limits: Limits) throws(DerootError) {
        let members = try ArchiveMembers(
            ArchiveFile(reference.path, limits: limits), limits: limits)
        try self.init(reference, in: members, limits: limits)
    }

    /// Reads the layout's two documents and chooses an entry of the index.
    ///
    /// - Throws: `.notFound`, `.malformed`, `.limit`, `.unsupported` for another layout version,
    ///   `.ambiguous` where more than one image fits.
    init(
        _ reference: LocalReference, in files: any LayoutFiles, limits: Limits
    ) throws(DerootError) {
        name = reference.description
        self.files = files
        self.limits = limits
        do throws(DerootError) {
            remarks = try Self.marker(files, limits: limits)
            let index = try Self.index(files, limits: limits)
            chosen = try index.entry(reference.selection)
            entries = index.manifests
        } catch { throw error.located(in: .init(file: reference.description)) }
        imageName =
            chosen.annotations[OCILayout.referenceName] ?? chosen.annotations[containerdName]
    }

    // Tools have written layouts without the marker; another version is another format (A15).
    private static func marker(
        _ files: any LayoutFiles, limits: Limits
    ) throws(DerootError) -> [String] {
        let marker: FileSlice
        do throws(DerootError) {
            marker = try files.file(OCILayout.fileName)
        } catch  where error.code == .notFound {
            return ["the layout has no file '\(OCILayout.fileName)'"]
        }
        let bytes = try marker.bytes(atMost: limits.manifestBytes, OCILayout.fileName)
        do throws(DerootError) {
            try OCILayout.check(bytes)
        } catch { throw error.inside(OCILayout.fileName) }
        return []
    }

    private static func index(
        _ files: any LayoutFiles, limits: Limits
    ) throws(DerootError) -> ImageIndex {
        do throws(DerootError) {
            let file = try files.file(OCILayout.indexName)
            let bytes = try file.bytes(atMost: limits.manifestBytes, "the document")
            let index = try ImageIndex(parsing: bytes)
            guard try DocumentKind.of(index.document, declared: nil) == .index else {
                throw DerootError(.malformed, "the document is not an index")
            }
            return index
        } catch { throw error.inside(OCILayout.indexName) }
    }

    /// The chosen index or manifest.
    package func root() -> Descriptor { chosen }

    /// The other entries whose manifests have one of the digests as their subject.
    package func referrers(of digests: [Digest]) throws(DerootError) -> [Referrer.Found] {
        var found: [Referrer.Found] = []
        for entry in entries where entry.digest != chosen.digest && entry.mediaType.isManifest {
            // What is wrong with other people's documents is no reason to refuse this image.
            guard entry.size <= UInt64(limits.manifestBytes),
                let bytes = try? document(entry, limit: limits.manifestBytes),
                let manifest = try? Manifest(parsing: bytes), let subject = manifest.subject,
                digests.contains(subject.digest)
            else { continue }
            found.append(manifest.found(subject: subject.digest, digest: entry.digest))
        }
        return found
    }

    /// A blob's bytes, not verified.
    package func blob(_ descriptor: Descriptor) throws(DerootError) -> FileSlice {
        let path = blobPath(descriptor.digest)
        do throws(DerootError) {
            return try files.file(path)
        } catch {
            var refusal = error.located(in: .init(file: name, blob: descriptor.digest))
            if error.code == .notFound {
                refusal.message = "the blob is missing, there is no \(path)"
            }
            throw refusal
        }
    }
}
