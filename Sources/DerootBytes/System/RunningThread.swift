import Glibc

/// A thread of our own, for blocking work.
package struct RunningThread: Sendable {
    private let thread: pthread_t

    /// Starts a thread; nil where the system has none to give.
    package static func start(_ body: @escaping @Sendable () -> Void) -> RunningThread? {
        let context = unsafe Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            unsafe context.release()
            return nil
        }
        return RunningThread(thread: thread)
    }

    /// Waits for its end; once.
    package func join() { _ = pthread_join(thread, nil) }
}

private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
