extension BlobPatcher {
    /// What one pass over a blob has established.
    package struct Result: Sendable, Hashable {
        /// How the blob is compressed (by its magic bytes).
        package var compression: Compression
        /// The digest of the blob as it was read, to the very last byte.
        package var digest: Digest
        /// Its size in bytes.
        package var size: UInt64
        /// How many bytes follow the last gzip member; they are carried (hostile input B05).
        package var trailing: UInt64
        /// The digest of the raw stream as it was read.
        package var diffID: DiffID
        /// Its size in bytes.
        package var rawSize: UInt64
        /// What was written; nil where there was no sink or no edit: nothing went to the sink.
        package var written: Written?

        /// What is known of a blob from an earlier pass.
        package init(
            compression: Compression, digest: Digest, size: UInt64, trailing: UInt64,
            diffID: DiffID, rawSize: UInt64, written: Written? = nil
        ) {
            self.compression = compression
            self.digest = digest
            self.size = size
            self.trailing = trailing
            self.diffID = diffID
            self.rawSize = rawSize
            self.written = written
        }
    }

    /// What was written.
    package struct Written: Sendable, Hashable {
        /// The digest of the new blob.
        package var digest: Digest
        /// Its size in bytes.
        package var size: UInt64
        /// The digest of the new raw stream.
        package var diffID: DiffID
        /// Its size in bytes.
        package var rawSize: UInt64
    }
}

extension BlobPatcher.Result {
    /// Compares the blob with the digest that it was asked for by.
    ///
    /// - Throws: `.mismatch`.
    package func requireDigest(_ wanted: Digest) throws(DerootError) {
        guard digest == wanted else {
            throw DerootError(.mismatch, "the content has the digest \(digest)")
        }
    }
}
