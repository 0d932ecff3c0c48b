package import DerootBytes
import Glibc

/// How patient the client is, and in what pieces it sends.
package struct RegistryOptions: Sendable {
    /// How often a request is sent at most (`--retry-times` and one).
    package var tries = 6
    /// Seconds without progress after which a transfer counts as stalled (`--timeout`).
    package var idleSeconds = 60
    /// Bytes a second below which a transfer makes no progress (hostile input F10).
    package var minimumRate = 64
    /// Seconds to connect.
    package var connectSeconds = 30
    /// Milliseconds that the cancelling of an upload may take, since a command that ends waits for it.
    package var farewellMilliseconds = 1000
    /// Seconds that a registry may make us wait before a try (`--retry-max-wait`).
    package var longestWait: Double = 300
    /// Seconds before the second try; doubles with every further one, up to a minute.
    package var firstWait: Double = 1
    /// How large the chunks are in which a blob is sent.
    package var chunkBytes: UInt64 = 64 << 20
    /// Whether larger blobs go in chunks at once, and not only after one piece has failed.
    package var prefersChunks = false
    /// How many blobs are fetched ahead of those who read them.
    package var prefetches = 3
    /// How fast registries may be asked; nil: as fast as they answer.
    package var paces: RequestPaces?
    /// Time and chance.
    package var timekeeper = Timekeeper()
    /// Takes what happens to blobs, from any thread.
    package var observer: TransferObserver = { _ in }

    /// The defaults.
    package init() {}
}

/// Time and chance, which tests replace so that nobody waits.
package struct Timekeeper: Sendable {
    /// Seconds since 1970.
    package var now: @Sendable () -> Double
    /// Waits so many seconds; throws `.interrupted` on SIGINT and SIGTERM, and what `mayGoOn` throws,
    /// which is asked now and then.
    package var sleep:
        @Sendable (_ seconds: Double, _ mayGoOn: () throws(DerootError) -> Void)
            throws(DerootError) -> Void
    /// A number from 0 up to 1.
    package var random: @Sendable () -> Double

    /// The system's clock and random numbers.
    package init() {
        now = {
            var time = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        sleep = { (seconds, mayGoOn) throws(DerootError) in
            var rest = seconds
            while rest > 0 {
                try Interruption.check()
                try mayGoOn()
                usleep(UInt32(min(rest, 0.1) * 1e6))
                rest -= 0.1
            }
            try Interruption.check()
        }
        random = { Double.random(in: 0..<1) }
    }
}

/// What happens to blobs on their way.
package enum TransferEvent: Sendable {
    /// A blob is fetched, or sent.
    case started(Digest, size: UInt64, Direction)
    /// More bytes of some blob went over the wire.
    case moved(UInt64, Direction)
    /// A blob has arrived.
    case finished(Digest, size: UInt64, Direction)
    /// A blob did not have to be sent, for this reason.
    case spared(Digest, Reason)
    /// A request failed and is tried again after so many seconds.
    case retrying(String, after: Double)
    /// Few pulls are left at a host: none goes there for so many seconds.
    case resting(String, seconds: Double)

    /// Which way.
    package enum Direction: String, Sendable, Hashable {
        /// From a registry.
        case pull
        /// To a registry.
        case push
    }

    /// Why a blob was not sent.
    package enum Reason: String, Sendable, Hashable {
        /// The repository had it.
        case exists
        /// The registry took it from the source's repository.
        case mounted
    }
}

/// Seconds for people, rounded up; an edited file or a registry may say any number.
package func wholeSeconds(_ seconds: Double) -> Int { Int(max(0, min(seconds, 1e9)).rounded(.up)) }

/// Takes the events.
package typealias TransferObserver = @Sendable (TransferEvent) -> Void
