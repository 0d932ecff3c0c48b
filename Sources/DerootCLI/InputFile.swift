import DerootBytes

/// Files that are read whole: plans.
enum InputFile {
    /// Reads a file.
    ///
    /// - Throws: `.notFound`, `.io`, and `.limit` above `limit` bytes.
    static func read(_ path: String, atMost limit: UInt64) throws(DerootError) -> [UInt8] {
        var file = try FileSlice(try File.reading(path))
        guard file.count <= limit else {
            throw DerootError(
                .limit, "the file has \(file.count) bytes, more than \(limit)",
                at: .init(file: path))
        }
        var bytes = [UInt8](repeating: 0, count: Int(file.count))
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
}
