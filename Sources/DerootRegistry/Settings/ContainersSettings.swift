package import DerootBytes
package import DerootOCI

/// Settings from the files that podman, skopeo and Docker read.
///
/// registries.conf(5), certs.d(5), auth.json(5), and the command line before all of them.
package struct ContainersSettings: RegistrySettings {
    private let environment: SettingsEnvironment
    private let overrides: RegistryOverrides
    private let conf: RegistriesConf
    private let certificates: CertificateFolders
    private let answers = HelperAnswers()

    /// Reads registries.conf; files with credentials are read when somebody asks.
    ///
    /// - Throws: `.malformed` for a broken file, with its line; `.notFound` for one that a variable
    ///   names and that is not there; `.io`.
    package init(
        _ overrides: RegistryOverrides = RegistryOverrides(), in environment: SettingsEnvironment
    ) throws(DerootError) {
        self.environment = environment
        self.overrides = overrides
        conf = try RegistriesConf(environment)
        certificates = CertificateFolders(environment, only: overrides.certificateDirectory)
    }

    /// Where an image is: for reading, mirrors and then the location; for writing, where it says.
    ///
    /// - Throws: `.denied` where the registry is blocked, `.malformed` for certificates that lack
    ///   their keys, `.io`.
    package func endpoints(
        for name: ImageName, _ access: RegistryAccess
    ) throws(DerootError) -> [RegistryEndpoint] {
        guard let rule = conf.rule(for: name) else {
            return [try endpoint(name, isInsecure: false)]
        }
        guard !rule.isBlocked else {
            throw DerootError(
                .denied, "'\(printable(name.name.utf8))' is blocked by the settings",
                at: .init(file: rule.file),
                advice: "see the table with the prefix '\(printable(rule.prefix.utf8))' there")
        }
        guard access == .read else { return [try endpoint(name, isInsecure: rule.isInsecure)] }
        var endpoints: [RegistryEndpoint] = []
        for mirror in rule.mirrors where mirror.scope.holds(name) {
            let place = try rule.replaced(name, by: mirror.location)
            var endpoint = try endpoint(place, isInsecure: mirror.isInsecure)
            endpoint.isMirror = true
            endpoints.append(endpoint)
        }
        let place = try rule.location.map { (location) throws(DerootError) in
            try rule.replaced(name, by: location)
        }
        endpoints.append(try endpoint(place ?? name, isInsecure: rule.isInsecure))
        return endpoints
    }

    private func endpoint(
        _ name: ImageName, isInsecure: Bool
    ) throws(DerootError) -> RegistryEndpoint {
        var endpoint = RegistryEndpoint(
            host: DefaultSettings.apiHost(name.registry), repository: name.repository,
            credentialName: name.name)
        endpoint.trust.verifies = overrides.verifiesTLS ?? !isInsecure
        try certificates.add(to: &endpoint.trust, registry: name.registry)
        return endpoint
    }

    /// Who we are: the first file that knows the repository decides.
    ///
    /// - Throws: `.malformed` for a broken file, `.notFound` for a `--authfile` that is not there
    ///   and for a helper that is not installed, `.io` for a helper that fails.
    package func credentials(
        for endpoint: RegistryEndpoint
    ) throws(DerootError) -> RegistryCredentials { try credentials(endpoint, insteadOf: nil) }

    /// The same, as of now: files are read again, and a helper that said this is asked again.
    ///
    /// - Throws: The same.
    package func credentials(
        for endpoint: RegistryEndpoint, insteadOf refused: RegistryCredentials
    ) throws(DerootError) -> RegistryCredentials { try credentials(endpoint, insteadOf: refused) }

    private func credentials(
        _ endpoint: RegistryEndpoint, insteadOf refused: RegistryCredentials?
    ) throws(DerootError) -> RegistryCredentials {
        let registry = endpoint.credentialName.prefix { $0 != "/" }
        let scope = CredentialScope(
            registry: String(registry),
            repository: String(endpoint.credentialName.dropFirst(registry.count)))
        for candidate in try authFiles() {
            guard let bytes = try SettingsFile.read(candidate.path) else {
                guard candidate.isRequired else { continue }
                throw DerootError(
                    .notFound, "there is no such file", at: .init(file: candidate.path),
                    advice: "correct --authfile or REGISTRY_AUTH_FILE")
            }
            // Written by nobody yet, as the shell's redirection leaves it.
            guard !bytes.isEmpty else { continue }
            let file = try AuthFile(
                parsing: bytes, path: candidate.path, isLegacy: candidate.isLegacy)
            if let found = try credentials(scope, in: file, insteadOf: refused) { return found }
        }
        return .anonymous
    }

    private func credentials(
        _ scope: CredentialScope, in file: AuthFile, insteadOf refused: RegistryCredentials?
    ) throws(DerootError) -> RegistryCredentials? {
        do throws(DerootError) {
            switch try file.answer(scope) {
            case .credentials(let credentials): return credentials
            case .helper(let name):
                let helper = try CredentialHelper(name, in: environment)
                let answer = try answers.credentials(
                    helper, for: scope.serverName, insteadOf: refused)
                if let answer { return answer }
                if let found = try file.credentials(scope) { return found }
            case nil: break
            }
            guard let store = file.store else { return nil }
            let helper: CredentialHelper
            do throws(DerootError) {
                helper = try CredentialHelper(store, in: environment)
            } catch  where error.code == .notFound && !file.names(scope) {
                // A file from another machine; nothing says that this registry needs a login.
                return nil
            }
            return try answers.credentials(helper, for: scope.serverName, insteadOf: refused)
        } catch { throw error.located(in: .init(file: file.path)) }
    }

    private struct Candidate {
        let path: String
        var isRequired = false
        var isLegacy = false
    }

    /// The files in the order of containers-auth.json(5); one that was named is the only one.
    private func authFiles() throws(DerootError) -> [Candidate] {
        if let path = overrides.authFile ?? environment["REGISTRY_AUTH_FILE"] {
            return [Candidate(path: path, isRequired: true)]
        }
        let runtime =
            environment["XDG_RUNTIME_DIR"]
            ?? environment.system(
                "/run/containers/\(environment.userID)")
        var files = [
            Candidate(
                path: environment["XDG_RUNTIME_DIR"] == nil
                    ? runtime + "/auth.json" : runtime + "/containers/auth.json")
        ]
        if let home = environment.configHome {
            files.append(Candidate(path: home + "/containers/auth.json"))
        }
        if let docker = environment["DOCKER_CONFIG"] {
            files.append(Candidate(path: docker + "/config.json"))
        } else if let home = environment.home {
            files.append(Candidate(path: home + "/.docker/config.json"))
        }
        if let home = environment.home {
            files.append(Candidate(path: home + "/.dockercfg", isLegacy: true))
        }
        return files
    }
}
