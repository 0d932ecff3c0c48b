package import DerootBytes
package import DerootOCI

/// What the client asks about registries: where they are, whom to trust, and who we are.
///
/// `ContainersSettings` answers from the files that podman and skopeo read.
package protocol RegistrySettings: Sendable {
    /// Where an image is to be looked for, in this order.
    ///
    /// For reading, mirrors come first and the registry itself last; for writing there is exactly one.
    ///
    /// - Throws: `.denied` for a registry that is blocked, `.malformed` for a broken file, `.io`.
    func endpoints(
        for name: ImageName, _ access: RegistryAccess
    ) throws(DerootError) -> [RegistryEndpoint]
    /// Who we are at an endpoint; asked before the first request to it.
    ///
    /// - Throws: `.malformed` for a broken file, `.io`, `.transient` for a helper that hangs.
    func credentials(
        for endpoint: RegistryEndpoint
    ) throws(DerootError) -> RegistryCredentials
    /// Who we are by now, where the registry did not take these credentials, or no longer.
    ///
    /// - Throws: As without `refused`.
    func credentials(
        for endpoint: RegistryEndpoint, insteadOf refused: RegistryCredentials
    ) throws(DerootError) -> RegistryCredentials
}

extension RegistrySettings {
    /// Asks once more.
    package func credentials(
        for endpoint: RegistryEndpoint, insteadOf refused: RegistryCredentials
    ) throws(DerootError) -> RegistryCredentials { try credentials(for: endpoint) }
}

/// What is to be done with a repository.
package enum RegistryAccess: Sendable, Hashable {
    /// Pull.
    case read
    /// Push; mirrors have no part in it.
    case write
}

/// One place where a repository is.
package struct RegistryEndpoint: Sendable, Hashable {
    /// The API's host, lower case, with the port where one was given: `registry-1.docker.io`,
    /// `localhost:5000`, `[::1]:5000`.
    package var host: String
    /// The repository there, which may differ from the image's (registries.conf, `location`).
    package var repository: String
    /// The name that credentials are looked up by, without tag: `docker.io/library/nginx`.
    package var credentialName: String
    /// Whether this is a mirror: what it lacks is looked for at the next endpoint.
    package var isMirror = false
    /// How the connection is secured.
    package var trust = TrustSettings()

    /// Names a place; certificates of the system are trusted, nothing else.
    package init(host: String, repository: String, credentialName: String? = nil) {
        self.host = host
        self.repository = repository
        self.credentialName = credentialName ?? "\(host)/\(repository)"
    }
}

/// How the connection to a host is secured.
package struct TrustSettings: Sendable, Hashable {
    /// Whether certificates are verified; where not, plain HTTP is tried when TLS fails.
    package var verifies = true
    /// Files with further CA certificates, PEM (certs.d, `*.crt`).
    package var authorities: [String] = []
    /// Our own certificate, PEM (certs.d, `*.cert`).
    package var certificate: String?
    /// The key of our own certificate, PEM (certs.d, `*.key`).
    package var key: String?

    /// The system's certificates, verified.
    package init() {}
}

/// Who we are at a registry.
package enum RegistryCredentials: Sendable, Hashable {
    /// Nobody.
    case anonymous
    /// A name and its secret.
    case basic(user: String, secret: String)
    /// An OAuth2 refresh token; credential helpers give it with the user name `<token>`.
    case identityToken(String)
}

extension RegistryCredentials: CustomStringConvertible {
    /// What kind it is; a secret never becomes text by accident.
    package var description: String {
        switch self {
        case .anonymous: "anonymous"
        case .basic: "a user's password"
        case .identityToken: "an identity token"
        }
    }
}

/// What the command line says of one side, source or destination; it goes before every file.
package struct RegistryOverrides: Sendable, Hashable {
    /// `--authfile`: the only file that is looked into for credentials.
    package var authFile: String?
    /// `--cert-dir`: the only folder that is looked into for certificates.
    package var certificateDirectory: String?
    /// `--tls-verify`; nil where it was not given, so that registries.conf decides.
    package var verifiesTLS: Bool?

    /// Nothing was said.
    package init() {}
}

/// Settings without any file: Docker Hub's API host, the system's certificates, nobody.
package struct DefaultSettings: RegistrySettings {
    private let overrides: RegistryOverrides

    /// Settings that follow the command line alone.
    package init(_ overrides: RegistryOverrides = RegistryOverrides()) {
        self.overrides = overrides
    }

    /// The registry that the name says.
    package func endpoints(
        for name: ImageName, _ access: RegistryAccess
    ) throws(DerootError) -> [RegistryEndpoint] {
        var endpoint = RegistryEndpoint(
            host: Self.apiHost(name.registry), repository: name.repository,
            credentialName: name.name)
        endpoint.trust.verifies = overrides.verifiesTLS ?? true
        return [endpoint]
    }

    /// Nobody.
    package func credentials(
        for endpoint: RegistryEndpoint
    ) throws(DerootError) -> RegistryCredentials { .anonymous }

    /// The host that serves a registry's API; Docker Hub's has another name than the registry.
    package static func apiHost(_ registry: String) -> String {
        registry == ImageName.dockerHub ? "registry-1.docker.io" : registry.lowercased()
    }
}
