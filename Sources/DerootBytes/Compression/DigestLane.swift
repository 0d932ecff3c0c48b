import Glibc
import Synchronization

/// Computes the digests of several streams on a thread beside the one that makes them.
///
/// What it is told is noted down with a copy of the bytes, in two notebooks: while one is being
/// filled the other is worked off. A pass over a gzip'd layer needs up to four digests, which take
/// a third of its time otherwise. On a machine with one core everything happens at once, in place.
@safe
final class DigestLane {
    /// One digest of the lane.
    struct Slot: Sendable, Hashable {
        fileprivate let index: Int
    }

    /// What is noted before it is worked off, in bytes.
    private static let batchBytes = 1 << 20

    private let hashers = Hashers()
    private var hasThreads: Bool
    private var filling = Notebook()
    private var waiting = Notebook()
    /// Comes with the first full notebook: most blobs are small.
    private var thread: SerialThread?
    private var opened = 0

    /// A lane without digests; nil: with threads where the machine has two cores.
    init(hasThreads: Bool? = nil) {
        self.hasThreads = hasThreads ?? (sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1)
    }

    /// Starts a digest.
    func open(_ algorithm: Digest.Algorithm) -> Slot {
        let slot = newSlot()
        filling.note(.open(slot, algorithm))
        return slot
    }

    /// Starts a digest with everything that another one has seen.
    func fork(_ other: Slot) -> Slot {
        let slot = newSlot()
        filling.note(.fork(other, slot))
        return slot
    }

    /// Forgets a digest.
    func close(_ slot: Slot) { filling.note(.close(slot)) }

    /// Adds bytes to a digest, and to a second one.
    func update(_ slot: Slot, also second: Slot? = nil, with bytes: UnsafeRawBufferPointer) {
        var rest = unsafe bytes
        while rest.count > 0 {
            let size = min(rest.count, Self.batchBytes - filling.count)
            let part = unsafe UnsafeRawBufferPointer(rebasing: rest[..<size])
            unsafe filling.note(slot, second, part)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[size...])
            if filling.count == Self.batchBytes { turn() }
        }
    }

    /// Adds bytes to a digest.
    func update(_ slot: Slot, with bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update(slot, with: $0) }
    }

    /// The digest of everything it has seen; it stays usable.
    func digest(_ slot: Slot) -> Digest {
        thread?.wait()
        hashers.work(off: filling)
        return hashers.digest(slot)
    }

    private func newSlot() -> Slot {
        opened += 1
        return Slot(index: opened)
    }

    /// Starts working off what was noted, and begins a new page.
    private func turn() {
        if thread == nil, hasThreads {
            thread = SerialThread()
            hasThreads = thread != nil
        }
        guard let thread else {
            hashers.work(off: filling)
            return
        }
        thread.wait()
        swap(&filling, &waiting)
        let hashers = hashers
        let notebook = waiting
        thread.start { hashers.work(off: notebook) }
    }
}

/// What is to be done, in order; used by one thread at a time.
private final class Notebook: Sendable {
    enum Note: Sendable {
        case open(DigestLane.Slot, Digest.Algorithm)
        case fork(DigestLane.Slot, DigestLane.Slot)
        case close(DigestLane.Slot)
        /// Bytes for one or two digests, up to this end.
        case bytes(DigestLane.Slot, DigestLane.Slot?, end: Int)
    }

    struct Page: Sendable {
        var notes: [Note] = []
        var bytes: [UInt8] = []
    }

    private let page = Mutex(Page())

    /// How many bytes wait.
    var count: Int { page.withLock { $0.bytes.count } }

    func note(_ note: Note) { page.withLock { $0.notes.append(note) } }

    func note(
        _ slot: DigestLane.Slot, _ second: DigestLane.Slot?, _ bytes: UnsafeRawBufferPointer
    ) {
        page.withLock { page in
            unsafe page.bytes.append(contentsOf: bytes)
            let end = page.bytes.count
            if case .bytes(slot, second, _) = page.notes.last { page.notes.removeLast() }
            page.notes.append(.bytes(slot, second, end: end))
        }
    }

    /// Gives everything and forgets it, but keeps the memory.
    func take(_ body: (borrowing Page) -> Void) {
        page.withLock { page in
            body(page)
            page.notes.removeAll(keepingCapacity: true)
            page.bytes.removeAll(keepingCapacity: true)
        }
    }
}

/// The digests themselves.
private final class Hashers: Sendable {
    /// Either of the two.
    private final class Entry {
        let paired: PairedSHA256?
        var hasher: DigestHasher?

        init(_ hasher: consuming DigestHasher) {
            paired = nil
            self.hasher = consume hasher
        }

        init(_ paired: PairedSHA256) {
            self.paired = paired
            hasher = nil
        }

        static func opening(_ algorithm: Digest.Algorithm) -> Entry {
            algorithm == .sha256 && PairedSHA256.isAvailable
                ? Entry(PairedSHA256()) : Entry(DigestHasher(algorithm))
        }

        func fork() -> Entry? {
            if let paired { return Entry(PairedSHA256(copying: paired)) }
            guard let copy = hasher?.fork() else { return nil }
            return Entry(copy)
        }

        func digest() -> Digest? { paired?.digest() ?? hasher?.digest() }
    }

    private let entries = Mutex<[DigestLane.Slot: Entry]>([:])

    func digest(_ slot: DigestLane.Slot) -> Digest {
        entries.withLock { entries in
            guard let digest = entries[slot]?.digest() else {
                preconditionFailure("the digest was closed")
            }
            return digest
        }
    }

    func work(off notebook: Notebook) {
        entries.withLock { entries in
            notebook.take { page in
                unsafe page.bytes.withUnsafeBytes { bytes in
                    var pending = PairedBytes()
                    var start = 0
                    for note in page.notes {
                        switch note {
                        case .open(let slot, let algorithm):
                            entries[slot] = .opening(algorithm)
                        case .fork(let slot, let copy):
                            unsafe pending.workOff(bytes)
                            entries[copy] = entries[slot]?.fork()
                        case .close(let slot): entries[slot] = nil
                        case .bytes(let slot, let second, let end):
                            for slot in [slot, second] {
                                guard let slot, let entry = entries[slot] else { continue }
                                if let paired = entry.paired {
                                    pending.add(start..<end, to: paired)
                                } else {
                                    unsafe entry.hasher?.update(
                                        UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                                }
                            }
                            start = end
                        }
                    }
                    unsafe pending.workOff(bytes)
                }
            }
        }
    }
}
