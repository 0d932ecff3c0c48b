import DerootBytes

/// The folders with certificates for single registries (containers-certs.d(5)).
struct CertificateFolders: Sendable {
    /// Folders that hold a folder for each registry, the first that has one being the one that counts.
    private let parents: [String]
    /// The folder of `--cert-dir`, which is for every registry; nil where none was given.
    private let only: String?

    init(_ environment: SettingsEnvironment, only: String?) {
        self.only = only
        parents =
            (environment.configHome.map { [$0 + "/containers/certs.d"] } ?? [])
            + ["/etc/containers/certs.d", "/etc/docker/certs.d"].map(environment.system)
    }

    /// Adds what there is for a registry, named as in image names, with its port.
    ///
    /// - Throws: `.malformed` for a certificate without its key or a key without its certificate,
    ///   `.notFound` for a `--cert-dir` that is not there, `.io`.
    func add(to trust: inout TrustSettings, registry: String) throws(DerootError) {
        if let only {
            guard try File.kind(of: only) == .directory else {
                throw DerootError(
                    .notFound, "there is no such directory", at: .init(file: only),
                    advice: "--cert-dir names a directory with *.crt, *.cert and *.key files")
            }
            try Self.add(only, to: &trust)
            return
        }
        for parent in parents {
            let folder = "\(parent)/\(registry)"
            guard try File.kind(of: folder) == .directory else { continue }
            try Self.add(folder, to: &trust)
            return
        }
    }

    private static func add(_ folder: String, to trust: inout TrustSettings) throws(DerootError) {
        let names = try Directory.names(in: folder)
        for name in names {
            let path = "\(folder)/\(name)"
            if name.hasSuffix(".crt") {
                trust.authorities.append(path)
            } else if name.hasSuffix(".cert") {
                let key = name.dropLast(".cert".count) + ".key"
                guard names.contains(String(key)) else {
                    throw DerootError(
                        .malformed, "there is no key '\(printable(key.utf8))' for it",
                        at: .init(file: path), advice: "CA certificates are named *.crt")
                }
                // A connection shows one certificate; the first by name.
                guard trust.certificate == nil else { continue }
                trust.certificate = path
                trust.key = "\(folder)/\(key)"
            } else if name.hasSuffix(".key") {
                let certificate = name.dropLast(".key".count) + ".cert"
                guard names.contains(String(certificate)) else {
                    throw DerootError(
                        .malformed,
                        "there is no certificate '\(printable(certificate.utf8))' for it",
                        at: .init(file: path))
                }
            }
        }
    }
}
