import DerootBytes
import Glibc
import Synchronization

/// A TCP socket; one thread reads and writes it, any thread may wake that one with `wake`.
final class Socket: Sendable {
    private let descriptor: Mutex<Int32>
    private let number: Int32

    private init(_ number: Int32) {
        self.number = number
        descriptor = Mutex(number)
    }

    deinit { close() }

    /// Listens on a numeric address; port 0 lets the system choose.
    static func listening(on address: String, port: UInt16 = 0) throws(DerootError) -> Socket {
        let isSix = address.utf8.contains(UInt8(ascii: ":"))
        let number = socket(
            isSix ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw failure("socket", address) }
        let made = Socket(number)
        try made.set(SOL_SOCKET, SO_REUSEADDR, 1)
        guard isSix ? made.bindSix(address, port) : made.bindFour(address, port) else {
            throw failure("bind", address)
        }
        guard listen(number, 64) == 0 else { throw failure("listen", address) }
        return made
    }

    private func bindFour(_ address: String, _ port: UInt16) -> Bool {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, address, &name.sin_addr) == 1 else { return false }
        return unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private func bindSix(_ address: String, _ port: UInt16) -> Bool {
        var name = sockaddr_in6()
        name.sin6_family = sa_family_t(AF_INET6)
        name.sin6_port = port.bigEndian
        guard unsafe inet_pton(AF_INET6, address, &name.sin6_addr) == 1 else { return false }
        return unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
            }
        }
    }

    /// The port that the system chose.
    func port() throws(DerootError) -> UInt16 {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(number, $0, &size)
            }
        }
        guard status == 0 else { throw Self.failure("getsockname", "") }
        // The port is at the same place in both kinds of address.
        return unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                unsafe UInt16(bigEndian: $0.pointee.sin_port)
            }
        }
    }

    /// The next connection; nil once the socket was woken.
    func accept() -> Socket? {
        while true {
            // No child that starts in between may hold the connection open.
            let found = accept4(number, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
            if found >= 0 {
                let socket = Socket(found)
                try? socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                return socket
            }
            guard errno == EINTR || errno == ECONNABORTED else { return nil }
        }
    }

    /// What has arrived, up to `limit` bytes; empty at the end and after a failure.
    func receive(_ limit: Int = 65_536) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
            var count = 0
            repeat {
                count = unsafe recv(number, buffer.baseAddress, limit, 0)
            } while count < 0 && errno == EINTR
            filled = max(0, count)
        }
    }

    /// Whether the client has gone, and nothing more is to be read.
    var isAtEnd: Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(number, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count == 0 || count < 0 && ![EAGAIN, EWOULDBLOCK, EINTR].contains(errno)
    }

    /// Sends all bytes; false where the client has gone.
    func send(_ bytes: some Collection<UInt8>) -> Bool {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    number, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Ends the connection with RST instead of FIN.
    func reset() {
        // What was sent before should be read before: a RST may overtake it.
        usleep(5_000)
        var linger = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(
            number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Makes blocked and later calls on the socket return; it stays open until its thread closes it.
    func wake() {
        descriptor.withLock { number in
            if number >= 0 { _ = shutdown(number, Int32(SHUT_RDWR)) }
        }
    }

    /// Closes the socket; harmless when repeated.
    func close() {
        descriptor.withLock { number in
            if number >= 0 { _ = Glibc.close(number) }
            number = -1
        }
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(DerootError) {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe setsockopt(number, level, option, &value, size) == 0 else {
            throw Self.failure("setsockopt", "\(option)")
        }
    }

    private static func failure(_ call: String, _ what: String) -> DerootError {
        DerootError(.io, "fault server: \(call) \(what) failed with error \(errno)")
    }
}

/// accept4(2), which the C library declares to GNU sources only.
@_silgen_name("accept4")
private func accept4(
    _ socket: Int32, _ address: UnsafeMutablePointer<sockaddr>?,
    _ size: UnsafeMutablePointer<socklen_t>?, _ flags: Int32
) -> Int32

/// Runs work on a thread of its own, which nobody joins.
func startThread(_ work: @escaping @Sendable () -> Void) {
    let entry = ThreadWork(work)
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(entry)
    let status = unsafe pthread_create(
        &thread, nil,
        { context in
            guard let context = unsafe context else { return nil }
            unsafe Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().body()
            return nil
        }, context.toOpaque())
    if status == 0 { pthread_detach(thread) } else { unsafe context.release() }
}

private final class ThreadWork: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
