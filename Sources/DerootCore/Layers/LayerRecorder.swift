package import DerootBytes
package import DerootOCI
import DerootTar

/// Writes down what reading a layer gives, so that another run need not read it: the header groups
/// as they are, the bodies that were kept, and the blob's digests.
///
/// One zstd blob: header groups, bodies, the facts as JSON, their length in 8 bytes, and the SHA-256
/// of all that in hex. Whoever reads it parses the headers as if they came from the layer.
package final class LayerRecorder {
    /// Takes a record's bytes.
    package protocol Output: AnyObject {
        /// Adds bytes.
        func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError)
    }

    /// Raw bytes of a record at most; what is larger is read again each time.
    package static let most = 96 << 20

    /// Who takes the bytes.
    package let output: any Output
    private var writer: BlobWriter?
    private var hasher = DigestHasher()
    private var headerBytes = 0
    private var bytes = 0
    /// Where the next entry has to start, if there is nothing between the entries.
    private var next: UInt64 = 0
    private var isWhole = true

    /// Begins a record.
    package init(_ output: any Output) {
        self.output = output
        writer = unsafe BlobWriter(.zstd) { (bytes) throws(DerootError) in
            try unsafe output.write(bytes)
        }
    }

    /// Adds an entry's headers.
    func add(_ group: borrowing HeaderGroup) {
        // A stream with something between its entries cannot be told from its headers alone.
        guard isWhole, group.offset == next, !group.bytes.isEmpty else {
            isWhole = false
            return
        }
        next += UInt64(group.bytes.count) + (group.meaning.bodySize + 511) & ~511
        headerBytes += group.bytes.count
        write(group.bytes)
    }

    private func write(_ part: [UInt8]) {
        bytes += part.count
        guard isWhole, bytes <= Self.most else {
            isWhole = false
            return
        }
        hasher.update(part)
        do throws(DerootError) {
            try writer?.write(part)
        } catch { isWhole = false }
    }

    /// Ends the record; false where there is none, and what was written is of no use.
    package func finish(_ outcome: LayerPass.Outcome) -> Bool {
        var captured: [JSON] = []
        for (index, entry) in outcome.captured.sorted(by: { $0.key < $1.key }) {
            captured.append(.array([.number(index), .number(entry.body.count)]))
            write(entry.body)
        }
        var beginnings: [JSON] = []
        for (index, body) in outcome.beginnings.sorted(by: { $0.key < $1.key }) {
            beginnings.append(.array([.number(index), .number(body.count)]))
            write(body)
        }
        let facts = JSON.object([
            "version": .number(1), "entries": .number(outcome.listing.count),
            "headers": .number(headerBytes), "captured": .array(captured),
            "beginnings": .array(beginnings),
            "compression": .string(outcome.blob.compression.rawValue),
            "digest": .string(outcome.blob.digest.description),
            "size": .number(outcome.blob.size), "trailing": .number(outcome.blob.trailing),
            "diffID": .string(outcome.blob.diffID.description),
            "rawSize": .number(outcome.blob.rawSize),
        ]).serialized()
        write(facts)
        write((0..<8).map { UInt8(truncatingIfNeeded: facts.count >> (56 - 8 * $0)) })
        guard isWhole, var writer = writer.take() else { return false }
        do throws(DerootError) {
            try writer.write(Array(hasher.digest().hex.utf8))
            _ = try writer.finish()
            return true
        } catch { return false }
    }
}

extension LayerPass.Outcome {
    /// What a record says of a layer.
    ///
    /// - Throws: `.malformed` and `.mismatch` for what is no record, or one of another layer;
    ///   `.limit` where the layer's own pass would be refused.
    package init(
        record: consuming FileSlice, of layer: Descriptor, limits: Limits
    ) throws(DerootError) {
        let bytes = try RecordReading.raw(record)
        let reading = try RecordReading(bytes, limits)
        guard reading.blob.digest == layer.digest, reading.blob.size == layer.size else {
            throw DerootError(.mismatch, "the record is of another layer")
        }
        try self.init(reading, limits)
    }

    private init(_ record: RecordReading, _ limits: Limits) throws(DerootError) {
        var listing = LayerListing()
        var captured: [Int: CapturedEntry] = [:]
        var framer = TarFramer(limits: limits)
        let headers = record.bytes[..<record.headers]
        try unsafe headers.span.bytes.withUnsafeBytes { (buffer) throws(DerootError) in
            for start in stride(from: 0, to: buffer.count, by: 512) {
                let block = unsafe UnsafeRawBufferPointer(
                    rebasing: buffer[start..<min(start + 512, buffer.count)])
                try unsafe framer.feed(block) { (group) throws(DerootError) in
                    let index = listing.count
                    try listing.append(group)
                    if let body = record.captured[index] {
                        captured[index] = CapturedEntry(group: copy group, body: body)
                    }
                }
                let rest = record.blob.rawSize - min(framer.position, record.blob.rawSize)
                guard framer.skippable <= rest else {
                    throw DerootError(.malformed, "the record has a body that is not in the layer")
                }
                framer.skip(framer.skippable)
            }
        }
        guard listing.count == record.entries, captured.count == record.captured.count else {
            throw DerootError(.mismatch, "the record has other entries than it says")
        }
        self.init(
            listing: listing, blob: record.blob, changes: [], captured: captured,
            beginnings: record.beginnings)
    }
}

/// A record taken apart.
private struct RecordReading {
    let bytes: [UInt8]
    let headers: Int
    let entries: Int
    let blob: BlobPatcher.Result
    let captured: [Int: [UInt8]]
    let beginnings: [Int: [UInt8]]

    static func raw(_ file: consuming FileSlice) throws(DerootError) -> [UInt8] {
        var limits = Limits()
        limits.layerBytes = UInt64(LayerRecorder.most) + 64
        let reader = try unsafe BlobPatcher(source: file, sink: nil, limits: limits)
        var bytes: [UInt8] = []
        while case let piece = try unsafe reader.next(), piece.count > 0 {
            unsafe bytes.append(contentsOf: piece)
        }
        return bytes
    }

    init(_ bytes: [UInt8], _ limits: Limits) throws(DerootError) {
        let bad = DerootError(.malformed, "not a record of a layer")
        guard bytes.count > 72 else { throw bad }
        let end = bytes.count - 64
        guard Digest.of(Array(bytes[..<end])).hex.utf8.elementsEqual(bytes[end...]) else {
            throw DerootError(.mismatch, "the record is damaged")
        }
        let length = bytes[(end - 8)..<end].reduce(0) { $0 << 8 | Int($1) }
        guard length > 0, length <= end - 8 else { throw bad }
        let facts = try Document(parsing: Array(bytes[(end - 8 - length)..<(end - 8)])).root
        guard try facts.integer("version") == 1, let headers = try facts.integer("headers"),
            let entries = try facts.integer("entries"), let size = try facts.size("size"),
            let rawSize = try facts.size("rawSize"), rawSize <= limits.layerBytes,
            let compression = Compression(rawValue: try facts.text("compression") ?? ""),
            headers >= 0, headers <= Int64(end - 8 - length)
        else { throw bad }
        self.bytes = bytes
        self.headers = Int(headers)
        self.entries = Int(entries)
        blob = BlobPatcher.Result(
            compression: compression, digest: try Digest(parsing: try facts.text("digest") ?? ""),
            size: size, trailing: try facts.size("trailing") ?? 0,
            diffID: DiffID(try Digest(parsing: try facts.text("diffID") ?? "")), rawSize: rawSize)
        var position = self.headers
        func bodies(_ name: String) throws(DerootError) -> [Int: [UInt8]] {
            var out: [Int: [UInt8]] = [:]
            for pair in try facts.array(name) ?? [] {
                guard let pair = pair.array, pair.count == 2, let index = pair[0].integer,
                    let count = pair[1].integer, count >= 0, index >= 0,
                    count <= Int64(end - 8 - length - position)
                else { throw bad }
                out[Int(index)] = Array(bytes[position..<(position + Int(count))])
                position += Int(count)
            }
            return out
        }
        captured = try bodies("captured")
        beginnings = try bodies("beginnings")
    }
}
