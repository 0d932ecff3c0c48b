import DerootBytes
import DerootOCI

extension Staging {
    /// Copies a source's blob in, its size and digest compared on the way.
    func copy(
        _ blob: consuming FileSlice, descriptor: Descriptor
    ) throws(DerootError) {
        guard kept[descriptor.digest] == nil else { return }
        let place = DerootError.Location(file: blob.path, blob: descriptor.digest)
        guard blob.count == descriptor.size else {
            throw DerootError(
                .mismatch,
                "the blob has \(blob.count) bytes, its descriptor says \(descriptor.size)",
                at: place)
        }
        let staged = try stage()
        var hasher = DigestHasher(descriptor.digest.algorithm)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var span = buffer.mutableSpan
        try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
            while case let count = try unsafe blob.read(into: memory), count > 0 {
                let bytes = unsafe UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(memory)[..<count])
                unsafe hasher.update(bytes)
                try unsafe staged.write(bytes)
            }
        }
        let found = hasher.digest()
        guard found == descriptor.digest else {
            throw DerootError(.mismatch, "the content has the digest \(found)", at: place)
        }
        try keep(staged, digest: found, size: descriptor.size)
    }

    /// Takes a document in.
    func put(
        _ document: [UInt8], algorithm: Digest.Algorithm
    ) throws(DerootError) -> Digest {
        let digest = Digest.of(document, algorithm: algorithm)
        guard kept[digest] == nil else { return digest }
        let staged = try stage()
        try staged.write(document)
        try keep(staged, digest: digest, size: UInt64(document.count))
        return digest
    }

    /// Writes a file that is no blob into the folder, with its final permissions; `syncFiles` makes it
    /// lasting.
    func write(_ bytes: [UInt8], as name: String) throws(DerootError) -> String {
        let staged = try stage()
        try staged.write(bytes)
        try staged.finish(size: UInt64(bytes.count), permissions: filePermissions)
        let target = "\(path)/\(name)"
        try File.rename(staged.path, to: target)
        try noteUnsynced(staged)
        return target
    }
}
