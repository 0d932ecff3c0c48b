import DerootBytes
import Synchronization

@testable import DerootRegistry

/// Servers at any address, without a network: hosts answer by their names.
final class ScriptedTransport: HTTPTransport {
    /// An answer to a request; the peer is set by the transport.
    typealias Host = @Sendable (HTTPRequest) -> HTTPResponse

    private let hosts: [String: (peer: String, answer: Host)]
    private let state = Mutex<[HTTPRequest]>([])

    init(_ hosts: [String: (peer: String, answer: Host)]) { self.hosts = hosts }

    /// All requests so far.
    var requests: [HTTPRequest] { state.withLock { $0 } }

    /// The requests that a host got.
    func requests(to host: String) -> [HTTPRequest] {
        requests.filter { $0.address.origin.host == host }
    }

    func exchange(
        _ request: HTTPRequest, trust: TrustSettings, receiver: HTTPReceiver?
    ) throws(DerootError) -> HTTPOutcome {
        guard let host = hosts[request.address.origin.host] else {
            return .failure(TransportFailure(.noSuchHost))
        }
        let peer = PeerAddress(host.peer)
        // As the transport proper does when the connection's address is known.
        if let least = request.leastReach, let reach = peer?.reach, reach < least {
            throw RedirectPolicy.inward(nil, request.address.origin)
        }
        state.withLock { $0.append(request) }
        var response = host.answer(request)
        response.peer = peer
        guard let receiver else { return .response(response) }
        if try receiver.begin(response) {
            try unsafe response.body.span.bytes.withUnsafeBytes {
                (bytes) throws(DerootError) in try unsafe receiver.write(bytes)
            }
            response.body = []
        }
        return .response(response)
    }
}
