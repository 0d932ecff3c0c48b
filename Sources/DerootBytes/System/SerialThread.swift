import Synchronization

/// A thread that does one piece of work after the other for its owner, one thread as well.
///
/// It lives long, because a new thread queues for its first turn. Where the machine is so busy that it
/// has not come to its work when that is wanted, the owner does it: nobody waits for a thread that
/// does not run.
final class SerialThread {
    typealias Work = @Sendable () -> Void

    /// What the two threads share.
    private final class Desk: Sendable {
        struct State {
            var work: Work?
            var isOver = false
        }

        let state = Mutex(State())
        let begins = Semaphore()
        let ends = Semaphore()

        func take() -> Work? {
            state.withLock { state in
                defer { state.work = nil }
                return state.work
            }
        }
    }

    private let desk: Desk
    private let thread: RunningThread
    private var isWorking = false

    /// Starts the thread; nil where the system has none to give.
    init?() {
        let desk = Desk()
        let started = RunningThread.start {
            while true {
                desk.begins.wait()
                // There may be none: the owner took it back.
                if let work = desk.take() {
                    work()
                    desk.ends.signal()
                } else if desk.state.withLock(\.isOver) {
                    return
                }
            }
        }
        guard let thread = started else { return nil }
        self.desk = desk
        self.thread = thread
    }

    deinit {
        wait()
        desk.state.withLock { $0.isOver = true }
        desk.begins.signal()
        thread.join()
    }

    /// Begins a piece of work, when the one before has ended.
    func start(_ work: @escaping Work) {
        wait()
        desk.state.withLock { $0.work = work }
        isWorking = true
        desk.begins.signal()
    }

    /// Sees the work that was begun to its end.
    func wait() {
        guard isWorking else { return }
        isWorking = false
        if let work = desk.take() {
            work()
        } else {
            desk.ends.wait()
        }
    }
}
