import DerootBytes
import DerootOCI

/// A program that keeps credentials (docker-credential-helpers, README.md, "Development").
struct CredentialHelper: Sendable {
    /// The name in the file, without `docker-credential-`.
    let name: String
    private let program: String
    private let environment: SettingsEnvironment

    /// How long a helper may take, in milliseconds: some ask their user.
    static let timeout: Int64 = 30_000
    /// The most that is read of what a helper writes, in bytes.
    static let outputLimit = 1 << 20

    /// Finds a helper.
    ///
    /// - Throws: `.hostile` for a name that is none, since a path would run anything; `.notFound`.
    init(_ name: String, in environment: SettingsEnvironment) throws(DerootError) {
        let isName = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || Array("._-+".utf8).contains(byte)
        }
        guard isName, !name.isEmpty, !name.hasPrefix(".") else {
            throw DerootError(
                .hostile, "'\(printable(name.utf8.prefix(100)))' is not the name of a helper")
        }
        guard let program = environment.program("docker-credential-\(name)") else {
            throw DerootError(
                .notFound, "there is no program 'docker-credential-\(name)' in PATH",
                advice: "install it, or name another file with --authfile")
        }
        self.name = name
        self.program = program
        self.environment = environment
    }

    /// Asks for a registry's credentials; nil where the helper has none.
    ///
    /// What the helper says besides is not repeated: it may hold a secret (hostile input F07).
    ///
    /// - Throws: `.io` where it fails or takes too long, `.malformed` for an answer that is none.
    func credentials(
        for server: String, timeout: Int64 = Self.timeout
    ) throws(DerootError) -> RegistryCredentials? {
        let outcome = try ChildProcess(
            program: program, arguments: ["get"], variables: environment.variables
        ).run(input: Array(server.utf8), timeout: timeout, outputLimit: Self.outputLimit)
        let shown = printable(server.utf8.prefix(200))
        guard outcome.status == .exited(0) else {
            let text = String(decoding: outcome.output, as: UTF8.self)
            if case .exited = outcome.status,
                text.contains("credentials not found in native keychain")
            {
                return nil
            }
            throw DerootError(
                .io, "the credential helper '\(name)' \(outcome.status) when asked for '\(shown)'",
                advice: "try it by hand: echo \(shown) | docker-credential-\(name) get")
        }
        do throws(DerootError) {
            let answer = try Document(parsing: outcome.output).root
            let username = try answer.text("Username") ?? ""
            let secret = try answer.text("Secret") ?? ""
            guard !username.isEmpty || !secret.isEmpty else { return nil }
            return username == "<token>"
                ? .identityToken(secret) : .basic(user: username, secret: secret)
        } catch {
            throw DerootError(
                .malformed,
                "the answer of the credential helper '\(name)' is not what helpers answer",
                advice: "try it: docker-credential-\(name) list")
        }
    }
}
