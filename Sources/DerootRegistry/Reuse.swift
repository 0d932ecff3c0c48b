import DerootBytes
import DerootOCI
import DerootStore

/// Brings a result that the registry has into a transaction, by its documents alone.
struct Reuse {
    let transaction: RegistryTransaction
    /// Where documents may be found.
    let readable: [Repository]
    let limits: Limits

    /// Puts a document in with all below it; false where something is missing.
    mutating func gather(_ descriptor: Descriptor, depth: Int) throws(DerootError) -> Bool {
        try Interruption.check()
        guard depth <= limits.indexDepth, let bytes = try document(descriptor) else { return false }
        _ = try transaction.put(bytes, algorithm: descriptor.digest.algorithm)
        let content = try Document(parsing: bytes).root
        if descriptor.mediaType.isIndex {
            for child in try content.descriptors("manifests") ?? [] {
                guard try gather(child, depth: depth + 1) else { return false }
            }
            return true
        }
        var parts = try content.descriptor("config").map { [$0] } ?? []
        parts += try content.descriptors("layers") ?? []
        parts += try content.descriptors("blobs") ?? []
        return parts.allSatisfy { !$0.urls.isEmpty || transaction.contains($0.digest) }
    }

    private func document(_ descriptor: Descriptor) throws(DerootError) -> [UInt8]? {
        for repository in readable {
            let found = try repository.manifest(
                descriptor.digest.description, limit: limits.manifestBytes)
            let algorithm = descriptor.digest.algorithm
            if let found, Digest.of(found.bytes, algorithm: algorithm) == descriptor.digest {
                return found.bytes
            }
        }
        return nil
    }
}
