import DerootBytes
import DerootRegistry
import Synchronization

/// Time that passes only by waiting, so that no test waits.
final class FakeClock: Sendable {
    private struct State {
        var now = 1_800_000_000.0
        var waits: [Double] = []
        /// The wait, from 1, at which SIGINT is pretended to arrive.
        var interruptedWait: Int?
    }

    private let state = Mutex(State())

    /// Every wait so far, in seconds.
    var waits: [Double] { state.withLock { $0.waits } }

    /// Lets time pass.
    func pass(_ seconds: Double) { state.withLock { $0.now += seconds } }

    /// Pretends a signal during the first wait from now on.
    func interruptNextWait() { state.withLock { $0.interruptedWait = $0.waits.count + 1 } }

    /// What a client gets.
    var timekeeper: Timekeeper {
        var keeper = Timekeeper()
        keeper.now = { self.state.withLock { $0.now } }
        keeper.random = { 0.5 }
        keeper.sleep = { (seconds, _) throws(DerootError) in
            let isInterrupted = self.state.withLock { state in
                state.now += seconds
                state.waits.append(seconds)
                return state.interruptedWait == state.waits.count
            }
            if isInterrupted { throw DerootError(.interrupted, "interrupted") }
        }
        return keeper
    }
}
