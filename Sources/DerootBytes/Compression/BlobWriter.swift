/// Compresses a new raw stream into a sink and knows the digests of both.
///
/// For what has no original to keep blocks of: the added layer, and layers that change their
/// compression. The same bytes in give the same bytes out.
package struct BlobWriter: ~Copyable {
    private let compression: Compression
    private var gzip: GzipEncoder?
    private var zstd: ZstdEncoder?
    private let output: BlobOutput
    private let lane: DigestLane
    private let raw: DigestLane.Slot
    private var rawSize: UInt64 = 0

    /// Starts a blob.
    ///
    /// - Parameters:
    ///   - compression: What the blob becomes.
    ///   - sink: Takes the blob's bytes.
    package init(_ compression: Compression, sink: @escaping ByteSink) {
        self.compression = compression
        gzip = compression == .gzip ? GzipEncoder() : nil
        zstd = compression == .zstd ? ZstdEncoder() : nil
        lane = DigestLane()
        raw = lane.open(.sha256)
        output = unsafe BlobOutput(sink, on: lane)
    }

    /// Adds raw bytes.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        guard bytes.count > 0 else { return }
        unsafe lane.update(raw, with: bytes)
        rawSize += UInt64(bytes.count)
        try unsafe encode(bytes, isLast: false)
    }

    /// Adds raw bytes.
    package mutating func write(_ bytes: [UInt8]) throws(DerootError) {
        try unsafe bytes.span.bytes.withUnsafeBytes { (buffer) throws(DerootError) in
            try unsafe write(buffer)
        }
    }

    /// Ends the blob and says what it is.
    package consuming func finish() throws(DerootError) -> BlobPatcher.Written {
        try unsafe encode(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
        let (size, digest) = output.sum
        return BlobPatcher.Written(
            digest: digest, size: size,
            diffID: DiffID(lane.digest(raw)), rawSize: rawSize)
    }

    private mutating func encode(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool
    ) throws(DerootError) {
        switch compression {
        case .none: if bytes.count > 0 { try unsafe output.write(bytes) }
        case .gzip: try unsafe gzip?.encode(bytes, isLast: isLast, into: output)
        case .zstd: try unsafe zstd?.encode(bytes, isLast: isLast, into: output)
        }
    }
}
