package import DerootBytes
package import DerootOCI
import DerootStore
import Synchronization

/// The documents, and what makes the result visible.
extension RegistryTransaction {
    /// Sends the documents, compares what the registry made of the root, and moves the tag.
    package func commit(root: Descriptor, name carried: String?) throws(DerootError) {
        defer { abort() }
        do throws(DerootError) {
            var pushed: Set<Digest> = []
            try push(root, &pushed, depth: 0)
            try compare(root)
            try Interruption.check()
            try repository.put(
                document(root.digest, limits.manifestBytes), root.mediaType, as: tag)
            try compareTag(root)
        } catch { throw error.located(in: .init(file: name)) }
    }

    /// Sends a manifest after all that it names.
    private func push(
        _ descriptor: Descriptor, _ pushed: inout Set<Digest>, depth: Int
    ) throws(DerootError) {
        guard pushed.insert(descriptor.digest).inserted else { return }
        try Interruption.check()
        guard depth <= limits.indexDepth + 1 else {
            throw DerootError(.limit, "indexes are nested more than \(limits.indexDepth) deep")
        }
        let bytes = try document(descriptor.digest, limits.manifestBytes)
        guard UInt64(bytes.count) == descriptor.size else {
            throw DerootError(
                .mismatch,
                "the document has \(bytes.count) bytes, its descriptor says \(descriptor.size)",
                at: .init(blob: descriptor.digest))
        }
        if let content = try? Document(parsing: bytes).root {
            if descriptor.mediaType.isIndex {
                for child in try content.descriptors("manifests") ?? [] {
                    try push(child, &pushed, depth: depth + 1)
                }
            } else {
                var parts = try content.descriptor("config").map { [$0] } ?? []
                parts += try content.descriptors("layers") ?? []
                parts += try content.descriptors("blobs") ?? []
                for part in parts where pushed.insert(part.digest).inserted {
                    do throws(DerootError) {
                        try pushBlob(part)
                    } catch { throw error.located(in: .init(blob: part.digest)) }
                }
            }
        }
        try settle()
        do throws(DerootError) {
            try repository.put(bytes, descriptor.mediaType, as: descriptor.digest.description)
        } catch { throw error.located(in: .init(blob: descriptor.digest)) }
    }

    /// Makes sure that the repository has a config or layer.
    private func pushBlob(_ descriptor: Descriptor) throws(DerootError) {
        let digest = descriptor.digest
        let isKnown = state.withLock { $0.blobs[digest] != nil || $0.coming.contains(digest) }
        guard !isKnown else { return }
        if let bytes = state.withLock({ $0.documents[digest] }) {
            guard try !isThere(digest) else { return }
            let staged = try stage()
            try staged.write(bytes)
            try upload(BlobFile(try staged.contents()), digest)
            return
        }
        // Foreign layers are fetched from elsewhere by whoever runs the image.
        guard try !isThere(digest), descriptor.urls.isEmpty else { return }
        throw DerootError(
            .notFound, "the blob belongs to the result and was not brought",
            at: .init(blob: digest))
    }

    /// A document that was brought, or that the repository has.
    private func document(_ digest: Digest, _ limit: Int) throws(DerootError) -> [UInt8] {
        if let bytes = state.withLock({ $0.documents[digest] }) { return bytes }
        let stored = try repository.manifest(digest.description, limit: limit)?.bytes
        let bytes = if let stored { stored } else { try repository.blob(digest, limit: limit) }
        guard let bytes, Digest.of(bytes, algorithm: digest.algorithm) == digest else {
            throw DerootError(
                .notFound, "the document belongs to the result and was not brought",
                at: .init(blob: digest))
        }
        state.withLock { $0.documents[digest] = bytes }
        return bytes
    }

    /// Seconds between looks at what was written: a registry of many servers may show it to one of them
    /// after a while only.
    private static let looks: [Double] = [1, 2, 4]

    /// Looks until there is something, a few times; the last answer counts.
    private func look<Found>(
        _ once: () throws(DerootError) -> Found, until isThere: (Found) -> Bool
    ) throws(DerootError) -> Found {
        var found = try once()
        for seconds in Self.looks where !isThere(found) {
            try repository.client.options.timekeeper.sleep(seconds) {}
            found = try once()
        }
        return found
    }

    /// Reads the root back: some registries store something else than they were given (F16).
    private func compare(_ root: Descriptor) throws(DerootError) {
        let found = try look({ () throws(DerootError) -> Digest? in
            let stored = try repository.manifest(
                root.digest.description, limit: limits.manifestBytes)
            return stored.map { Digest.of($0.bytes, algorithm: root.digest.algorithm) }
        }) { $0 != nil }
        guard found == root.digest else {
            throw DerootError(
                .mismatch,
                "the registry took the manifest and gives "
                    + (found.map { "another one back, \($0)" } ?? "nothing back"),
                at: .init(blob: root.digest), advice: "the tag was not touched")
        }
    }

    /// The tag is read back; somebody else may have moved it at the same moment.
    private func compareTag(_ root: Descriptor) throws(DerootError) {
        let isOurs = { (head: Digest?) in
            head == nil || head == root.digest || head?.algorithm != root.digest.algorithm
        }
        let found = try look(
            { () throws(DerootError) -> Digest? in try repository.head(tag)?.digest },
            until: isOurs)
        guard let head = found, !isOurs(head) else { return }
        throw DerootError(
            .mismatch, "the tag \(tag) was moved, and now names \(head)",
            advice: "somebody else seems to push to this tag as well")
    }
}
