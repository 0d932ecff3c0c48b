package import DerootBytes

/// Which tags of a repository are mirrored.
package struct TagSelection: Sendable, Hashable {
    /// A tag must fit one of these; all do where there are none.
    package var allow: [NamePattern] = []
    /// A tag must fit none of these.
    package var deny: [NamePattern] = []
    /// A tag must be a version in one of these; all tags do where there are none.
    package var versions: [VersionRange] = []
    /// Only so many, the highest versions; tags that are no versions go then.
    package var latest: Int?

    /// All tags.
    package init() {}

    /// The tags that are chosen, sorted by their bytes, or highest first where `latest` asks for it.
    ///
    /// Tags that hold signatures or lists of referrers are never among them.
    ///
    /// - Throws: `.malformed` for a pattern that cannot be looked for.
    package func choose(_ tags: [String]) throws(DerootError) -> [String] {
        var chosen = tags.filter { !Self.isDocument($0) }
        if !allow.isEmpty {
            var allowed: Set<String> = []
            for pattern in allow { allowed.formUnion(try pattern.filter(chosen)) }
            chosen = chosen.filter(allowed.contains)
        }
        for pattern in deny {
            let denied = try pattern.filter(chosen)
            chosen = chosen.filter { !denied.contains($0) }
        }
        if !versions.isEmpty {
            chosen = chosen.filter { tag in
                guard let version = TagVersion(tag) else { return false }
                return versions.contains { $0.contains(version) }
            }
        }
        chosen.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard let latest else { return chosen }
        let ordered = chosen.compactMap { tag in TagVersion(tag).map { (tag, $0) } }.sorted {
            $0.1 == $1.1 ? $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) : $1.1 < $0.1
        }
        return ordered.prefix(latest).map(\.0)
    }

    /// Cosign's tags and the fallback lists of referrers begin with a digest's algorithm.
    private static func isDocument(_ tag: String) -> Bool {
        Digest.Algorithm.allCases.contains { tag.hasPrefix("\($0.rawValue)-") }
    }
}
