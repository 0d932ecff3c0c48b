import DerootBytes
import Synchronization

/// What credential helpers have said, so that one runs once for all repositories of a host.
final class HelperAnswers: Sendable {
    /// An answer; credentials are nil where the helper has none.
    private struct Answer {
        let credentials: RegistryCredentials?
    }

    private struct Key: Hashable {
        let helper: String
        let server: String
    }

    private let known = Mutex<[Key: Answer]>([:])

    init() {}

    /// What a helper has said of a server; it is run where nobody has asked yet, and where it has said
    /// what the registry `refused`.
    ///
    /// - Throws: What the helper throws, which is not remembered.
    func credentials(
        _ helper: CredentialHelper, for server: String, insteadOf refused: RegistryCredentials?
    ) throws(DerootError) -> RegistryCredentials? {
        // One at a time: some ask their user.
        try known.withLock { (known) throws(DerootError) in
            let key = Key(helper: helper.name, server: server)
            if let answer = known[key], refused == nil || answer.credentials != refused {
                return answer.credentials
            }
            let found = try helper.credentials(for: server)
            known[key] = Answer(credentials: found)
            return found
        }
    }
}
