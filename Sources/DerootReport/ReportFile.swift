package import DerootBytes

/// A file that a page is made of: a report, which is read whole, or a log, which is read by lines
/// since those of large mirrors have hundreds of megabytes.
package final class ReportFile {
    /// Bytes of a report at most: what JSON becomes in memory can take twenty times as many.
    static let wholeLimit: UInt64 = 256 << 20
    /// Bytes of a log at most: some of what each line says is kept.
    static let logLimit: UInt64 = 1 << 30
    /// Bytes of a line at most: a summary has about a kilobyte for each image that is missing.
    static let lineLimit = 128 << 20

    /// What messages call it.
    package let path: String
    private var file: FileSlice
    private let lineLimit: Int
    private let portion: Int
    /// What was read of the file and is not passed yet.
    private var held: [UInt8] = []
    /// Where in `held` the next line begins.
    private var start = 0
    private var isAtEnd = false

    /// Opens a file.
    ///
    /// - Throws: `.notFound`, `.io`, `.unsupported` for what is no regular file.
    package convenience init(_ path: String) throws(DerootError) {
        try self.init(path, lineLimit: Self.lineLimit, portion: 1 << 18)
    }

    init(_ path: String, lineLimit: Int, portion: Int) throws(DerootError) {
        file = try FileSlice(try File.reading(path))
        self.path = path
        self.lineLimit = lineLimit
        self.portion = portion
    }

    /// The next bytes, which stay the next ones; fewer than `count` where the file ends.
    package func beginning(_ count: Int) throws(DerootError) -> [UInt8] {
        while held.count - start < count, !isAtEnd { try fill() }
        return Array(held[start...].prefix(count))
    }

    /// The next line without its end; nil after the last.
    ///
    /// - Throws: `.limit` for one that is too long, with its length so far.
    func line() throws(DerootError) -> [UInt8]? {
        var searched = start
        while true {
            let end = held[searched...].firstIndex(of: 0x0A)
            searched = end ?? held.count
            guard searched - start <= lineLimit else {
                throw DerootError(.limit, "more than \(lineLimit) bytes")
            }
            if let end {
                defer { start = end + 1 }
                return Array(held[start..<end])
            }
            guard !isAtEnd else { break }
            searched -= start
            try fill()
        }
        guard start < held.count else { return nil }
        defer { start = held.count }
        return Array(held[start...])
    }

    /// All that follows.
    ///
    /// - Throws: `.limit` for a file of more than `wholeLimit` bytes.
    func whole() throws(DerootError) -> [UInt8] {
        guard file.count <= Self.wholeLimit else {
            throw DerootError(
                .limit, "a report of \(file.count) bytes, more than \(Self.wholeLimit)",
                at: .init(file: path), advice: "make reports of fewer images each")
        }
        while !isAtEnd { try fill() }
        return Array(held[start...])
    }

    /// Whether the file is too long for a log.
    ///
    /// - Throws: `.limit` where it is.
    func checkLog() throws(DerootError) {
        guard file.count <= Self.logLimit else {
            throw DerootError(
                .limit, "a log of \(file.count) bytes, more than \(Self.logLimit)",
                at: .init(file: path), advice: "make pages of fewer runs each")
        }
    }

    /// Reads a portion; what was passed is forgotten, so that the next line begins what is held.
    private func fill() throws(DerootError) {
        held.removeFirst(start)
        start = 0
        var bytes = [UInt8](repeating: 0, count: portion)
        var span = bytes.mutableSpan
        let got = try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
            try unsafe file.read(into: memory)
        }
        held += bytes[..<got]
        isAtEnd = got == 0
    }
}
