package import DerootBytes

/// What a conversion tells while it runs; may come from several threads at once.
package enum ConversionEvent: Sendable {
    /// The documents are read; this many layers of so many compressed bytes follow.
    case found(layers: Int, bytes: UInt64)
    /// A layer is read for the first time, or once more.
    case layerStarted(Digest, size: UInt64, again: Bool)
    /// More compressed bytes of some layer were read.
    case bytesRead(UInt64)
    /// A layer is done: how many entries it has, and how many change.
    case layerFinished(Digest, entries: Int, changes: Int)
    /// Everything is staged and becomes visible now.
    case committing
}

/// Takes the events.
package typealias ConversionObserver = @Sendable (ConversionEvent) -> Void
