import DerootBytes
import Glibc
import Synchronization

/// A small program that is asked one thing, with a limit on its time and on what it may say.
///
/// It gets a process group of its own, which goes with it; its standard error is not read.
struct ChildProcess: Sendable {
    /// How a program ended.
    enum Status: Sendable, Hashable, CustomStringConvertible {
        /// By itself, with this status.
        case exited(Int32)
        /// By this signal.
        case killed(Int32)

        /// For messages, after the program's name.
        var description: String {
            switch self {
            case .exited(let status): "ended with status \(status)"
            case .killed(let signal): "was ended by signal \(signal)"
            }
        }
    }

    /// What came of it.
    struct Outcome: Sendable {
        let status: Status
        let output: [UInt8]
    }

    /// The path of the program.
    let program: String
    let arguments: [String]
    let variables: [String: String]

    /// Runs the program with `input` on its standard input, at most 4096 bytes, and collects what it
    /// writes; `timeout` is in milliseconds.
    ///
    /// - Throws: `.io` where it cannot be started or takes too long, `.limit` where it writes more
    ///   than `outputLimit`, `.interrupted`; its whole process group is killed then.
    func run(
        input: [UInt8], timeout: Int64, outputLimit: Int
    ) throws(DerootError) -> Outcome {
        let place = DerootError.Location(file: program)
        guard input.count <= 4096 else {
            throw DerootError(.limit, "the program's input is too long", at: place)
        }
        let (process, outgoing) = try Self.starting.withLock { (_) throws(DerootError) in
            try start(input)
        }
        let deadline = milliseconds() + timeout
        var output: [UInt8] = []
        var status: Status?
        while true {
            let isOpen = outgoing.collect(&output, waiting: status == nil ? 50 : 0)
            if status != nil { break }
            status = Self.ended(process, waiting: !isOpen && milliseconds() + 20 < deadline)
            do throws(DerootError) {
                guard output.count <= outputLimit else {
                    throw DerootError(
                        .limit, "the program writes more than \(outputLimit) bytes", at: place)
                }
                guard status != nil || milliseconds() < deadline else {
                    throw DerootError(
                        .io, "the program did not answer within \(timeout / 1000) s", at: place)
                }
                try Interruption.check()
            } catch {
                _ = kill(-process, SIGKILL)
                if status == nil { _ = Self.ended(process, waiting: false, forever: true) }
                throw error
            }
        }
        guard output.count <= outputLimit else {
            throw DerootError(
                .limit, "the program writes more than \(outputLimit) bytes", at: place)
        }
        return Outcome(status: status ?? .exited(-1), output: output)
    }

    /// One program starts at a time, since others must not inherit its pipes between pipe(2) and
    /// fcntl(2).
    private static let starting = Mutex(())

    private func start(_ input: [UInt8]) throws(DerootError) -> (pid_t, Pipe) {
        // Written before the program starts: the pipe has room, so nobody waits for anybody.
        let incoming = try Pipe(program)
        try incoming.write(input)
        let outgoing = try Pipe(program)
        let process = try start(standardInput: incoming.reading, standardOutput: outgoing.writing)
        outgoing.closeWriting()
        return (process, outgoing)
    }

    private func start(
        standardInput: Int32, standardOutput: Int32
    ) throws(DerootError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, standardOutput, 1)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // We ignore SIGPIPE, and what is ignored stays so in a program that is started.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        var process = pid_t()
        let environment = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let result = unsafe withCStrings([program] + arguments) { arguments in
            unsafe withCStrings(environment) { environment in
                unsafe posix_spawn(
                    &process, program, &actions, &attributes, arguments, environment)
            }
        }
        guard result == 0 else { throw .system(result, "cannot start", program) }
        return process
    }

    /// How a process ended; nil where it has not yet.
    ///
    /// `waiting` gives it 20 ms, `forever` all the time that it needs.
    private static func ended(_ process: pid_t, waiting: Bool, forever: Bool = false) -> Status? {
        var status: Int32 = 0
        if waiting { usleep(20_000) }
        var result = unsafe waitpid(process, &status, forever ? 0 : WNOHANG)
        while result < 0 && errno == EINTR {
            result = unsafe waitpid(process, &status, forever ? 0 : WNOHANG)
        }
        guard result == process else { return nil }
        // WIFEXITED and its sisters are macros, which Swift does not see (wait(2)).
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal)
    }
}

/// A pipe whose ends are closed when it goes.
private final class Pipe {
    let reading: Int32
    private(set) var writing: Int32

    init(_ program: String) throws(DerootError) {
        var ends: [Int32] = [-1, -1]
        let result = unsafe ends.withUnsafeMutableBufferPointer { ends in
            unsafe pipe(ends.baseAddress)
        }
        guard result == 0 else { throw .system(errno, "cannot talk to", program) }
        reading = ends[0]
        writing = ends[1]
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        _ = close(reading)
        closeWriting()
    }

    func closeWriting() {
        if writing >= 0 { _ = close(writing) }
        writing = -1
    }

    /// Writes all of a few bytes, and then the end.
    func write(_ bytes: [UInt8]) throws(DerootError) {
        let count = unsafe bytes.withUnsafeBytes { bytes in
            unsafe Glibc.write(writing, bytes.baseAddress, bytes.count)
        }
        guard count == bytes.count else { throw .system(errno, "cannot write to", "a pipe") }
        closeWriting()
    }

    /// Takes what is there, waiting for it so many milliseconds; false where nothing will follow.
    func collect(_ output: inout [UInt8], waiting: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        var wait = waiting
        for _ in 0..<64 {
            var request = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&request, 1, wait)
            guard ready > 0 else { return true }
            wait = 0
            let count = unsafe buffer.withUnsafeMutableBytes { buffer in
                unsafe read(reading, buffer.baseAddress, buffer.count)
            }
            guard count > 0 else { return count < 0 && errno == EINTR }
            output += buffer[..<count]
        }
        return true
    }
}

/// Milliseconds of a clock that nobody sets.
private func milliseconds() -> Int64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}

/// Texts as C wants them: pointers, the last one null.
private func withCStrings<Outcome>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Outcome
) -> Outcome {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return unsafe body([nil]) }
        return unsafe body(base)
    }
}
