package import DerootBytes

/// A directory of a test's own, gone with it.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws(DerootError) {
        path = "/tmp/deroot-test-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        try Directory.create(path, permissions: 0o700)
    }

    deinit { try? Directory.removeTree(path) }

    /// The full path of a name.
    package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, replacing it, and creates the directories on its way.
    package func write(_ name: String, _ bytes: [UInt8]) throws(DerootError) {
        var made = ""
        for part in name.split(separator: "/").dropLast() {
            made += made.isEmpty ? String(part) : "/\(part)"
            _ = try Directory.ensure(self(made))
        }
        try File.remove(self(name))
        try File.creating(self(name), permissions: 0o644).write(bytes)
    }

    /// A file's bytes.
    package func read(_ name: String) throws(DerootError) -> [UInt8] {
        try fileBytes(self(name))
    }

    /// Every file below a name, by its path, with its bytes; directories end with a slash.
    package func snapshot(_ name: String = ".") throws(DerootError) -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        guard try File.kind(of: self(name)) == .directory else { return found }
        for child in try Directory.names(in: self(name)) {
            let full = "\(name)/\(child)"
            if try File.kind(of: self(full), followingLinks: false) == .directory {
                found["\(full)/"] = []
                for (path, bytes) in try snapshot(full) { found[path] = bytes }
            } else {
                found[full] = try read(full)
            }
        }
        return found
    }
}

/// A file's bytes.
package func fileBytes(_ path: String) throws(DerootError) -> [UInt8] {
    var file = try FileSlice(File.reading(path))
    var bytes = [UInt8](repeating: 0, count: Int(clamping: file.count))
    var filled = 0
    var span = bytes.mutableSpan
    try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
        while filled < memory.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
            filled += try unsafe file.read(into: rest)
        }
    }
    return bytes
}
