import DerootBytes
import DerootTar

/// Copies the files of a layer whose headers change, whole, for `--layers append`.
///
/// Headers are patched as raw bytes and bodies copied as they stand, so that nothing is lost that
/// libarchive's writer would not know.
struct AppendedFiles {
    let limits: Limits
    /// The changes by entry.
    let changes: [Int: HeaderChange]

    /// Reads a layer and hands out the entries that change, in their order.
    ///
    /// - Throws: `.mismatch` where the layer has another digest than `digest`.
    func copy(
        from blob: consuming FileSlice, digest: Digest, to sink: @escaping ByteSink
    ) throws(DerootError) {
        let patcher = try unsafe BlobPatcher(
            source: blob, sink: nil, limits: limits, digestAlgorithm: digest.algorithm)
        let copying = unsafe Copying(changes: changes, sink: sink)
        var framer = TarFramer(limits: limits)
        while true {
            try Interruption.check()
            let piece = try unsafe patcher.next()
            guard piece.count > 0 else { break }
            try unsafe copying.take(piece, framer: &framer)
        }
        try framer.finish()
        try patcher.finish().requireDigest(digest)
    }
}

@safe
private final class Copying {
    private let changes: [Int: HeaderChange]
    private let sink: ByteSink
    private var index = 0
    /// The body that is being copied, padding included, as a range of the raw stream.
    private var body: Range<UInt64> = 0..<0

    init(changes: [Int: HeaderChange], sink: @escaping ByteSink) {
        self.changes = changes
        unsafe self.sink = sink
    }

    func take(_ piece: UnsafeRawBufferPointer, framer: inout TarFramer) throws(DerootError) {
        let start = framer.position
        try unsafe framer.feed(piece) { (group) throws(DerootError) in
            try unsafe copyBody(from: piece, at: start)
            body = 0..<0
            if let change = changes[index] {
                let header = group.bytes(applying: change)
                try unsafe header.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
                    try unsafe sink(bytes)
                }
                let from = group.offset + UInt64(group.bytes.count)
                body = from..<(from + (group.meaning.bodySize + 511) & ~511)
            }
            index += 1
        }
        try unsafe copyBody(from: piece, at: start)
    }

    private func copyBody(
        from piece: UnsafeRawBufferPointer, at start: UInt64
    ) throws(DerootError) {
        let end = start + UInt64(piece.count)
        let from = max(body.lowerBound, start)
        let to = min(body.upperBound, end)
        guard from < to else { return }
        let part = unsafe UnsafeRawBufferPointer(
            rebasing: piece[Int(from - start)..<Int(to - start)])
        try unsafe sink(part)
        body = to..<max(to, body.upperBound)
    }
}
