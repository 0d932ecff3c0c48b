import DerootOCI
import DerootRegistry

/// How registries are talked to.
///
/// Without further words they are found, trusted and logged in to as by podman and Docker:
/// `registries.conf`, `certs.d`, `auth.json`, `config.json` and credential helpers.
public struct Registries: Sendable {
    /// Who we are at a registry.
    public enum Credentials: Sendable, Hashable {
        /// Nobody.
        case anonymous
        /// A name and its secret.
        case basic(user: String, secret: String)
        /// An OAuth2 refresh token.
        case identityToken(String)
    }

    /// The only file that is looked into for credentials; nil: those that podman and Docker use.
    public var authFile: String?
    /// The only folder that is looked into for certificates; nil: the folders `certs.d`.
    public var certificateDirectory: String?
    /// Whether certificates are verified, `false` allowing plain HTTP too; nil: as registries.conf says.
    public var verifiesTLS: Bool?
    /// How often a failed request is repeated.
    public var retries = 5
    /// Seconds without progress after which a transfer counts as stalled.
    public var idleSeconds = 60
    /// Seconds that a registry may make us wait before a try.
    public var longestWait: Double = 300
    /// Credentials that this program has itself, by registry, such as `quay.io` or `localhost:5000`;
    /// where it gives nil, the files are asked.
    public var credentials: (@Sendable (_ registry: String) -> Credentials?)?

    /// As podman and Docker do it.
    public init() {}

    /// A client; nothing is sent yet.
    ///
    /// - Throws: What reading the settings throws.
    func client(_ progress: @escaping ProgressObserver) throws(DerootError) -> RegistryClient {
        var overrides = RegistryOverrides()
        overrides.authFile = authFile
        overrides.certificateDirectory = certificateDirectory
        overrides.verifiesTLS = verifiesTLS
        var options = RegistryOptions()
        options.tries = max(0, retries) + 1
        options.idleSeconds = max(1, idleSeconds)
        options.longestWait = max(0, longestWait)
        options.observer = { event in Progress(event).map(progress) }
        let files = try ContainersSettings(overrides, in: SettingsEnvironment.current())
        return RegistryClient(
            settings: GivenCredentials(files: files, ask: credentials), options: options)
    }
}

/// Settings from files, with credentials that the program has itself before theirs.
private struct GivenCredentials: RegistrySettings {
    let files: ContainersSettings
    let ask: (@Sendable (_ registry: String) -> Registries.Credentials?)?

    func endpoints(
        for name: ImageName, _ access: RegistryAccess
    ) throws(DerootError) -> [RegistryEndpoint] {
        try files.endpoints(for: name, access)
    }

    func credentials(
        for endpoint: RegistryEndpoint
    ) throws(DerootError) -> RegistryCredentials {
        if let given = given(endpoint) { return given }
        return try files.credentials(for: endpoint)
    }

    func credentials(
        for endpoint: RegistryEndpoint, insteadOf refused: RegistryCredentials
    ) throws(DerootError) -> RegistryCredentials {
        if let given = given(endpoint) { return given }
        return try files.credentials(for: endpoint, insteadOf: refused)
    }

    private func given(_ endpoint: RegistryEndpoint) -> RegistryCredentials? {
        switch ask?(String(endpoint.credentialName.prefix { $0 != "/" })) {
        case .anonymous: .anonymous
        case .basic(let user, let secret): .basic(user: user, secret: secret)
        case .identityToken(let token): .identityToken(token)
        case nil: nil
        }
    }
}
