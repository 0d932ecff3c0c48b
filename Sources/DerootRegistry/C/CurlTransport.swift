import DerootBytes
import Synchronization

/// libcurl: proxies by environment, the system's CA store, HTTP/2, connections that are used again.
final class CurlTransport: HTTPTransport {
    private let options: RegistryOptions
    private let idle = Mutex<[CurlHandle]>([])
    private let counters = Mutex<(received: UInt64, sent: UInt64)>((0, 0))

    init(_ options: RegistryOptions) { self.options = options }

    /// Bytes of bodies, so far.
    var moved: (received: UInt64, sent: UInt64) { counters.withLock { $0 } }

    func exchange(
        _ request: HTTPRequest, trust: TrustSettings, receiver: HTTPReceiver?
    ) throws(DerootError) -> HTTPOutcome {
        // The handle used last has the connection most likely to be alive.
        let known = idle.withLock { $0.popLast() }
        let handle: CurlHandle
        if let known { handle = known } else { handle = try CurlHandle() }
        defer { idle.withLock { $0.append(handle) } }
        let exchange = CurlExchange(request, receiver: receiver) { [self] received, sent in
            counters.withLock { counters in
                counters.received += received
                counters.sent += sent
            }
        }
        return try handle.perform(request, exchange, trust: trust, options: options)
    }
}
