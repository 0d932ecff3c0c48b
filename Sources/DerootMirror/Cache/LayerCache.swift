package import DerootBytes
package import DerootCore
package import DerootOCI
import DerootStore
import Glibc

/// What was learnt of layers, in a folder: records of what they hold, and their written forms.
///
/// Any number of processes may use one folder, on one machine or through a shared file system. Files
/// come by renaming and are never changed; each can go at any time, and what is damaged counts for
/// nothing. A form is verified by its digest whenever it is used, a record by the checksum in it.
package struct LayerCache: LayerStore {
    private let records: String
    private let forms: String
    private let size: CacheSize

    /// Uses a folder, and makes it where there is none; `bytes` bounds what is in it.
    ///
    /// - Throws: `.io`.
    package init(folder: String, bytes: UInt64) throws(DerootError) {
        records = "\(folder)/records"
        // Other versions of the tool or of a compressor may write the same changes otherwise.
        let writer = "\(MirrorRecipe.rewriteFormat) \(Version.text) \(CompressorVersions.text)"
        forms = "\(folder)/forms-\(Digest.of(Array(writer.utf8)).hex.prefix(16))"
        size = CacheSize(folder: folder, most: bytes)
        for path in [folder, records, forms] {
            _ = try Directory.ensure(path, permissions: 0o700)
        }
    }

    private func recordPath(_ layer: Digest) -> String {
        "\(records)/\(layer.algorithm.rawValue)-\(layer.hex)"
    }

    private func formPath(_ layer: Digest, _ changes: Digest) -> String {
        let both = Digest.of(Array("\(layer) \(changes)".utf8))
        return "\(forms)/\(layer.hex.prefix(40))-\(both.hex.prefix(40))"
    }

    package func hasRecord(of layer: Digest) -> Bool {
        (try? File.kind(of: recordPath(layer))) == .regular
    }

    package func record(of layer: Descriptor, limits: Limits) -> LayerPass.Outcome? {
        let path = recordPath(layer.digest)
        do throws(DerootError) {
            let file = try FileSlice(File.reading(path))
            let outcome = try LayerPass.Outcome(record: file, of: layer, limits: limits)
            CacheSize.touch(path)
            return outcome
        } catch {
            // What breaks a limit of today is no damage.
            if ![.notFound, .io, .limit].contains(error.code) { _ = try? File.remove(path) }
            return nil
        }
    }

    package func recorder(of layer: Digest) -> LayerRecorder? {
        guard let file = try? CacheFile(beside: recordPath(layer)) else { return nil }
        return LayerRecorder(file)
    }

    package func keep(
        _ recorder: LayerRecorder, of layer: Digest, _ outcome: LayerPass.Outcome
    ) {
        guard recorder.finish(outcome), let file = recorder.output as? CacheFile else { return }
        file.keep(as: recordPath(layer))
        size.added(file.written)
    }

    package func hasForm(of layer: Digest) -> Bool {
        // Asked before a layer is read: a record of it would have been found, and forms come with it.
        false
    }

    package func form(of layer: Digest, changes: Digest) -> LayerForm? {
        let path = formPath(layer, changes)
        do throws(DerootError) {
            guard try File.kind(of: path) == .regular else { return nil }
            var file = try FileSlice(File.reading(path))
            let buffer = HeapBuffer(count: 1 << 16)
            let count = try unsafe file.read(into: buffer.bytes)
            let object = try Document(parsing: unsafe Array(buffer.part(0..<count))).root
            guard let size = try object.size("size"),
                let compression = Compression(rawValue: try object.text("compression") ?? "")
            else { return nil }
            let layer = WrittenLayer(
                digest: try Digest(parsing: try object.text("digest") ?? ""), size: size,
                diffID: DiffID(try Digest(parsing: try object.text("diffID") ?? "")),
                compression: compression)
            let blob = path + ".blob"
            guard try File.kind(of: blob) == .regular else { return nil }
            CacheSize.touch(path)
            CacheSize.touch(blob)
            return LayerForm(layer: layer, place: .file(blob))
        } catch { return nil }
    }

    package func keep(_ form: LayerForm, of layer: Digest, changes: Digest) {
        guard case .staged(let staged) = form.place, form.layer.size <= size.most / 4 else {
            return
        }
        let path = formPath(layer, changes)
        do throws(DerootError) {
            let blob = try CacheFile(beside: path + ".blob")
            let buffer = HeapBuffer(count: 1 << 18)
            var contents = try staged.contents()
            while case let count = try unsafe contents.read(into: buffer.bytes), count > 0 {
                try unsafe blob.write(buffer.part(0..<count))
            }
            let facts = try CacheFile(beside: path)
            let json = JSON.object([
                "digest": .string(form.layer.digest.description), "size": .number(form.layer.size),
                "diffID": .string(form.layer.diffID.description),
                "compression": .string(form.layer.compression.rawValue),
            ])
            try facts.write(json.serialized())
            // The facts last: where they are, the blob is.
            blob.keep(as: path + ".blob")
            facts.keep(as: path)
            size.added(blob.written + facts.written)
        } catch {
            // A full disk, for example: the run does without.
        }
    }
}

/// A new file of the cache, which is gone unless it is kept.
final class CacheFile: LayerRecorder.Output {
    private let file: File
    private let path: String
    private var isKept = false
    private(set) var written: UInt64 = 0

    init(beside path: String) throws(DerootError) {
        self.path = "\(path).new-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        file = try File.creating(self.path)
    }

    deinit { if !isKept { _ = try? File.remove(path) } }

    func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        try unsafe file.write(bytes)
        written += UInt64(bytes.count)
    }

    func write(_ bytes: [UInt8]) throws(DerootError) {
        try file.write(bytes)
        written += UInt64(bytes.count)
    }

    /// Gives the file its name; readers see all of it or nothing.
    func keep(as name: String) {
        isKept = (try? File.rename(path, to: name)) != nil
    }
}
