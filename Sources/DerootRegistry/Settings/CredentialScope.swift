import DerootOCI

/// Under which keys the credentials for a repository may stand (containers-auth.json(5)).
struct CredentialScope: Sendable, Hashable {
    /// The registry's names, the first being the one that is used today.
    let hosts: [String]
    /// All keys, most specific first: `host/a/b`, `host/a`, `host`.
    let keys: [String]
    /// What a credential helper is asked for.
    let serverName: String

    /// Docker Hub's key in Docker's files and helpers, older than registries with paths.
    static let hubKey = "https://index.docker.io/v1/"

    init(registry: String, repository: String) {
        // Hosts have no case. Only Hub has a second name, and no third: sending its credentials to
        // whatever else ends in docker.io was CVE-2021-41092.
        let host = lowercased(registry)
        let isHub = host == ImageName.dockerHub
        let hosts = isHub ? [host, "index.docker.io"] : [host]
        self.hosts = hosts
        serverName = isHub ? Self.hubKey : registry
        let parts = repository.split(separator: "/")
        let paths = (0...parts.count).reversed().map { count in
            parts.prefix(count).map { "/" + $0 }.joined()
        }
        keys = paths.flatMap { path in hosts.map { $0 + path } }
    }

    /// A file's key in the form of `keys`.
    ///
    /// Docker writes hosts as URLs, whose paths mean nothing; in the oldest file that is all there is.
    static func normalized(_ key: String, isLegacy: Bool) -> String {
        read(key, isLegacy: isLegacy).key
    }

    /// A file's key in the form of `keys`, and how much it counts where several have the same form:
    /// the lowest first; nil for keys that log in nowhere.
    ///
    /// `docker login` by a browser keeps two tokens of its own beside Hub's key, as
    /// `https://index.docker.io/v1/access-token` and `…/refresh-token` (docker/cli,
    /// internal/oauth/manager): no registry takes them.
    static func ranked(_ key: String, isLegacy: Bool) -> (key: String, rank: Int)? {
        let (found, dropped) = read(key, isLegacy: isLegacy)
        if found == key { return (found, 0) }
        if ["/access-token", "/refresh-token"].contains(where: dropped.hasSuffix) { return nil }
        return (found, ["", "/v1", "/v2"].contains(dropped) ? 1 : 2)
    }

    /// The key, and the path that was dropped from it.
    private static func read(
        _ key: String, isLegacy: Bool
    ) -> (key: String, dropped: Substring) {
        var rest = Substring(key)
        var hasScheme = false
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            hasScheme = true
        }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        let host = rest.prefix { $0 != "/" }
        let path = rest[host.endIndex...]
        let isBare = hasScheme || isLegacy || path == "/v1" || path == "/v2"
        return (lowercased(host) + (isBare ? "" : path), isBare ? path : "")
    }
}

/// ASCII letters in lower case.
func lowercased(_ text: some StringProtocol) -> String {
    String(decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
}
