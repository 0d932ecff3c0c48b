import DerootBytes
import DerootOCI
import Synchronization

@testable import DerootRegistry

/// Answers requests by a rule and remembers them.
final class RuleTransport: HTTPTransport {
    struct Sent: Sendable {
        let request: HTTPRequest
        let trust: TrustSettings

        /// `GET https://host/path`.
        var line: String { "\(request.method.rawValue) \(request.address.full)" }
    }

    private let rule: @Sendable (HTTPRequest, Int) -> HTTPOutcome
    private let log = Mutex<[Sent]>([])

    /// The rule is given the request and how many came before it.
    init(_ rule: @escaping @Sendable (HTTPRequest, Int) -> HTTPOutcome) { self.rule = rule }

    /// All requests so far.
    var sent: [Sent] { log.withLock { $0 } }

    func exchange(
        _ request: HTTPRequest, trust: TrustSettings, receiver: HTTPReceiver?
    ) throws(DerootError) -> HTTPOutcome {
        let number = log.withLock { log in
            log.append(Sent(request: request, trust: trust))
            return log.count - 1
        }
        let outcome = rule(request, number)
        guard let receiver, case .response(var response) = outcome else { return outcome }
        if try receiver.begin(response) {
            try unsafe response.body.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
                try unsafe receiver.write(bytes)
            }
            response.body = []
        }
        return .response(response)
    }
}

/// Settings of one endpoint with certificates of its own.
struct FixedSettings: RegistrySettings {
    var endpoint: RegistryEndpoint
    var credentials = RegistryCredentials.anonymous

    func endpoints(
        for name: ImageName, _ access: RegistryAccess
    ) throws(DerootError) -> [RegistryEndpoint] { [endpoint] }

    func credentials(
        for endpoint: RegistryEndpoint
    ) throws(DerootError) -> RegistryCredentials { credentials }
}
