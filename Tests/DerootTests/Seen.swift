import Deroot
import Synchronization

/// Keeps what progress tells, from any thread.
final class Seen: Sendable {
    private let kept = Mutex<[Progress]>([])

    /// In the order of their arrival.
    var events: [Progress] { kept.withLock { $0 } }

    /// Keeps one.
    func add(_ event: Progress) { kept.withLock { $0.append(event) } }
}
