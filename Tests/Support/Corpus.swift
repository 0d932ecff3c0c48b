package import DerootBytes
import Glibc

/// Archives of other projects, where the environment variable DEROOT_CORPUS names a folder of them.
package enum Corpus {
    /// The folder; nil where the variable is not set.
    package static var root: String? {
        guard let value = unsafe getenv("DEROOT_CORPUS") else { return nil }
        return unsafe String(cString: value)
    }

    /// The raw tar streams of `.tar`, `.tar.gz` and `.tgz` files below a folder, by name.
    ///
    /// A gzip stream that is broken counts as what came out of it before it broke.
    package static func tars(_ folder: String) throws(DerootError) -> [(
        name: String, bytes: [UInt8]
    )] {
        guard let root else { return [] }
        var found: [(String, [UInt8])] = []
        var folders = ["\(root)/\(folder)"]
        while let path = folders.popLast() {
            for name in try Directory.names(in: path) {
                let full = "\(path)/\(name)"
                if try File.kind(of: full) == .directory {
                    folders.append(full)
                } else if name.hasSuffix(".tar") || name.hasSuffix("gz") {
                    found.append((name, try rawBytes(FileSlice(File.reading(full)))))
                }
            }
        }
        return found.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    }
}

/// The decompressed bytes of a blob, as far as they can be read.
package func rawBytes(_ blob: consuming FileSlice) throws(DerootError) -> [UInt8] {
    var out: [UInt8] = []
    do throws(DerootError) {
        try decompress(blob, into: &out)
    } catch { return out }
    return out
}

/// Appends the decompressed bytes of a blob.
private func decompress(_ blob: consuming FileSlice, into out: inout [UInt8]) throws(DerootError) {
    let reader = try unsafe BlobPatcher(source: blob, sink: nil, limits: Limits())
    while true {
        let piece = try unsafe reader.next()
        guard piece.count > 0 else { return }
        unsafe out.append(contentsOf: piece)
    }
}
