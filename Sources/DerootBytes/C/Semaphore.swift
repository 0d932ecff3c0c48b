import CSystem

/// Lets one thread wait for another (sem_init(3)).
final class Semaphore: Sendable {
    private let handle: UInt

    /// Starts at 0.
    init() {
        handle = deroot_semaphore_make()
        precondition(handle != 0, "out of memory")
    }

    deinit { deroot_semaphore_free(handle) }

    /// Lets one `wait` pass.
    func signal() { deroot_semaphore_signal(handle) }

    /// Waits for a `signal`.
    func wait() { deroot_semaphore_wait(handle) }
}
