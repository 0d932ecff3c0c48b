package import DerootBytes
import DerootOCI
import DerootStore
import DerootTar
import Synchronization

/// What was learnt of layers that several images share, so that each is read and rewritten once in a
/// process, however many images and threads there are; stores add what other processes learnt.
///
/// Correct by content: a digest stands for the same bytes in every image, and a written form is used
/// again only for exactly the same changes.
package final class LayerMemory: Sendable {
    /// How often layers were worked on, and how often that was spared.
    package struct Figures: Sendable, Hashable {
        /// Layers that were read and inflated.
        package var read = 0
        /// Layers that did not have to be read again in this process.
        package var reused = 0
        /// Layers that did not have to be read, since a store knew what they hold.
        package var recalled = 0
        /// Forms that were written: pairs of a layer and changes.
        package var rewritten = 0
        /// Forms that a store had.
        package var recalledForms = 0

        /// None.
        package init() {}
    }

    /// What became of a layer in an image.
    package enum Note: Sendable {
        /// A form was written for the first time.
        case rewritten(Digest, LayerForm)
        /// A store had it.
        case recalled(Digest, LayerForm)
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
        /// Held while forms of the layer are written.
        let writing = Mutex(())
    }

    private struct State {
        var slots: [Digest: Slot] = [:]
        /// In the order of their first use, so that the oldest can be let go.
        var order: [Digest] = []
        var entries: [Digest: Int] = [:]
        var forms: [Key: LayerForm] = [:]
        var formOrder: [Key] = []
        /// Forms that were counted and given to the stores.
        var settled: Set<Digest> = []
        var figures = Figures()
    }

    private let shared: Set<Digest>
    private let stores: [any LayerStore]
    private let mostEntries: Int
    private let mostForms: Int
    private let observer: @Sendable (Note) -> Void
    private let state = Mutex(State())

    /// Remembers these layers and no others; the stores are asked about all.
    ///
    /// `mostEntries` bounds the memory, at about 200 bytes an entry; `mostForms` the open files.
    package init(
        shared: Set<Digest>, stores: [any LayerStore] = [], mostEntries: Int = 300_000,
        mostForms: Int = 128, observer: @escaping @Sendable (Note) -> Void = { _ in }
    ) {
        self.shared = shared
        self.stores = stores
        self.mostEntries = mostEntries
        self.mostForms = mostForms
        self.observer = observer
    }

    /// What was done and spared so far.
    package var figures: Figures { state.withLock(\.figures) }

    /// How often a layer did not have to be read.
    package var reused: Int { figures.reused }

    /// Whether a layer may be at hand without being fetched.
    func isAtHand(_ digest: Digest) -> Bool {
        shared.contains(digest) || stores.contains { $0.hasRecord(of: digest) }
    }

    /// What reading a layer gave, without its draft where it was read before.
    ///
    /// `read` is told whether a draft is worth its while, and what to record.
    func scanned(
        _ layer: Descriptor, limits: Limits,
        read: (_ isDrafting: Bool, _ record: LayerRecorder?) throws(DerootError) -> ScannedLayer
    ) throws(DerootError) -> ScannedLayer {
        guard shared.contains(layer.digest) else { return try fresh(layer, limits, read) }
        return try slot(layer.digest).pass.withLock { (pass) throws(DerootError) -> ScannedLayer in
            if let pass {
                state.withLock { $0.figures.reused += 1 }
                return ScannedLayer(descriptor: layer, pass: pass, draft: nil)
            }
            let scanned = try fresh(layer, limits, read)
            pass = scanned.pass
            if let draft = scanned.draft, let written = scanned.pass.blob.written {
                note(
                    layer.digest, scanned.pass.changes,
                    LayerForm(
                        layer: WrittenLayer(
                            digest: written.digest, size: written.size, diffID: written.diffID,
                            compression: scanned.pass.blob.compression), place: .staged(draft)))
            }
            remember(layer.digest, entries: scanned.pass.listing.count)
            return scanned
        }
    }

    private func fresh(
        _ layer: Descriptor, _ limits: Limits,
        _ read: (_ isDrafting: Bool, _ record: LayerRecorder?) throws(DerootError) -> ScannedLayer
    ) throws(DerootError) -> ScannedLayer {
        for store in stores {
            if let pass = store.record(of: layer, limits: limits) {
                state.withLock { $0.figures.recalled += 1 }
                return ScannedLayer(descriptor: layer, pass: pass, draft: nil)
            }
        }
        var record: LayerRecorder?
        var keeper: (any LayerStore)?
        for store in stores where record == nil {
            record = store.recorder(of: layer.digest)
            keeper = store
        }
        let scanned = try read(!stores.contains { $0.hasForm(of: layer.digest) }, record)
        state.withLock { $0.figures.read += 1 }
        if let record { keeper?.keep(record, of: layer.digest, scanned.pass) }
        return scanned
    }

    private func slot(_ digest: Digest) -> Slot {
        state.withLock { state in
            if let slot = state.slots[digest] { return slot }
            let slot = Slot()
            state.slots[digest] = slot
            return slot
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

    /// Does something about a layer's forms, one thread after another where it is a shared layer, so
    /// that no two write the same.
    func writing<Out: Sendable>(
        _ digest: Digest, _ body: () throws(DerootError) -> Out
    ) throws(DerootError) -> Out {
        guard shared.contains(digest) else { return try body() }
        return try slot(digest).writing.withLock { (_) throws(DerootError) in try body() }
    }

    /// The form of a layer with exactly these changes; nil where none is known.
    func form(_ digest: Digest, _ changes: [EntryChange]) -> LayerForm? {
        let key = Key(digest: digest, changes: changes)
        if let form = state.withLock({ $0.forms[key] }) { return form }
        guard !stores.isEmpty else { return nil }
        let name = changes.digest
        // All are asked: one may have the bytes, and another know that they need not be sent.
        return stores.compactMap { $0.form(of: digest, changes: name) }.first
    }

    /// Remembers a form for this process.
    private func note(_ digest: Digest, _ changes: [EntryChange], _ form: LayerForm) {
        guard shared.contains(digest), !changes.isEmpty else { return }
        let key = Key(digest: digest, changes: changes)
        state.withLock { state in
            guard state.forms.updateValue(form, forKey: key) == nil else { return }
            state.formOrder.append(key)
            if state.formOrder.count > mostForms {
                state.forms[state.formOrder.removeFirst()] = nil
            }
        }
    }

    /// Takes note of a form that an image has; counted, and given to the stores, once.
    ///
    /// `isNew` says that it was written just now, or drafted when the layer was read.
    func settle(_ digest: Digest, _ changes: [EntryChange], _ form: LayerForm, isNew: Bool) {
        let name = changes.digest
        let both = Digest.of(Array("\(digest) \(name)".utf8))
        guard state.withLock({ $0.settled.insert(both).inserted }) else { return }
        if isNew { note(digest, changes, form) }
        state.withLock { state in
            if isNew { state.figures.rewritten += 1 } else { state.figures.recalledForms += 1 }
        }
        observer(isNew ? .rewritten(digest, form) : .recalled(digest, form))
        guard isNew, shared.contains(digest) || stores.contains(where: { $0.hasRecord(of: digest) })
        else { return }
        for store in stores { store.keep(form, of: digest, changes: name) }
    }
}
