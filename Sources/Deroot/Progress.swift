import DerootCore
import DerootRegistry

/// What happens while an image is read, converted and written.
///
/// Further cases may come in a minor version: have a `default` when you switch.
public enum Progress: Sendable, Hashable {
    /// The documents are read; so many layers of so many compressed bytes follow.
    case found(layers: Int, bytes: UInt64)
    /// A layer of so many compressed bytes is read; `again` where it was read before.
    case layerStarted(Digest, bytes: UInt64, again: Bool)
    /// So many more compressed bytes were read, of some layer.
    case bytesRead(UInt64)
    /// A layer is done: how many entries it has, and how many of them change.
    case layerFinished(Digest, entries: Int, changes: Int)
    /// So many more bytes came from a registry.
    case bytesFetched(UInt64)
    /// So many more bytes went to a registry.
    case bytesSent(UInt64)
    /// A request to a registry failed and is tried again after so many seconds.
    case retrying(registry: String, seconds: Double)
    /// Everything is there and becomes visible now.
    case publishing

    init(_ event: ConversionEvent) {
        switch event {
        case .found(let layers, let bytes): self = .found(layers: layers, bytes: bytes)
        case .layerStarted(let digest, let size, let again):
            self = .layerStarted(digest, bytes: size, again: again)
        case .bytesRead(let count): self = .bytesRead(count)
        case .layerFinished(let digest, let entries, let changes):
            self = .layerFinished(digest, entries: entries, changes: changes)
        case .committing: self = .publishing
        }
    }

    /// What a transfer's event means; nil for those that nobody needs to know of.
    init?(_ event: TransferEvent) {
        switch event {
        case .moved(let count, .pull): self = .bytesFetched(count)
        case .moved(let count, .push): self = .bytesSent(count)
        case .retrying(let host, let seconds): self = .retrying(registry: host, seconds: seconds)
        case .started, .finished, .spared: return nil
        }
    }
}

/// Takes what happens; called from several threads at once, and not to be kept waiting.
public typealias ProgressObserver = @Sendable (Progress) -> Void
