/// Follows a `BlobPatcher` through its source and writes the edited blob.
@safe
struct BlobRewriter: ~Copyable {
    private var reader: BlobReader
    private var edits: [Edit] = []
    private var nextEdit = 0
    private var chunk: UnsafeRawBufferPointer
    private var position: UInt64 = 0
    private var deletedUpTo: UInt64 = 0
    private var gzip: GzipEncoder?
    private var zstd: ZstdEncoder?
    private let output: Output
    private var ignored = DigestHasher()
    private var rawHasher: DigestHasher

    /// The sink, counted and hashed.
    @safe
    private final class Output {
        var hasher: DigestHasher
        let sink: ByteSink
        init(_ sink: @escaping ByteSink, _ algorithm: Digest.Algorithm) {
            unsafe self.sink = sink
            hasher = DigestHasher(algorithm)
        }
        func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
            unsafe hasher.update(bytes)
            try unsafe sink(bytes)
        }
    }

    init(
        _ source: borrowing FileSlice, sink: @escaping ByteSink, limits: Limits,
        digest: Digest.Algorithm, diffID: Digest.Algorithm
    ) throws(DerootError) {
        reader = try BlobReader(source, limits: limits)
        unsafe chunk = UnsafeRawBufferPointer(start: nil, count: 0)
        gzip = reader.compression == .gzip ? GzipEncoder() : nil
        zstd = reader.compression == .zstd ? ZstdEncoder() : nil
        output = unsafe Output(sink, digest)
        rawHasher = DigestHasher(diffID)
    }

    mutating func add(_ edit: Edit) { edits.append(edit) }

    /// Writes everything before `decided`.
    mutating func advance(
        upTo decided: UInt64, in source: borrowing FileSlice
    ) throws(DerootError) {
        while position < decided {
            if unsafe chunk.isEmpty {
                unsafe chunk = try reader.next(from: source, hashing: &ignored)
                if unsafe chunk.isEmpty { return }
            }
            try insertHere()
            var count = unsafe min(UInt64(chunk.count), decided - position)
            if nextEdit < edits.count { count = min(count, edits[nextEdit].offset - position) }
            if position < deletedUpTo {
                count = min(count, deletedUpTo - position)
            } else {
                try unsafe encode(UnsafeRawBufferPointer(rebasing: chunk[..<Int(count)]))
            }
            unsafe chunk = UnsafeRawBufferPointer(rebasing: chunk[Int(count)...])
            position += count
        }
    }

    /// Writes the rest and the bytes after the compressed stream.
    mutating func finish(_ source: borrowing FileSlice) throws(DerootError) -> BlobPatcher.Written {
        try advance(upTo: .max, in: source)
        try insertHere()
        guard nextEdit == edits.count, deletedUpTo <= position else {
            throw DerootError(
                .malformed, "an edit lies behind the end of the layer's \(position) bytes")
        }
        let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        try unsafe gzip?.encode(none, isLast: true, sink: output.write)
        try unsafe zstd?.encode(none, isLast: true, sink: output.write)
        if reader.trailing > 0 {
            let buffer = HeapBuffer(count: 1 << 16)
            var place = source.count - reader.trailing
            while place < source.count {
                let got = try unsafe source.read(into: buffer.bytes, at: place)
                try unsafe output.write(buffer.part(0..<got))
                place += UInt64(got)
            }
        }
        return BlobPatcher.Written(
            digest: output.hasher.digest(), size: output.hasher.count,
            diffID: DiffID(rawHasher.digest()), rawSize: rawHasher.count)
    }

    private mutating func insertHere() throws(DerootError) {
        while nextEdit < edits.count, edits[nextEdit].offset == position {
            let edit = edits[nextEdit]
            nextEdit += 1
            deletedUpTo = edit.end
            try unsafe edit.insert.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
                try unsafe encode(bytes)
            }
        }
    }

    private mutating func encode(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        guard bytes.count > 0 else { return }
        unsafe rawHasher.update(bytes)
        if reader.compression == .none { return try unsafe output.write(bytes) }
        try unsafe gzip?.encode(bytes, isLast: false, sink: output.write)
        try unsafe zstd?.encode(bytes, isLast: false, sink: output.write)
    }
}
