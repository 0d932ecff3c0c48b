import Glibc
import Synchronization

/// Blocking jobs on threads of their own: one layer is one job, file to file.
package struct WorkerPool: Sendable {
    /// How many jobs run at once, from 1.
    package let jobs: Int

    /// A pool of so many threads; nil: one for each core that the process may use.
    package init(jobs: Int? = nil) {
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        self.jobs = max(1, jobs ?? cores)
    }

    /// Runs a job for every item and gives the results in the items' order.
    ///
    /// After a failure no further job starts; those that run are waited for. The error of the first
    /// item in order that failed is thrown, so that the outcome does not depend on the timing.
    package func map<Item: Sendable, Outcome: Sendable>(
        _ items: [Item], _ job: @escaping @Sendable (Item) throws(DerootError) -> Outcome
    ) throws(DerootError) -> [Outcome] {
        let batch = Batch(items: items, job: job)
        let extra = min(jobs, items.count) - 1
        var threads: [RunningThread] = []
        for _ in 0..<max(0, extra) {
            // Fewer threads do the same work later.
            guard let thread = RunningThread.start({ batch.run() }) else { break }
            threads.append(thread)
        }
        batch.run()
        for thread in threads { thread.join() }
        return try batch.results()
    }
}

private final class Batch<Item: Sendable, Outcome: Sendable>: Sendable {
    private struct State {
        var next = 0
        var outcomes: [Outcome?]
        var failures: [(index: Int, error: DerootError)] = []
    }

    private let items: [Item]
    private let job: @Sendable (Item) throws(DerootError) -> Outcome
    private let state: Mutex<State>

    init(items: [Item], job: @escaping @Sendable (Item) throws(DerootError) -> Outcome) {
        self.items = items
        self.job = job
        state = Mutex(State(outcomes: Array(repeating: nil, count: items.count)))
    }

    func run() {
        while let index = take() {
            do throws(DerootError) {
                let outcome = try job(items[index])
                state.withLock { $0.outcomes[index] = outcome }
            } catch {
                state.withLock { $0.failures.append((index, error)) }
            }
        }
    }

    private func take() -> Int? {
        state.withLock { state in
            guard state.failures.isEmpty, state.next < items.count else { return nil }
            state.next += 1
            return state.next - 1
        }
    }

    func results() throws(DerootError) -> [Outcome] {
        let (outcomes, failures) = state.withLock { ($0.outcomes, $0.failures) }
        if let first = failures.min(by: { $0.index < $1.index }) { throw first.error }
        return outcomes.compactMap { $0 }
    }
}
