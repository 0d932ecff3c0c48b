import DerootBytes
import Synchronization

/// What hosts answer to strangers at `/v2/`, asked once each (distribution-spec, "Determining Support").
///
/// A registry that hides what is private, with a 404 or a shorter list, asks nobody who they are; and who
/// knows the challenge of a host needs none for each of its repositories.
final class Greetings: Sendable {
    private struct Answer {
        /// nil: the host lets strangers in, or did not answer.
        let refusal: HTTPResponse?
    }

    private final class Greeting: Sendable {
        let answer = Mutex<Answer?>(nil)
    }

    /// Whom we do not verify may say what he likes, but not to those who do (F06).
    private struct Host: Hashable {
        let origin: WebAddress.Origin
        let trust: TrustSettings
    }

    private let hosts = Mutex<[Host: Greeting]>([:])

    init() {}

    /// How a host refuses strangers, as far as it is trusted like this; nil where it does not.
    ///
    /// - Throws: What `ask` throws.
    func refusal(
        of origin: WebAddress.Origin, _ trust: TrustSettings,
        ask: () throws(DerootError) -> HTTPOutcome
    ) throws(DerootError) -> HTTPResponse? {
        try greeting(Host(origin: origin, trust: trust)).answer.withLock {
            (answer) throws(DerootError) -> HTTPResponse? in
            if let answer { return answer.refusal }
            let response = try ask().response
            let refusal = response?.status == 401 ? response : nil
            answer = Answer(refusal: refusal)
            return refusal
        }
    }

    /// Notes what a host has answered already.
    func note(_ outcome: HTTPOutcome, of origin: WebAddress.Origin, _ trust: TrustSettings) {
        guard let response = outcome.response, response.status == 401 else { return }
        greeting(Host(origin: origin, trust: trust)).answer.withLock {
            $0 = Answer(refusal: response)
        }
    }

    private func greeting(_ host: Host) -> Greeting {
        hosts.withLock { hosts in
            if let known = hosts[host] { return known }
            let greeting = Greeting()
            hosts[host] = greeting
            return greeting
        }
    }
}
