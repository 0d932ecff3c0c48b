import Synchronization

/// Work on a thread of its own, until somebody wants what came of it.
///
/// Where the system has no thread to give, it is done when it is wanted.
package final class Background<Outcome: Sendable>: Sendable {
    private struct State {
        var outcome: Outcome?
        var work: (@Sendable () -> Outcome)?
    }

    /// What the two threads share.
    private final class Desk: Sendable {
        let state = Mutex(State())
        let ends = Semaphore()

        func run() {
            let work = state.withLock { state in
                defer { state.work = nil }
                return state.work
            }
            guard let outcome = work?() else { return }
            state.withLock { $0.outcome = outcome }
            // What the work held is let go of while whoever waits goes on.
            ends.signal()
        }

        /// What came of it, once `ends` was signalled.
        var outcome: Outcome {
            guard let outcome = state.withLock(\.outcome) else {
                preconditionFailure("nothing came of the work")
            }
            return outcome
        }
    }

    private let desk = Desk()
    private let thread: RunningThread?

    /// Begins.
    package init(_ work: @escaping @Sendable () -> Outcome) {
        desk.state.withLock { $0.work = work }
        thread = RunningThread.start { [desk] in desk.run() }
    }

    deinit { thread?.join() }

    /// What came of it; waits for that.
    package func value() -> Outcome {
        if thread == nil { desk.run() }
        desk.ends.wait()
        // For whoever asks after this.
        desk.ends.signal()
        return desk.outcome
    }
}
