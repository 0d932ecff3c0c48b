package import DerootBytes
import DerootCore
package import DerootOCI
package import DerootRegistry
import Glibc
import Synchronization

/// What is known of all conversions, in the target registry itself: one tag an entry.
///
/// Content-addressed, so that nobody has to lock: who writes an entry twice writes the same.
package final class Ledger: Sendable {
    /// The repository's name below the target.
    package static let repository = "deroot-ledger"
    /// The type of the entries.
    package static let entryType = MediaType("application/vnd.deroot.ledger.v1+json")

    /// Entries at most; the list of their tags is read whole, about 111 bytes an entry.
    static let mostEntries = 1_000_000

    private let repository: RegistryRepository
    private let view = Mutex(LedgerView())
    /// When the list was read last, in seconds of the monotonic clock.
    private let read = Mutex(Int(0))

    /// Opens the ledger below a target, `host/path`, and reads its list of tags.
    ///
    /// With `.read` nothing may be noted. Docker Hub lets nobody read a repository that does not exist, but
    /// tells who may write that there is none: so a refusal is asked once more as a writer.
    ///
    /// - Throws: `.denied`, `.transient`.
    package init(
        target: String, client: RegistryClient, _ access: RegistryAccess = .write
    ) throws(DerootError) {
        let name = try ImageName(parsing: "\(target)/\(Self.repository)")
        var repository = try RegistryRepository(name, access, asTarget: true, client: client)
        let known: LedgerView
        do throws(DerootError) {
            known = try Self.view(of: repository)
        } catch  where error.code == .denied && access == .read {
            repository = try RegistryRepository(name, .write, client: client)
            known = try Self.view(of: repository)
        }
        self.repository = repository
        keep(known)
    }

    private static func view(of repository: RegistryRepository) throws(DerootError) -> LedgerView {
        var view = LedgerView()
        try repository.eachTag(most: mostEntries) { view.add(tag: $0) }
        return view
    }

    /// Reads the list of tags once more: others may have written.
    package func refresh() throws(DerootError) {
        keep(try Self.view(of: repository))
    }

    private func keep(_ known: LedgerView) {
        view.withLock { $0 = known }
        read.withLock { $0 = Self.now() }
    }

    /// Reads the list of tags once more where it is so many seconds old; what cannot be read now
    /// stays as it is.
    func refreshIfOlder(than seconds: Int) {
        let isOld = read.withLock { read in
            guard Self.now() - read >= seconds else { return false }
            read = Self.now()
            return true
        }
        if isOld { try? refresh() }
    }

    private static func now() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec
    }

    /// What is known of a key.
    package subscript(key: LedgerKey) -> LedgerState? { view.withLock { $0[key] } }

    /// Keys with several results.
    package var contradictions: [LedgerKey] { view.withLock(\.contradictions) }

    /// Everything that is known.
    package var current: LedgerView { view.withLock { $0 } }

    /// Notes a result or a refusal; `details` is what the entry holds besides.
    ///
    /// - Throws: `.denied`, `.transient`.
    package func note(
        _ state: LedgerState, for key: LedgerKey, _ details: JSONObject
    ) throws(DerootError) {
        guard let tag = state.tag(key) else { return }
        var entry: JSONObject = [
            "deroot": .string("ledger"), "version": .number(1),
            "tool": .string(Version.text), "key": .string(key.description),
        ]
        entry.members += details.members
        let document = JSON.object(entry).serialized(indented: true)
        do throws(DerootError) {
            try store(document, state, details, as: tag)
        } catch  where error.code == .denied || error.code == .unsupported {
            // The tag says it all: where it may not move, another form of the entry is as good.
            guard try repository.head(tag) != nil else { throw error }
        }
        view.withLock { $0.add(state, for: key) }
    }

    private func store(
        _ document: [UInt8], _ state: LedgerState, _ details: JSONObject, as tag: String
    ) throws(DerootError) {
        guard case .refused = state else {
            try repository.put(artifact: document, type: Self.entryType, as: tag)
            return
        }
        // Where one request finds it: every run tells why.
        let refusal = try details.object("refusal")
        try repository.put(
            artifact: document, type: Self.entryType, as: tag,
            annotations: [
                Self.codeName: try refusal?.text("code") ?? "",
                Self.refusalName: String((try refusal?.text("message") ?? "").prefix(1000)),
                Self.limitsName: try refusal?.text("limits") ?? "",
            ])
    }

    private static let codeName = "dev.deroot.refusal.code"
    private static let refusalName = "dev.deroot.refusal"
    private static let limitsName = "dev.deroot.refusal.limits"

    /// Why a key was refused, as the entry says, and which limits were in force where one of them is why;
    /// nil where nothing is known.
    ///
    /// - Throws: `.denied`, `.transient`, `.malformed`.
    package func refusal(
        _ key: LedgerKey
    ) throws(DerootError) -> (code: String, message: String, limits: String?)? {
        guard let tag = LedgerState.refused.tag(key), let stored = try repository.manifest(tag)
        else { return nil }
        guard let notes = try Document(parsing: stored.bytes).root.object("annotations"),
            let message = try notes.text(Self.refusalName)
        else { return nil }
        let limits = try notes.text(Self.limitsName) ?? ""
        return (try notes.text(Self.codeName) ?? "", message, limits.isEmpty ? nil : limits)
    }

    /// The entry of a result; nil where there is none.
    ///
    /// - Throws: `.denied`, `.transient`, `.malformed`.
    func entry(_ key: LedgerKey) throws(DerootError) -> JSONObject? {
        guard let state = self[key], let tag = state.tag(key),
            let stored = try repository.manifest(tag),
            let layer = try Manifest(parsing: stored.bytes).layers.first,
            let bytes = try repository.blob(layer.digest)
        else { return nil }
        return try Document(parsing: bytes).root
    }

    /// Deletes the entries of keys that nobody asks for any more; gives the tags that went, and those
    /// that the registry does not give up, with its first refusal, or that it is down.
    ///
    /// - Throws: `.denied`, `.transient` where the list cannot be read, `.interrupted`.
    package func prune(
        keeping keys: Set<LedgerKey>, dryRun: Bool
    ) throws(DerootError) -> (gone: [String], kept: [String], refusal: DerootError?) {
        var gone: [String] = []
        var kept: [String] = []
        var refusal: DerootError?
        var isOver = false
        var superfluous: Set<String> = []
        try repository.eachTag(most: Self.mostEntries) { tag in
            guard let (key, _) = LedgerState.parse(tag), !keys.contains(key) else { return }
            superfluous.insert(tag)
        }
        for tag in superfluous.sorted() {
            try Interruption.check()
            // A registry that deletes nothing, or is down, is not asked for every one.
            guard !isOver else {
                kept.append(tag)
                continue
            }
            do throws(DerootError) {
                switch dryRun ? .gone : try delete(tag) {
                case .gone: gone.append(tag)
                case .missing: break
                case .impossible(let error):
                    isOver = true
                    throw error
                }
            } catch  where error.code != .interrupted {
                let isTransient = error.code == .transient
                refusal = isTransient ? error : refusal ?? error
                isOver = isOver || isTransient
                kept.append(tag)
            }
        }
        return (gone, kept, refusal)
    }

    private func delete(_ tag: String) throws(DerootError) -> RegistryRepository.Deletion {
        guard let digest = try repository.digest(of: tag) else { return .missing }
        return try repository.delete(digest)
    }
}
