import DerootBytes
import DerootTar

/// Writes the added layer as a tar stream: the same entries give the same bytes.
struct AddedLayer {
    /// Seconds since 1970 for everything that is new.
    let modified: Int64
    /// Headers of files that an entry replaces, by path: xattrs and times go along.
    let originals: [TarPath: HeaderGroup]

    /// Hands out the stream, end of archive included.
    func write(
        _ entries: [AddedEntry], to sink: (_ bytes: [UInt8]) throws(DerootError) -> Void
    ) throws(DerootError) {
        for entry in entries { try sink(bytes(of: entry)) }
    }

    /// The two zero blocks.
    static let end = [UInt8](repeating: 0, count: 1024)

    private func bytes(of entry: AddedEntry) throws(DerootError) -> [UInt8] {
        guard case .file(let content) = entry.kind else { return try render(entry, content: []) }
        let padding = [UInt8](repeating: 0, count: padded(content.count) - content.count)
        if let original = originals[entry.path],
            let header = original.replacing(entry, size: content.count)
        {
            return header + content + padding
        }
        return try render(entry, content: content)
    }

    private func render(_ entry: AddedEntry, content: [UInt8]) throws(DerootError) -> [UInt8] {
        let kind: NewEntry.Kind
        switch entry.kind {
        case .directory: kind = .directory
        case .file: kind = .file
        case .symlink(let target): kind = .symlink(target: target)
        case .whiteout: kind = .file
        }
        let buffer = TarBuffer()
        var writer = try unsafe TarWriter { (bytes) throws(DerootError) in
            unsafe buffer.bytes.append(contentsOf: bytes)
        }
        try writer.begin(
            NewEntry(
                path: entry.entryPath.bytes, kind: kind, mode: entry.mode,
                uid: entry.owner.uid, gid: entry.owner.gid, userName: entry.owner.userName,
                groupName: entry.owner.groupName, modified: modified,
                size: UInt64(content.count)))
        if !content.isEmpty { try writer.write(content) }
        try writer.finish()
        return Array(buffer.bytes.dropLast(Self.end.count))
    }
}

private final class TarBuffer {
    var bytes: [UInt8] = []
}

extension HeaderGroup {
    /// The group's bytes for a plain file with another body; nil where the original is no such file.
    func replacing(_ entry: AddedEntry, size: Int) -> [UInt8]? {
        let isPlain =
            meaning.type == .file && !meaning.isSparse && TarPath(meaning.name) == entry.path
            && !meaning.records.contains { $0.isNamed("size") }
        guard isPlain else { return nil }
        var change = HeaderChange()
        change.clear = meaning.mode & ~entry.mode
        change.set = entry.mode & ~meaning.mode
        change.owner = entry.owner
        change.capabilities = .strip
        return bytes(applying: change, size: UInt64(size))
    }
}
