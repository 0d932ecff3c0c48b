import DerootBytes
import Synchronization

/// What credential helpers have said, so that one runs once for all repositories of a host.
final class HelperAnswers: Sendable {
    /// What a helper has said; credentials are nil where it has none.
    private struct Found {
        let credentials: RegistryCredentials?
    }

    private struct Answer {
        var found: Found?
        var error: DerootError?
        /// When it failed, or was run again.
        var settled: Double?
    }

    private struct Key: Hashable {
        let helper: String
        let server: String
    }

    /// For how many seconds a helper that failed, or said what is refused, is not run again for other
    /// repositories: helpers take their time, and some ask their user.
    private static let pause = 60.0

    private let now: @Sendable () -> Double
    private let known = Mutex<[Key: Answer]>([:])

    init(now: @escaping @Sendable () -> Double = Timekeeper().now) { self.now = now }

    /// What a helper has said of a server; it is run where nobody has asked yet, and where it has said
    /// what the registry `refused`, once a minute at most.
    ///
    /// - Throws: What the helper throws; the same for a minute, but for `.interrupted`.
    func credentials(
        _ helper: CredentialHelper, for server: String, insteadOf refused: RegistryCredentials?
    ) throws(DerootError) -> RegistryCredentials? {
        // One at a time: some ask their user.
        try known.withLock { (known) throws(DerootError) in
            let key = Key(helper: helper.name, server: server)
            var answer = known[key] ?? Answer()
            if let found = answer.found, refused == nil || found.credentials != refused {
                return found.credentials
            }
            if let settled = answer.settled, abs(now() - settled) < Self.pause {
                if let error = answer.error { throw error }
                return answer.found?.credentials
            }
            do throws(DerootError) {
                let isFirst = answer.found == nil
                let found = try helper.credentials(for: server)
                answer = Answer(found: Found(credentials: found), settled: isFirst ? nil : now())
                known[key] = answer
                return found
            } catch {
                guard error.code != .interrupted else { throw error }
                answer.error = error
                answer.settled = now()
                known[key] = answer
                throw error
            }
        }
    }
}
