import DerootBytes

/// Blobs that are changed on the way through.
enum SpliceTarget {
    /// The first byte says how the rest becomes a blob, the next seven where the edits go.
    ///
    /// What comes out must decompress to the edited raw bytes.
    static func run(_ bytes: [UInt8]) {
        guard bytes.count > 8 else { return }
        let body = Array(bytes.dropFirst(8))
        let blob: [UInt8]
        switch bytes[0] & 3 {
        case 0: blob = body
        case 1: blob = compressed(body, .gzip)
        case 2: blob = compressed(body, .zstd)
        default: blob = compressed(Array(body.prefix(body.count / 2)), .gzip) + body
        }
        guard let (raw, _) = passed(blob, edits: []) else { return }
        let edits = edits(bytes[1..<8], size: raw.count)
        guard let (again, written) = passed(blob, edits: edits) else {
            demand(false, "a blob that can be read cannot be patched")
            return
        }
        demand(again == raw, "patching changes what is read")
        guard !edits.isEmpty else {
            demand(written.isEmpty, "something was written without an edit")
            return
        }
        guard let (result, _) = passed(written, edits: []) else {
            demand(false, "what was written cannot be read")
            return
        }
        demand(result == applying(edits, to: raw), "what was written is not the edited stream")
    }

    private static let limits = {
        var limits = Limits()
        limits.layerBytes = 4 << 20
        return limits
    }()

    private final class Sink {
        var bytes: [UInt8] = []
    }

    /// The raw bytes and what was written; nil where the blob is refused.
    private static func passed(_ blob: [UInt8], edits: [Edit]) -> (raw: [UInt8], out: [UInt8])? {
        let sink = Sink()
        var raw: [UInt8] = []
        do throws(DerootError) {
            let take: ByteSink = { (bytes) throws(DerootError) in
                unsafe sink.bytes.append(contentsOf: bytes)
            }
            let patcher = try unsafe BlobPatcher(
                source: inFile(blob), sink: edits.isEmpty ? nil : take, limits: limits)
            for edit in edits { try patcher.add(edit) }
            try patcher.decide(upTo: .max)
            while case let piece = try unsafe patcher.next(), piece.count > 0 {
                unsafe raw.append(contentsOf: piece)
            }
            _ = try patcher.finish()
        } catch { return nil }
        return (raw, sink.bytes)
    }

    private static func compressed(_ raw: [UInt8], _ compression: Compression) -> [UInt8] {
        let sink = Sink()
        do throws(DerootError) {
            var writer = unsafe BlobWriter(compression) { (bytes) throws(DerootError) in
                unsafe sink.bytes.append(contentsOf: bytes)
            }
            try writer.write(raw)
            _ = try writer.finish()
        } catch {
            demand(false, "compressing failed: \(error)")
        }
        return sink.bytes
    }

    /// Up to six edits, spread by the control bytes.
    private static func edits(_ control: ArraySlice<UInt8>, size: Int) -> [Edit] {
        var edits: [Edit] = []
        var position = 0
        for byte in control where byte != 0 {
            let offset = position + (size - position) * Int(byte & 15) / 16
            let delete = min(size - offset, Int(byte >> 6) * 9)
            let insert = [UInt8](repeating: byte, count: Int(byte >> 4 & 3) * 5)
            guard delete > 0 || !insert.isEmpty else { continue }
            edits.append(Edit(offset: UInt64(offset), delete: delete, insert: insert))
            position = offset + delete
        }
        return edits
    }

    private static func applying(_ edits: [Edit], to bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var position = 0
        for edit in edits {
            out += bytes[position..<Int(edit.offset)]
            out += edit.insert
            position = Int(edit.end)
        }
        return out + bytes[position...]
    }
}
