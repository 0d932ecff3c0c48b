package import DerootBytes

/// A layer of an image: a raw tar stream and the way it is compressed.
package struct LayerFixture: Sendable {
    /// The tar stream.
    package var raw: [UInt8]
    /// The blob.
    package let blob: [UInt8]
    /// The media type's suffix as its family spells it.
    package let compression: Compression

    /// Compresses a tar stream.
    package init(raw: [UInt8], _ compression: Compression = .gzip) throws(DerootError) {
        self.raw = raw
        self.compression = compression
        blob = try Self.compressed(raw, compression)
    }

    /// A blob that some test has spoilt, with what its config says of it.
    package init(raw: [UInt8], blob: [UInt8], _ compression: Compression = .gzip) {
        self.raw = raw
        self.blob = blob
        self.compression = compression
    }

    /// Compresses a tar stream that a closure builds.
    package init(
        _ compression: Compression = .gzip, _ build: (inout TarBuilder) -> Void
    ) throws(DerootError) {
        var tar = TarBuilder()
        build(&tar)
        try self.init(raw: tar.ended, compression)
    }

    /// One gzip member, one zstd frame, or the bytes themselves.
    package static func compressed(
        _ raw: [UInt8], _ compression: Compression
    ) throws(DerootError) -> [UInt8] {
        let out = Output()
        var writer = unsafe BlobWriter(compression) { (bytes) throws(DerootError) in
            unsafe out.bytes.append(contentsOf: bytes)
        }
        try writer.write(raw)
        _ = try writer.finish()
        return out.bytes
    }

    /// The digest of the raw stream, as a config states it.
    package var diffID: Digest { Digest.of(raw) }
    /// The digest of the blob, as a manifest states it.
    package var digest: Digest { Digest.of(blob) }
}

private final class Output {
    var bytes: [UInt8] = []
}
