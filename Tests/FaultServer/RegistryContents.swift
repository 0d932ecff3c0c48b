import DerootBytes
import DerootOCI

/// What a small registry holds: a value, so that a test can compare before and after.
package struct RegistryContents: Sendable, Equatable {
    /// A manifest or an index, under its digest.
    package struct StoredManifest: Sendable, Equatable {
        package let type: String
        package let bytes: [UInt8]
    }

    /// A repository.
    package struct Repository: Sendable, Equatable {
        /// Bytes by digest.
        package var blobs: [String: [UInt8]] = [:]
        /// Documents by digest.
        package var manifests: [String: StoredManifest] = [:]
        /// Digests by tag.
        package var tags: [String: String] = [:]
    }

    /// Repositories by name.
    package var repositories: [String: Repository] = [:]

    package init() {}

    /// The repository of a name; an empty one where there is none.
    package subscript(_ name: String) -> Repository {
        get { repositories[name] ?? Repository() }
        set { repositories[name] = newValue }
    }
}

extension RegistryContents.Repository {
    /// What a manifest names that is not here (distribution-spec, MANIFEST_BLOB_UNKNOWN).
    func missing(for manifest: [UInt8]) -> [String] {
        guard let document = try? Document(parsing: manifest) else { return ["no JSON"] }
        let children = document.root["manifests"]?.array ?? []
        let parts =
            (document.root["config"].map { [$0] } ?? []) + (document.root["layers"]?.array ?? [])
        let digest = { (entry: JSON) in entry.object?["digest"]?.string ?? "none" }
        return children.map(digest).filter { manifests[$0] == nil }
            + parts.filter { $0.object?["urls"] == nil }.map(digest).filter { blobs[$0] == nil }
    }

    /// Descriptors, as JSON text, of the manifests that name a subject.
    func referrers(of subject: String) -> [String] {
        manifests.sorted { $0.key < $1.key }.compactMap { digest, manifest in
            guard let root = (try? Document(parsing: manifest.bytes))?.root,
                root["subject"]?.object?["digest"]?.string == subject
            else { return nil }
            let config = root["config"]?.object?["mediaType"]?.string ?? ""
            let type = root["artifactType"]?.string ?? config
            return """
                {"mediaType":"\(manifest.type)","digest":"\(digest)",\
                "size":\(manifest.bytes.count),"artifactType":"\(type)"}
                """
        }
    }
}
