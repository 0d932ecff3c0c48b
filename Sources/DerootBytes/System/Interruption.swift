import Glibc
import Synchronization

/// SIGINT and SIGTERM as a flag that long work looks at, so that it can clean up and end.
package enum Interruption {
    private static let signal = Atomic<Int32>(0)

    /// Makes the two signals set the flag; a second one ends the process at once.
    ///
    /// SIGPIPE is ignored: a closed pipe is then an error of write(2), like every other.
    package static func install() {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM] {
            _ = Glibc.signal(number) { number in Interruption.note(number) }
        }
    }

    /// Called in the signal handler: an atomic exchange and _exit(2) are all that is done.
    private static func note(_ number: Int32) {
        let before = signal.exchange(number, ordering: .relaxed)
        if before != 0 { _exit(128 + number) }
    }

    /// The signal that arrived; nil for none.
    package static var received: Int32? {
        let number = signal.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Throws `.interrupted` once a signal has arrived.
    package static func check() throws(DerootError) {
        guard let number = received else { return }
        throw DerootError(.interrupted, number == SIGTERM ? "terminated" : "interrupted")
    }
}

extension DerootError {
    /// The process exit status for this error; for a signal 128 and its number, as shells have it.
    package var exitStatus: Int32 {
        if code == .interrupted, let signal = Interruption.received { return 128 + signal }
        return code.exitStatus
    }
}
