import Synchronization

/// How far a file has come that one thread writes while others read it.
///
/// What was written stays as it is: bytes are only added.
package final class Growth: Sendable {
    private struct State {
        /// Bytes that are there.
        var count: UInt64 = 0
        /// Set when there will be no more.
        var end: Result<Void, DerootError>?
        /// Threads that wait, and the fewest bytes that one of them needs.
        var waiting = 0
        var least = UInt64.max
    }

    private let state = Mutex(State())
    private let grown = Semaphore()

    /// Starts with an empty file.
    package init() {}

    /// More bytes were written.
    package func advance(by count: Int) {
        state.withLock { state in
            state.count += UInt64(count)
            if state.count >= state.least { wake(&state) }
        }
    }

    /// There will be no more bytes; `failure` says why, where not all of them came.
    ///
    /// Only the first call counts.
    package func end(_ failure: DerootError? = nil) {
        state.withLock { state in
            guard state.end == nil else { return }
            state.end = failure.map { .failure($0) } ?? .success(())
            wake(&state)
        }
    }

    private func wake(_ state: inout State) {
        for _ in 0..<state.waiting { grown.signal() }
        state.waiting = 0
        state.least = .max
    }

    /// Waits until so many bytes are there, or no more come; gives how many there are.
    ///
    /// - Throws: Why the rest did not come, where fewer are there.
    package func wait(for wanted: UInt64) throws(DerootError) -> UInt64 {
        while true {
            let known = state.withLock { state -> Result<UInt64, DerootError>? in
                if state.count >= wanted { return .success(state.count) }
                if let end = state.end { return end.map { state.count } }
                state.waiting += 1
                state.least = min(state.least, wanted)
                return nil
            }
            if let known { return try known.get() }
            grown.wait()
        }
    }
}
