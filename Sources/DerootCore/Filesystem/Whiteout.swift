import DerootBytes
import DerootTar

/// A marker in a layer that hides something of the layers below (OCI image-spec, layer.md).
enum Whiteout {
    /// `.wh.NAME`: the sibling NAME goes.
    case file(TarPath)
    /// `.wh..wh..opq`: all children of the directory go.
    case opaque(TarPath)
    /// Any other `.wh..wh.…`: AUFS bookkeeping, which runtimes skip.
    case metadata

    private static let prefix = Array(".wh.".utf8)

    /// True for every entry that is a marker and no file.
    static func isMarker(_ path: ArraySlice<UInt8>) -> Bool {
        // AUFS keeps link targets below `.wh..wh.plnk`, so any component may be the marker.
        var atStart = true
        for index in path.indices {
            if atStart, path[index] == prefix[0], path[index...].starts(with: prefix) {
                return true
            }
            atStart = path[index] == UInt8(ascii: "/")
        }
        return false
    }

    /// The marker that an entry's path is; nil for files.
    ///
    /// - Throws: `.malformed` for a marker without a name, which runtimes take for a directory's self.
    init?(_ path: ArraySlice<UInt8>, at offset: UInt64) throws(DerootError) {
        guard Self.isMarker(path) else { return nil }
        let path = TarPath(path)
        let name = path.name
        guard name.starts(with: Self.prefix) else {
            self = .metadata
            return
        }
        let target = name.dropFirst(Self.prefix.count)
        if target.elementsEqual(".wh..opq".utf8) {
            self = .opaque(path.parent)
        } else if target.starts(with: Self.prefix) {
            self = .metadata
        } else if target.isEmpty || target.elementsEqual(".".utf8)
            || target.elementsEqual("..".utf8)
        {
            throw DerootError(
                .malformed, "a whiteout that names nothing",
                at: .init(entry: printable(path.bytes), offset: offset))
        } else {
            self = .file(path.parent.appending(target))
        }
    }
}
