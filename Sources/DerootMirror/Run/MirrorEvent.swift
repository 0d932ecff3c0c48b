package import DerootCore
package import DerootRegistry

/// What a run tells while it goes on; may come from several threads at once.
package enum MirrorEvent: Sendable {
    /// An image is begun.
    case began(MirrorPlan.Item)
    /// What happens inside its conversion.
    case conversion(MirrorPlan.Item, ConversionEvent)
    /// What happens to its blobs on their way.
    case transfer(MirrorPlan.Item, TransferEvent)
    /// What became of a layer that had to be rewritten.
    case layer(LayerMemory.Note)
    /// An image is done, or was given up; one that is tried again in the end is begun once more.
    case ended(MirrorOutcome)
}

/// Takes the events.
package typealias MirrorObserver = @Sendable (MirrorEvent) -> Void
