import DerootBytes

/// Bytes in memory handed out in pieces, each in memory of its own size, so that the address
/// sanitizer sees a read beyond a piece.
@safe
final class MemoryFeed {
    private let bytes: [UInt8]
    private let chunk: Int
    private var position = 0
    private var piece: Piece?

    init(_ bytes: [UInt8], chunk: Int) {
        self.bytes = bytes
        self.chunk = max(1, chunk)
    }

    /// The next piece; empty at the end.
    func next() -> UnsafeRawBufferPointer {
        let end = min(bytes.count, position + chunk)
        guard end > position else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
        let part = bytes[position..<end]
        position = end
        let fresh = Piece(part)
        piece = fresh
        return unsafe fresh.memory.part(0..<part.count)
    }
}

private final class Piece {
    let memory: HeapBuffer

    init(_ bytes: ArraySlice<UInt8>) {
        memory = HeapBuffer(count: bytes.count)
        unsafe memory.bytes.copyBytes(from: bytes)
    }
}

/// The raw bytes of a compressed blob.
final class BlobFeed {
    private let patcher: BlobPatcher

    init(_ blob: [UInt8]) throws(DerootError) {
        var limits = Limits()
        limits.layerBytes = 1 << 30
        patcher = try unsafe BlobPatcher(source: inFile(blob), sink: nil, limits: limits)
    }

    /// The next piece; empty at the end.
    func next() throws(DerootError) -> UnsafeRawBufferPointer { try unsafe patcher.next() }
}

/// Bytes as a file without a name, in memory where the machine has a place for that.
func inFile(_ bytes: [UInt8]) throws(DerootError) -> FileSlice {
    let file = try File.anonymous(in: Scratch.base)
    try file.write(bytes)
    return try FileSlice(file)
}

/// Where targets put files.
enum Scratch {
    /// A file system in memory, or /tmp.
    static let base =
        ((try? File.kind(of: "/dev/shm")) ?? nil) == .directory ? "/dev/shm" : "/tmp"
}
