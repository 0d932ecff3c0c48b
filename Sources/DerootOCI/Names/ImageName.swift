package import DerootBytes

/// The name of an image in a registry: `[host[:port]/]repository[:tag][@digest]`
/// (distribution/reference, reference.go and normalize.go).
///
/// Normalised: `ubuntu` is docker.io/library/ubuntu:latest. Where both a tag and a digest are given,
/// the digest decides and the tag is for people.
package struct ImageName: Sendable, Hashable, CustomStringConvertible {
    /// The registry's host, with its port where one was given; `docker.io` for Docker Hub.
    package let registry: String
    /// The repository's path within the registry.
    package let repository: String
    /// The tag; nil where only a digest was given.
    package let tag: String?
    /// The digest; nil where none was given.
    package let digest: Digest?

    /// Parses and normalises a name.
    ///
    /// - Throws: `.malformed`, or `.unsupported` for a digest of another algorithm.
    package init(parsing text: String) throws(DerootError) {
        let refuse = { (reason: String) in
            DerootError(
                .malformed, "'\(printable(text.utf8.prefix(300)))' is not an image name: \(reason)")
        }
        // Docker takes 64 hex digits for a local image's ID, so no repository may be named like that.
        if text.utf8.count == 64, text.utf8.allSatisfy(isLowerHex) {
            throw refuse("64 hex digits are an image ID")
        }
        let (host, rest) = Self.splitHost(text)
        var path = rest
        var digest: Digest?
        if let at = path.utf8.firstIndex(of: UInt8(ascii: "@")) {
            digest = try Digest(parsing: path[path.utf8.index(after: at)...])
            path = path[..<at]
        }
        var tag: String?
        if let colon = path.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let name = path[path.utf8.index(after: colon)...]
            guard isTag(name) else { throw refuse("the tag is not well-formed") }
            tag = String(name)
            path = path[..<colon]
        }
        guard isHost(host) else { throw refuse("the host is not well-formed") }
        guard path.utf8.allSatisfy({ !(0x41...0x5A).contains($0) }) else {
            throw refuse("the repository must be in lower case")
        }
        var repository = String(path)
        let isOfficial = host == Self.dockerHub && !path.utf8.contains(UInt8(ascii: "/"))
        if isOfficial { repository = "library/" + repository }
        guard repository.utf8.count <= 255 else {
            throw refuse("the repository has more than 255 characters")
        }
        let components = repository.split(separator: "/", omittingEmptySubsequences: false)
        guard components.allSatisfy(isPathComponent) else {
            throw refuse("the repository is not well-formed")
        }
        registry = String(host)
        self.repository = repository
        self.tag = tag ?? (digest == nil ? "latest" : nil)
        self.digest = digest
    }

    /// The full name, normalised.
    package var description: String {
        var text = name
        if let tag { text += ":\(tag)" }
        if let digest { text += "@\(digest)" }
        return text
    }

    /// Registry and repository, without tag and digest.
    package var name: String { "\(registry)/\(repository)" }

    /// Docker Hub's name.
    package static let dockerHub = "docker.io"

    /// The first part is a host only if it looks like one: a dot, a colon, an upper-case letter, or
    /// `localhost`; and only where something follows.
    private static func splitHost(_ text: String) -> (host: Substring, rest: Substring) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            return (Substring(dockerHub), Substring(text))
        }
        let first = text[..<slash]
        let rest = text[text.utf8.index(after: slash)...]
        if first == "index.docker.io" { return (Substring(dockerHub), rest) }
        let looksLikeHost = first.utf8.contains { byte in
            byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || (0x41...0x5A).contains(byte)
        }
        return looksLikeHost || first == "localhost"
            ? (first, rest) : (Substring(dockerHub), Substring(text))
    }
}
