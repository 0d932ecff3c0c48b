package import DerootBytes
import DerootOCI
package import DerootStore
import DerootTar
import Synchronization

/// What was learnt of layers that several images share, so that each is read and rewritten once in a
/// process, however many images and threads there are.
///
/// Correct by content: a digest stands for the same bytes in every image, and a written form is used
/// again only for exactly the same changes.
package final class LayerMemory: Sendable {
    /// A written form of a layer.
    package struct Form: Sendable {
        package let layer: WrittenLayer
        /// The bytes.
        package let blob: StagedBlob
    }

    private struct Key: Hashable {
        let digest: Digest
        let changes: [EntryChange]

        /// There may be a million changes: counting them tells nearly all keys apart.
        func hash(into hasher: inout Hasher) {
            hasher.combine(digest)
            hasher.combine(changes.count)
        }
    }

    /// One layer; the thread that holds the lock reads it, the others wait for it.
    private final class Slot: Sendable {
        let pass = Mutex<LayerPass.Outcome?>(nil)
    }

    private struct State {
        var slots: [Digest: Slot] = [:]
        /// In the order of their first use, so that the oldest can be let go.
        var order: [Digest] = []
        var entries: [Digest: Int] = [:]
        var forms: [Key: Form] = [:]
        var formOrder: [Key] = []
        var reused = 0
    }

    private let shared: Set<Digest>
    private let mostEntries: Int
    private let mostForms: Int
    private let state = Mutex(State())

    /// Remembers these layers and no others.
    ///
    /// `mostEntries` bounds the memory, at about 200 bytes an entry; `mostForms` the open files.
    package init(shared: Set<Digest>, mostEntries: Int = 400_000, mostForms: Int = 128) {
        self.shared = shared
        self.mostEntries = mostEntries
        self.mostForms = mostForms
    }

    /// How often a layer did not have to be read.
    package var reused: Int { state.withLock(\.reused) }

    /// Whether a layer is remembered, or will be.
    func isShared(_ digest: Digest) -> Bool { shared.contains(digest) }

    /// What reading a layer gave, without its draft where it was read before.
    func scanned(
        _ layer: Descriptor, read: () throws(DerootError) -> ScannedLayer
    ) throws(DerootError) -> ScannedLayer {
        guard isShared(layer.digest) else { return try read() }
        let slot = state.withLock { state in
            if let slot = state.slots[layer.digest] { return slot }
            let slot = Slot()
            state.slots[layer.digest] = slot
            return slot
        }
        return try slot.pass.withLock { (pass) throws(DerootError) -> ScannedLayer in
            if let pass {
                state.withLock { $0.reused += 1 }
                return ScannedLayer(descriptor: layer, pass: pass, draft: nil)
            }
            let scanned = try read()
            pass = scanned.pass
            if let draft = scanned.draft, let written = scanned.pass.blob.written {
                note(
                    layer.digest, scanned.pass.changes,
                    Form(
                        layer: WrittenLayer(
                            digest: written.digest, size: written.size, diffID: written.diffID,
                            compression: scanned.pass.blob.compression), blob: draft))
            }
            remember(layer.digest, entries: scanned.pass.listing.count)
            return scanned
        }
    }

    private func remember(_ digest: Digest, entries: Int) {
        state.withLock { state in
            state.entries[digest] = entries
            state.order.append(digest)
            var sum = state.entries.values.reduce(0, +)
            while sum > mostEntries, state.order.count > 1 {
                let oldest = state.order.removeFirst()
                sum -= state.entries.removeValue(forKey: oldest) ?? 0
                state.slots[oldest] = nil
            }
        }
    }

    /// The form of a layer with exactly these changes; nil where none was written yet.
    func form(_ digest: Digest, _ changes: [EntryChange]) -> Form? {
        guard isShared(digest) else { return nil }
        return state.withLock { $0.forms[Key(digest: digest, changes: changes)] }
    }

    /// Remembers a form.
    func note(_ digest: Digest, _ changes: [EntryChange], _ form: Form) {
        guard isShared(digest), !changes.isEmpty else { return }
        let key = Key(digest: digest, changes: changes)
        state.withLock { state in
            guard state.forms.updateValue(form, forKey: key) == nil else { return }
            state.formOrder.append(key)
            if state.formOrder.count > mostForms {
                state.forms[state.formOrder.removeFirst()] = nil
            }
        }
    }
}
