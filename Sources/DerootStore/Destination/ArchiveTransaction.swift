import DerootBytes
import DerootOCI
import DerootTar

/// One result on its way into a tar file.
final class ArchiveTransaction: DestinationTransaction {
    private let reference: LocalReference
    private let limits: Limits
    private let staging: Staging
    private let pending = PendingBlobs()
    /// The file to be made or replaced; nil for standard output.
    private let target: String?

    init(_ reference: LocalReference, limits: Limits) throws(DerootError) {
        self.reference = reference
        self.limits = limits
        guard !reference.isStandardStream else {
            target = nil
            staging = try Staging(
                in: temporaryDirectory(), prefix: ".deroot-", isLasting: false)
            return
        }
        var path = reference.path
        switch try File.kind(of: path) {
        // A link stays a link: what it leads to is replaced.
        case .regular?: path = try File.resolved(path)
        case nil where try File.kind(of: path, followingLinks: false) == nil: break
        default:
            throw DerootError(
                .unsupported, "something that is not a regular file is in the archive's place",
                advice: "choose another path, or '-' for standard output")
        }
        let place = try DestinationPlace(path)
        target = path
        // What lasts is the archive.
        staging = try Staging(in: place.parent, prefix: place.stagingPrefix, isLasting: false)
    }

    func contains(_ digest: Digest) -> Bool {
        pending.contains(digest) || staging.kept[digest] != nil
    }

    func stage() throws(DerootError) -> StagedBlob { try staging.stage() }

    func keep(_ staged: StagedBlob, digest: Digest, size: UInt64) throws(DerootError) {
        try staging.keep(staged, digest: digest, size: size)
    }

    func copy(_ blob: consuming FileSlice, descriptor: Descriptor) throws(DerootError) {
        guard staging.kept[descriptor.digest] == nil else { return }
        guard try !pending.add(blob, descriptor) else { return }
        try staging.copy(blob, descriptor: descriptor)
    }

    func put(_ document: [UInt8], algorithm: Digest.Algorithm) throws(DerootError) -> Digest {
        try staging.put(document, algorithm: algorithm)
    }

    func abort() {
        staging.discard()
        pending.removeAll()
    }

    func commit(root: Descriptor, name: String?) throws(DerootError) {
        defer { abort() }
        do throws(DerootError) {
            let closure = try Closure(root: root, limits: limits) { (digest) throws(DerootError) in
                try self.open(digest)
            }
            var contents = ArchiveContents(closure: closure)
            switch reference.transport {
            case .dockerArchive:
                try contents.addDockerDocuments(
                    root: root, asked: reference.selectedName, carried: name)
            case .oci, .ociArchive:
                contents.addIndex(root.entry(asked: reference.selectedName, carried: name))
            }
            try write(contents)
        } catch { throw error.located(in: .init(file: reference.description)) }
    }

    private func open(_ digest: Digest) throws(DerootError) -> FileSlice {
        if staging.kept[digest] != nil {
            return try FileSlice(File.reading(staging.location(of: digest)))
        }
        guard let slice = try pending.open(digest) else {
            throw DerootError(.notFound, "the blob belongs to the result and was not brought")
        }
        return slice
    }

    private func write(_ contents: ArchiveContents) throws(DerootError) {
        guard let target else {
            let out = try File.standardOutput.duplicate()
            try unsafe write(contents) { (bytes) throws(DerootError) in try unsafe out.write(bytes)
            }
            return
        }
        let archive = try StagedBlob("\(staging.path)/archive", isLasting: true)
        try unsafe write(contents) { (bytes) throws(DerootError) in
            try unsafe archive.write(bytes)
        }
        try archive.finish(size: archive.size, permissions: staging.filePermissions)
        try archive.sync()
        try File.rename(archive.path, to: target)
        try Directory.sync(try DestinationPlace(target).parent)
    }

    private func write(
        _ contents: ArchiveContents, to sink: @escaping ByteSink
    ) throws(DerootError) {
        var writer = try unsafe TarWriter(sink: sink)
        for member in contents.members {
            try writer.begin(member.entry)
            switch member.content {
            case .none: break
            case .bytes(let bytes): try writer.write(bytes)
            case .blob(let digest):
                try writer.write(open(digest), expecting: digest)
            }
        }
        try writer.finish()
    }
}

extension TarWriter {
    /// Writes a slice as the current entry's body.
    fileprivate mutating func write(
        _ slice: consuming FileSlice, expecting digest: Digest
    ) throws(DerootError) {
        var hasher = DigestHasher(digest.algorithm)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var span = buffer.mutableSpan
        try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
            while case let count = try unsafe slice.read(into: memory), count > 0 {
                let bytes = unsafe UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(memory)[..<count])
                unsafe hasher.update(bytes)
                try unsafe write(bytes)
            }
        }
        guard hasher.digest() == digest else {
            throw DerootError(
                .mismatch, "the blob has changed while the archive was made",
                at: .init(file: slice.path, blob: digest))
        }
    }
}
