package import DerootBytes
import Synchronization

/// What answers the requests that no fault takes away.
package protocol Responder: Sendable {
    /// The true answer.
    func answer(_ request: Request) -> Response
}

/// An HTTP/1.1 server on a loopback address that does what a test tells it to; gone with its holder.
///
/// Several of them, on several of `addresses`, stand for several hosts.
package final class FaultServer: Sendable {
    private let core: ServerCore
    private let address: String
    /// The port that the system chose.
    package let port: UInt16

    /// This machine's loopback addresses; some containers have no IPv6.
    package static let addresses =
        ["127.0.0.1", "127.0.0.2"] + ((try? Socket.listening(on: "::1")) == nil ? [] : ["::1"])

    /// Starts to listen.
    package init(_ responder: any Responder, on address: String = "127.0.0.1") throws(DerootError) {
        let socket = try Socket.listening(on: address)
        port = try socket.port()
        self.address = address
        let core = ServerCore(responder)
        self.core = core
        core.add(socket)
        startThread {
            var number = 0
            while let client = socket.accept() {
                guard core.add(client) else { break }
                number += 1
                let count = number
                startThread {
                    var connection = Connection(client, number: count, core: core)
                    connection.serve()
                    core.remove(client)
                }
            }
            socket.close()
        }
    }

    deinit { core.stop() }

    /// `address:port`, as image names have it.
    package var host: String {
        (address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]" : address) + ":\(port)"
    }

    /// `http://address:port`.
    package var url: String { "http://\(host)" }

    /// Lets a fault strike at requests of a method (nil: any) whose path matches; first come, first served.
    ///
    /// `turns` counts the requests that this rule matches, from 1. A pattern with a `?` is compared
    /// with path and query.
    package func on(
        _ method: String?, _ pattern: String, turns: ClosedRange<Int> = 1...Int.max, _ fault: Fault
    ) {
        core.add(FaultRule(method: method, pattern: pattern, turns: turns, fault: fault))
    }

    /// Takes all faults back.
    package func heal() { core.clearRules() }

    /// All requests so far, in the order of their arrival.
    package var requests: [Request] { core.recorded }

    /// The requests of a method (nil: any) whose path matches a pattern with `*`.
    package func requests(_ method: String?, _ pattern: String) -> [Request] {
        let rule = FaultRule(method: method, pattern: pattern, turns: 1...1, fault: .drop)
        return requests.filter(rule.matches)
    }

    /// How often any of the texts came in over the wire, in heads and bodies of all requests.
    package func sightings(of texts: [String]) -> Int {
        requests.reduce(0) { sum, request in
            let text = request.text
            return sum
                + texts.reduce(0) {
                    $0 + (text.split(separator: $1, omittingEmptySubsequences: false).count - 1)
                }
        }
    }

    /// Bytes that came in and went out, heads included.
    package var traffic: (received: Int, sent: Int) { core.traffic }

    /// Forgets requests and traffic.
    package func forget() { core.forget() }
}

/// What the threads of a server share; it outlives the server until they have ended.
final class ServerCore: Sendable {
    private struct State {
        var sockets: [Socket] = []
        var rules: [FaultRule] = []
        var requests: [Request] = []
        var received = 0
        var sent = 0
        var isStopped = false
    }

    let responder: any Responder
    private let state = Mutex(State())

    init(_ responder: any Responder) { self.responder = responder }

    /// The fault for a request, if any: the first rule whose turn it is; every match is counted.
    func strike(_ request: Request) -> Fault? {
        state.withLock { state in
            var chosen: Fault?
            for index in state.rules.indices where state.rules[index].matches(request) {
                state.rules[index].seen += 1
                let rule = state.rules[index]
                if chosen == nil, rule.turns.contains(rule.seen) { chosen = rule.fault }
            }
            return chosen
        }
    }

    func send(_ bytes: some Collection<UInt8>, on socket: Socket) -> Bool {
        guard socket.send(bytes) else { return false }
        state.withLock { $0.sent += bytes.count }
        return true
    }

    func count(received: Int) { state.withLock { $0.received += received } }
    func record(_ request: Request) { state.withLock { $0.requests.append(request) } }
    func add(_ rule: FaultRule) { state.withLock { $0.rules.append(rule) } }
    func clearRules() { state.withLock { $0.rules = [] } }
    var recorded: [Request] { state.withLock { $0.requests } }
    var traffic: (received: Int, sent: Int) { state.withLock { ($0.received, $0.sent) } }

    func forget() {
        state.withLock { state in
            state.requests = []
            state.received = 0
            state.sent = 0
        }
    }

    /// Takes a socket into care; false where the server has stopped.
    @discardableResult
    func add(_ socket: Socket) -> Bool {
        state.withLock { state in
            guard !state.isStopped else { return false }
            state.sockets.append(socket)
            return true
        }
    }

    func remove(_ socket: Socket) {
        state.withLock { $0.sockets.removeAll { $0 === socket } }
    }

    func stop() {
        let sockets = state.withLock { state in
            state.isStopped = true
            defer { state.sockets = [] }
            return state.sockets
        }
        for socket in sockets { socket.wake() }
    }
}
