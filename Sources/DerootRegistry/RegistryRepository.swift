package import DerootBytes
package import DerootOCI
import DerootStore

/// A repository for those who look after many images: its tags, and manifests by tag or digest.
package struct RegistryRepository: Sendable {
    /// Registry and repository, for messages.
    package let name: String
    private let repository: Repository
    private let limits: Limits

    /// Names a repository; the tag does not matter.
    ///
    /// Mirrors have no part in it, since their tags may be others. `asTarget`: where results are written to,
    /// which may be elsewhere than where the settings read a name from.
    ///
    /// - Throws: What the settings throw.
    package init(
        _ name: ImageName, _ access: RegistryAccess, asTarget: Bool = false,
        client: RegistryClient, limits: Limits = Limits()
    ) throws(DerootError) {
        self.name = name.name
        self.limits = limits
        guard let endpoint = try client.registry(of: name, asTarget ? .write : access) else {
            throw DerootError(.notFound, "no registry is configured for \(name.registry)")
        }
        repository = try Repository(endpoint, access, client: client)
    }

    /// All tags, sorted; none where the registry says that there is no such repository.
    ///
    /// - Throws: `.denied`, `.transient`, `.limit` above 100 000.
    package func tags() throws(DerootError) -> [String] {
        try ifKnown { () throws(DerootError) in try repository.tags() }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Gives all tags of a repository of our own, where many are no attack, one by one, unsorted and some
    /// perhaps twice.
    ///
    /// - Throws: `.denied`, `.transient`, `.limit`.
    package func eachTag(
        most: Int, _ take: @escaping (String) -> Void
    ) throws(DerootError) {
        _ = try ifKnown { () throws(DerootError) in
            try repository.tags(most: most, each: take)
        }
    }

    private func ifKnown(
        _ tags: () throws(DerootError) -> [String]
    ) throws(DerootError) -> [String] {
        do throws(DerootError) {
            return try tags()
        } catch  where error.code == .notFound && !error.isOfTransport {
            return []
        }
    }

    /// What a tag names at this moment; nil where there is no such tag.
    ///
    /// One HEAD, and a GET only where that does not say.
    ///
    /// - Throws: `.denied`, `.transient`.
    package func digest(of tag: String) throws(DerootError) -> Digest? {
        if let head = try repository.head(tag) { return head.digest }
        return try repository.manifest(tag, limit: limits.manifestBytes).map {
            Digest.of($0.bytes)
        }
    }

    /// What a tag names at this moment, by HEAD alone; nil where the registry does not say.
    ///
    /// - Throws: `.denied`, `.transient`.
    package func head(_ tag: String) throws(DerootError) -> Digest? {
        try repository.head(tag)?.digest
    }

    /// A manifest's bytes and type, by tag or digest; nil where there is none.
    ///
    /// - Throws: `.mismatch` where it is not what a digest names, `.denied`, `.transient`.
    package func manifest(
        _ reference: String
    ) throws(DerootError) -> (bytes: [UInt8], type: MediaType)? {
        let found = try repository.manifest(reference, limit: limits.manifestBytes)
        if let found, let wanted = try? Digest(parsing: reference) {
            let digest = Digest.of(found.bytes, algorithm: wanted.algorithm)
            guard digest == wanted else {
                throw DerootError(
                    .mismatch, "the registry gives content with the digest \(digest)",
                    at: .init(file: name, blob: wanted))
            }
        }
        return found
    }

    /// A blob's size, 0 where the registry does not say it; nil where there is no such blob.
    ///
    /// - Throws: `.denied`, `.transient`.
    package func blobSize(_ digest: Digest) throws(DerootError) -> UInt64? {
        try repository.blobSize(digest)
    }

    /// A small blob, verified; nil where there is none.
    ///
    /// - Throws: `.mismatch`, `.denied`, `.transient`.
    package func blob(_ digest: Digest) throws(DerootError) -> [UInt8]? {
        guard let bytes = try repository.blob(digest, limit: limits.manifestBytes) else {
            return nil
        }
        guard Digest.of(bytes, algorithm: digest.algorithm) == digest else {
            throw DerootError(
                .mismatch, "the registry gives other content", at: .init(file: name, blob: digest))
        }
        return bytes
    }

    /// Gives a manifest a name.
    ///
    /// - Throws: `.denied`, `.transient`.
    package func put(
        _ manifest: [UInt8], _ type: MediaType, as tag: String
    ) throws(DerootError) { try repository.put(manifest, type, as: tag) }

    /// Stores an artifact under a tag: a manifest with one small document, in the form that the registry takes.
    ///
    /// - Throws: `.denied`, `.transient`.
    package func put(
        artifact document: [UInt8], type: MediaType, as tag: String,
        annotations: KeyValuePairs<String, String> = [:]
    ) throws(DerootError) {
        let artifact = Referrer(document, type: type, subject: nil, annotations: annotations)
        _ = try repository.put(artifact, as: tag)
    }

    /// What became of a manifest that was to be deleted.
    package enum Deletion: Sendable {
        case gone
        /// The registry has none.
        case missing
        /// The registry deletes nothing at all.
        case impossible(DerootError)

        package var isGone: Bool { if case .gone = self { true } else { false } }
    }

    /// Deletes a manifest.
    ///
    /// - Throws: `.denied`, `.unsupported` where the registry does not delete this one, `.transient`.
    package func delete(_ digest: Digest) throws(DerootError) -> Deletion {
        let outcome = try repository.delete(
            repository.request(.delete, "manifests/\(digest)"), repeats: true)
        guard let response = outcome.response else { throw repository.refusal(outcome, "it") }
        var refusal: DerootError { repository.refusal(outcome, "the deletion of a manifest") }
        switch response.status {
        case 200..<300: return .gone
        case 404: return .missing
        case 405, 501:
            var error = refusal
            error.code = .unsupported
            return .impossible(error)
        default: throw refusal
        }
    }

    /// The repositories of a registry (distribution, "Listing Repositories"), sorted.
    ///
    /// - Throws: `.denied`, `.transient`, `.limit`, `.notFound` where it does not list them.
    package static func catalog(
        of registry: String, client: RegistryClient
    ) throws(DerootError) -> [String] {
        let some = try ImageName(parsing: "\(registry)/x")
        let repository = try RegistryRepository(some, .read, client: client).repository
        return try repository.catalog().sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
