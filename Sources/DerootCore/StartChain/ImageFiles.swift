package import DerootBytes
package import DerootTar

/// The contents of an image's files, as far as they were kept when its layers were read.
///
/// What is missing is noted, so that all of it can be read in one more pass over each layer; whoever
/// looks then looks again.
package final class ImageFiles {
    /// Reads the beginnings of some entries of one layer.
    package typealias Read = (_ layer: Int, _ entries: Set<Int>) throws(DerootError) -> [Int:
        [UInt8]]

    private let tree: FileTree
    private var known: [EntryRef: [UInt8]] = [:]
    private var missing: Set<EntryRef> = []
    private var left = 64 << 20

    /// The files of a view, with what was kept of its layers, lowest first.
    package init(in tree: FileTree, _ layers: [LayerPass.Outcome]) {
        self.tree = tree
        for (number, layer) in layers.enumerated() {
            for (index, body) in layer.beginnings {
                known[EntryRef(layer: number, index: index)] = body
            }
            for (index, entry) in layer.captured {
                known[EntryRef(layer: number, index: index)] = entry.body
            }
        }
    }

    /// The same contents under another view, which may have layers more.
    package init(in tree: FileTree, like other: ImageFiles) {
        self.tree = tree
        known = other.known
    }

    /// Notes a content, in the place of what was known.
    package func keep(_ bytes: [UInt8], of reference: EntryRef) { known[reference] = bytes }

    /// The entry that has the body of a regular file; nil for all else.
    package func origin(of reference: EntryRef) -> EntryRef? {
        let type = tree[reference].type
        guard type == .file || type == .hardLink else { return nil }
        // A link's body is where the first of its names is.
        return tree.linkGroup(of: reference).first { tree[$0].type == .file && !tree[$0].isSparse }
    }

    /// The file's beginning; nil where it is no regular file or was not read (yet).
    package func content(of reference: EntryRef) -> [UInt8]? {
        guard let origin = origin(of: reference) else { return nil }
        if let bytes = known[origin] { return bytes }
        guard tree[origin].bodySize > 0 else { return [] }
        // Larger ones are programs; one that the config names was kept.
        guard tree[origin].bodySize <= StartFiles.limit else { return nil }
        missing.insert(origin)
        return nil
    }

    /// The beginning of what a path leads to, links followed.
    package func content(at path: TarPath) -> [UInt8]? {
        guard let node = tree.resolve(path).node, let entry = tree.entry(of: node) else {
            return nil
        }
        return content(of: entry)
    }

    /// Reads what was asked for and is not there; true where something came.
    package func fetch(_ read: Read) throws(DerootError) -> Bool {
        var wanted: [Int: Set<Int>] = [:]
        for reference in missing.sorted(by: { ($0.layer, $0.index) < ($1.layer, $1.index) }) {
            let size = Int(clamping: tree[reference].bodySize)
            guard size <= left else { continue }
            left -= size
            wanted[reference.layer, default: []].insert(reference.index)
        }
        missing = []
        for (layer, indexes) in wanted.sorted(by: { $0.key < $1.key }) {
            for (index, body) in try read(layer, indexes) {
                known[EntryRef(layer: layer, index: index)] = body
            }
        }
        return !wanted.isEmpty
    }
}
