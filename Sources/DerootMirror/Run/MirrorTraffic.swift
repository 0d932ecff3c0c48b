import DerootBytes
import DerootCore
import DerootOCI
import DerootRegistry
import Synchronization

/// What an image's way cost, in bytes and tries.
package struct MirrorTraffic: Sendable, Hashable {
    /// Bytes of blobs that came from registries, and went to them.
    package var received: UInt64 = 0
    package var sent: UInt64 = 0
    /// Bytes of blobs that the registry took from another repository of its own.
    package var mounted: UInt64 = 0
    /// Bytes of blobs that the repository had.
    package var present: UInt64 = 0
    /// Requests that were tried again.
    package var retries = 0

    package init() {}

    /// The sum of two.
    package static func + (a: MirrorTraffic, b: MirrorTraffic) -> MirrorTraffic {
        var sum = a
        sum.received += b.received
        sum.sent += b.sent
        sum.mounted += b.mounted
        sum.present += b.present
        sum.retries += b.retries
        return sum
    }
}

/// Counts what happens on one image's way; from any thread.
final class TrafficTally: Sendable {
    private struct State {
        var traffic = MirrorTraffic()
        var spared: [Digest: TransferEvent.Reason] = [:]
    }

    private let state = Mutex(State())

    /// Takes an event.
    func take(_ event: TransferEvent) {
        state.withLock { state in
            switch event {
            case .moved(let count, .pull): state.traffic.received += count
            case .moved(let count, .push): state.traffic.sent += count
            case .spared(let digest, let reason):
                // What was mounted exists from then on.
                if state.spared[digest] == nil { state.spared[digest] = reason }
            case .retrying: state.traffic.retries += 1
            case .started, .finished, .resting: break
            }
        }
    }

    /// The sum; the sizes of blobs that were spared are those of the result's documents.
    func traffic(_ result: ConversionResult?) -> MirrorTraffic {
        var sizes: [Digest: UInt64] = [:]
        for image in result?.images ?? [] {
            for blob in image.document.layers + [image.document.config] {
                sizes[blob.digest] = blob.size
            }
        }
        return state.withLock { state in
            var traffic = state.traffic
            for (digest, reason) in state.spared {
                switch reason {
                case .mounted: traffic.mounted += sizes[digest] ?? 0
                case .exists: traffic.present += sizes[digest] ?? 0
                }
            }
            return traffic
        }
    }
}
