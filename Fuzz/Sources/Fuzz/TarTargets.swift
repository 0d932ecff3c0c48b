import DerootBytes
import DerootTar
import Glibc

/// Tar streams and what is inside their headers.
enum TarTargets {
    private static let limits = {
        var limits = Limits()
        limits.entries = 10_000
        return limits
    }()

    /// Raw bytes as a layer's tar stream: the walk must say the same whatever the pieces' sizes, and
    /// what our framing refuses may not come out of the walk.
    ///
    /// Headers get right checksums first, since no fuzzer guesses them; the first byte says whether.
    static func stream(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        var stream = Array(bytes.dropFirst())
        if first & 1 == 0 { seal(&stream) }
        let whole = outcome(stream, chunk: max(1, stream.count))
        for chunk in [512, 333, 1 + Int(first >> 1) * 7] {
            let other = outcome(stream, chunk: chunk)
            // Of two faults the one that is met first is named, and that depends on the pieces.
            if case .refused = whole, case .refused = other { continue }
            demand(whole == other, "pieces of \(chunk): \(other), not \(whole)")
        }
        guard case .entries = whole else { return }
        var offsets: [UInt64] = []
        var framer = TarFramer(limits: limits)
        do throws(DerootError) {
            try unsafe stream.span.bytes.withUnsafeBytes { (buffer) throws(DerootError) in
                try unsafe framer.feed(buffer) { (group) throws(DerootError) in
                    offsets.append(group.offset)
                }
            }
            try framer.finish()
        } catch {
            demand(false, "the walk takes what the framing refuses: \(error)")
        }
        demand(Set(offsets).count == offsets.count, "two entries at one place")
    }

    /// The entries of a layer, compressed or not, as lines for a comparison with other readers:
    /// type, size, mode, ids, and the bytes of name and link in hexadecimal.
    static func list(_ bytes: [UInt8]) {
        var lines: [String] = []
        do throws(DerootError) {
            let feed = try BlobFeed(bytes)
            try unsafe TarWalk.run(
                limits: Limits(), pull: { () throws(DerootError) in try unsafe feed.next() },
                found: { (group) throws(DerootError) in
                    let meaning = group.meaning
                    lines.append(
                        "entry \(meaning.typeflag) \(meaning.size) \(meaning.mode) \(meaning.uid) "
                            + "\(meaning.gid) \(hexadecimal(meaning.name)) "
                            + "-\(hexadecimal(meaning.link))")
                })
            lines.append("end \(lines.count)")
        } catch {
            lines.append("refused \(error.code)")
        }
        print(lines.joined(separator: "\n"))
    }

    /// Records that are read must come out again, and be read the same once more.
    static func paxRecords(_ bytes: [UInt8]) {
        let records: [PaxRecord]
        do throws(DerootError) {
            records = try PaxRecords.parse(bytes[...])
        } catch { return }
        let encoded = PaxRecords.encode(records)
        do throws(DerootError) {
            demand(try PaxRecords.parse(encoded[...]) == records, "records change on their way")
        } catch {
            demand(false, "records that we wrote are refused: \(error)")
        }
    }

    private enum Outcome: Equatable {
        case entries([Entry])
        case refused(DerootError.Code)
    }

    private struct Entry: Equatable {
        let offset: UInt64
        let name: [UInt8]
        let link: [UInt8]
        let mode: UInt16
        let size: UInt64
    }

    private static func outcome(_ bytes: [UInt8], chunk: Int) -> Outcome {
        let feed = MemoryFeed(bytes, chunk: chunk)
        var entries: [Entry] = []
        do throws(DerootError) {
            try unsafe TarWalk.run(
                limits: limits, pull: { () throws(DerootError) in unsafe feed.next() },
                found: { (group) throws(DerootError) in
                    let meaning = group.meaning
                    entries.append(
                        Entry(
                            offset: group.offset, name: meaning.name, link: meaning.link,
                            mode: meaning.mode, size: meaning.size))
                })
        } catch {
            return .refused(error.code)
        }
        return .entries(entries)
    }

    /// Puts right checksums into whatever stands where headers are.
    private static func seal(_ bytes: inout [UInt8]) {
        var position = 0
        while position + 512 <= bytes.count {
            let header = bytes[position..<(position + 512)]
            guard header.contains(where: { $0 != 0 }) else {
                position += 512
                continue
            }
            let sum = TarNumber.checksums(Array(header)[...]).unsigned
            let digits = Array(String(max(0, sum), radix: 8).utf8)
            let zeros = [UInt8](repeating: 0x30, count: max(0, 6 - digits.count))
            let field = (position + 148)..<(position + 156)
            bytes.replaceSubrange(field, with: zeros + digits.suffix(6) + [0, 0x20])
            let size = TarNumber.parse(bytes[(position + 124)..<(position + 136)]) ?? 0
            let body = size > 0 && size < 1 << 40 ? (Int(size) + 511) / 512 * 512 : 0
            position += 512 + body
        }
    }
}
