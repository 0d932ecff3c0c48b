import DerootBytes
import DerootCore
import DerootOCI
import DerootRegistry
import Synchronization

/// The written forms of layers that images of other shards have, as their entries in the ledger say.
///
/// A layer is then still read, to know what has to change in it, but neither written nor sent again:
/// the registry mounts the form from where the other image is.
final class LedgerLayers: LayerStore {
    private struct Known: Sendable {
        let source: Digest
        let changes: Digest
        let layer: WrittenLayer
    }

    /// A form where an entry says it is.
    private struct Form: Hashable {
        let digest: Digest
        let size: UInt64
        let repository: String
    }

    private let ledger: Ledger
    private let items: [MirrorPlan.Item]
    /// The places in `items` of those that have a shared layer.
    private let users: [Digest: [Int]]
    private let destination: RegistryClient
    private let isDivided: Bool
    private let entries = Mutex<[LedgerKey: [Known]]>([:])
    /// What the destination says of forms.
    private let answers = Mutex<[Form: Bool]>([:])

    /// Entries that are read for one layer at most.
    private static let most = 3
    /// Seconds after which it is looked whether other shards have written.
    private static let patience = 30

    /// `shared` are the layers that several items of the plan have.
    init(
        _ plan: MirrorPlan, shared: Set<Digest>, _ ledger: Ledger, destination: RegistryClient
    ) {
        self.ledger = ledger
        self.destination = destination
        isDivided = plan.shards > 1
        items = plan.items
        var users: [Digest: [Int]] = [:]
        for (index, item) in plan.items.enumerated() {
            for layer in item.layers where shared.contains(layer) {
                users[layer, default: []].append(index)
            }
        }
        self.users = users
    }

    private func done(with layer: Digest) -> [MirrorPlan.Item] {
        guard let users = users[layer] else { return [] }
        if isDivided { ledger.refreshIfOlder(than: Self.patience) }
        let done = users.lazy.map { [items] in items[$0] }.filter { [ledger] item in
            if case .done = ledger[item.key] { true } else { false }
        }
        return Array(done.prefix(Self.most))
    }

    func hasForm(of layer: Digest) -> Bool { !done(with: layer).isEmpty }

    func form(of layer: Digest, changes: Digest) -> LayerForm? {
        for item in done(with: layer) {
            let found = known(item).first { $0.source == layer && $0.changes == changes }
            guard let found, let place = try? ImageName(parsing: item.repository) else { continue }
            // The entry is a hint: a size that is not the blob's would be in the result's manifest.
            guard isThere(found.layer, in: place) else { continue }
            try? destination.note(found.layer.digest, isIn: place)
            return LayerForm(layer: found.layer, place: .elsewhere)
        }
        return nil
    }

    private func isThere(_ layer: WrittenLayer, in place: ImageName) -> Bool {
        let form = Form(digest: layer.digest, size: layer.size, repository: place.name)
        if let answer = answers.withLock({ $0[form] }) { return answer }
        do throws(DerootError) {
            let repository = try RegistryRepository(
                place, .read, asTarget: true, client: destination)
            let answer = try repository.blobSize(layer.digest) == layer.size
            answers.withLock { $0[form] = answer }
            return answer
        } catch {
            return false
        }
    }

    private func known(_ item: MirrorPlan.Item) -> [Known] {
        if let known = entries.withLock({ $0[item.key] }) { return known }
        // What cannot be read is written anew.
        guard let entry = try? ledger.entry(item.key) else { return [] }
        let known = (try? entry.array("layers"))?.map { $0.compactMap(Self.known) } ?? []
        entries.withLock { $0[item.key] = known }
        return known
    }

    private static func known(_ json: JSON) -> Known? {
        guard let object = json.object,
            let source = try? Digest(parsing: object.text("source") ?? ""),
            let changes = try? Digest(parsing: object.text("changes") ?? ""),
            let digest = try? Digest(parsing: object.text("digest") ?? ""),
            let diffID = try? Digest(parsing: object.text("diffID") ?? ""),
            let size = try? object.size("size"), size <= 1 << 48,
            let compression = Compression(rawValue: (try? object.text("compression")) ?? "")
        else { return nil }
        return Known(
            source: source, changes: changes,
            layer: WrittenLayer(
                digest: digest, size: size, diffID: DiffID(diffID), compression: compression))
    }

    /// What an entry says of a result's layers; follows from source and recipe alone.
    static func json(_ result: ConversionResult) -> JSON {
        var seen: Set<Digest> = []
        var layers: [JSON] = []
        for image in result.images {
            for (plan, layer) in zip(image.plan.layers, image.layers)
            where plan.digest != layer.digest && seen.insert(layer.digest).inserted {
                layers.append(
                    .object([
                        "source": .string(plan.digest.description),
                        "changes": .string(plan.changes.digest.description),
                        "digest": .string(layer.digest.description), "size": .number(layer.size),
                        "diffID": .string(layer.diffID.description),
                        "compression": .string(layer.compression.rawValue),
                    ]))
            }
        }
        return .array(layers)
    }
}
