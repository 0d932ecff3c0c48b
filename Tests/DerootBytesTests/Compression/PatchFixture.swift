import Glibc

@testable import DerootBytes

/// A generator of random numbers that gives the same row for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A file that goes with the test.
struct ScratchFile: ~Copyable {
    let path: String

    init(_ bytes: [UInt8]) throws {
        var template = Array("/tmp/deroot-test-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        precondition(descriptor >= 0)
        close(descriptor)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        unsafe unlink(path)
        try File.creating(path).write(bytes)
    }

    deinit { unsafe unlink(path) }
}

/// When a test says what it has decided.
enum Decision: Sendable {
    /// Edits and the promise before the first byte is read.
    case first
    /// Each edit when the byte at its offset has been seen, then the promise.
    case late
    /// At random moments.
    case random(UInt64)
}

/// What a pass gave.
struct Patched {
    var result: BlobPatcher.Result
    var raw: [UInt8] = []
    var written: [UInt8] = []
}

/// Sends a blob with edits through a patcher.
func patch(
    _ blob: [UInt8], _ edits: [Edit] = [], decision: Decision = .late, limits: Limits = Limits(),
    scanOnly: Bool = false, sizes: BufferSizes = BufferSizes()
) throws(any Error) -> Patched {
    let file = try ScratchFile(blob)
    var raw: [UInt8] = []
    final class Sink { var bytes: [UInt8] = [] }
    let sink = Sink()
    let take: ByteSink = { bytes in unsafe sink.bytes.append(contentsOf: bytes) }
    let patcher = try unsafe BlobPatcher(
        source: FileSlice(File.reading(file.path)), sink: scanOnly ? nil : take, limits: limits,
        sizes: sizes)
    var waiting = edits[...]
    var generator = SeededGenerator(1)
    if case .random(let seed) = decision { generator = SeededGenerator(seed) }
    if case .first = decision {
        for edit in edits { try patcher.add(edit) }
        try patcher.decide(upTo: .max)
        waiting = []
    }
    while true {
        let chunk = try unsafe patcher.next()
        if unsafe chunk.isEmpty { break }
        unsafe raw.append(contentsOf: chunk)
        let seen = UInt64(raw.count)
        if case .first = decision { continue }
        while let edit = waiting.first, edit.offset < seen {
            if case .random = decision, Bool.random(using: &generator) {
                try patcher.decide(upTo: edit.offset)
            }
            try patcher.add(edit)
            waiting.removeFirst()
        }
        if case .random = decision, Bool.random(using: &generator) { continue }
        try patcher.decide(upTo: min(seen, waiting.first?.offset ?? seen))
    }
    for edit in waiting { try patcher.add(edit) }
    let result = try patcher.finish()
    return Patched(result: result, raw: raw, written: sink.bytes)
}

/// Edits applied to bytes in memory: the meaning of a list of edits.
func applying(_ edits: [Edit], to bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var position = 0
    for edit in edits {
        out += bytes[position..<Int(edit.offset)]
        out += edit.insert
        position = Int(edit.end)
    }
    return out + bytes[position...]
}

/// Bytes with runs, repeats, digits and noise, somewhat like a tar.
func sample(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    var out: [UInt8] = []
    while out.count < count {
        let length = Int.random(
            in: 1...Int.random(in: 1...3000, using: &generator), using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: out += [UInt8](repeating: 0, count: length)
        case 1: out += (0..<length).map { _ in UInt8.random(in: 48...55, using: &generator) }
        case 2:
            out += (0..<min(length, 400)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        case 3: out += (0..<length).map { _ in UInt8.random(in: 97...110, using: &generator) }
        default:
            guard out.count > 10 else { continue }
            let start = Int.random(in: max(0, out.count - 40000)..<out.count, using: &generator)
            out += out[start..<min(out.count, start + length)]
        }
    }
    return Array(out.prefix(count))
}

/// Random edits in ascending order: replacements, insertions, deletions, touching ones.
func randomEdits(
    _ count: Int, in size: Int, _ generator: inout SeededGenerator
) -> [Edit] {
    var offsets = (0..<count).map { _ in Int.random(in: 0...size, using: &generator) }
    if Int.random(in: 0..<4, using: &generator) == 0 { offsets.append(0) }
    if Int.random(in: 0..<4, using: &generator) == 0 { offsets.append(size) }
    offsets.sort()
    var edits: [Edit] = []
    var free = 0
    for (index, wanted) in offsets.enumerated() {
        let touches = index > 0 && Int.random(in: 0..<5, using: &generator) == 0
        let offset = touches ? free : max(wanted, free)
        let reach = Int.random(in: 0..<10, using: &generator) == 0 ? 5000 : 40
        let delete = min(size - offset, Int.random(in: 0...reach, using: &generator))
        let kind = Int.random(in: 0..<4, using: &generator)
        let length =
            kind == 0 ? delete : kind == 1 ? 0 : Int.random(in: 0...reach, using: &generator)
        edits.append(
            Edit(
                offset: UInt64(offset), delete: kind == 2 ? 0 : delete,
                insert: sample(length, &generator)))
        free = Int(edits[index].end)
    }
    return edits
}

/// Where two runs of bytes part, in words short enough for a report; nil where they are the same.
func difference(_ found: [UInt8]?, _ wanted: [UInt8]) -> String? {
    guard let found else { return "not readable" }
    if found == wanted { return nil }
    let place = zip(found, wanted).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    return
        "\(found.count) bytes, not \(wanted.count); different from \(place.map(String.init) ?? "the end")"
}
