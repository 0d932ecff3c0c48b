@testable import DerootBytes

/// A gzip member around a deflate stream, with the optional fields of RFC 1952.
func gzipMember(
    _ deflate: [UInt8], of data: [UInt8], extra: [UInt8]? = nil, name: [UInt8]? = nil,
    comment: [UInt8]? = nil, hasChecksum: Bool = false
) -> [UInt8] {
    var flags: UInt8 = hasChecksum ? 2 : 0
    if extra != nil { flags |= 4 }
    if name != nil { flags |= 8 }
    if comment != nil { flags |= 16 }
    var out: [UInt8] = [0x1F, 0x8B, 8, flags, 1, 2, 3, 4, 2, 3]
    if let extra { out += [UInt8(extra.count & 0xFF), UInt8(extra.count >> 8)] + extra }
    if let name { out += name + [0] }
    if let comment { out += comment + [0] }
    if hasChecksum {
        let sum = zlibCRC32(out)
        out += [UInt8(sum & 0xFF), UInt8(sum >> 8 & 0xFF)]
    }
    out += deflate
    for word in [zlibCRC32(data), UInt32(truncatingIfNeeded: data.count)] {
        for shift in [0, 8, 16, 24] { out.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    return out
}

/// A random gzip blob: members of all levels, strategies and sizes, flushed in the middle.
struct RandomGzip {
    var blob: [UInt8] = []
    var data: [UInt8] = []
    /// Bytes after the last member.
    var trailing: [UInt8] = []

    init(_ generator: inout SeededGenerator) {
        let members =
            Int.random(in: 0..<3, using: &generator) == 0
            ? Int.random(in: 2...5, using: &generator) : 1
        for _ in 0..<members { add(&generator) }
        if Int.random(in: 0..<5, using: &generator) == 0 {
            trailing = [0] + sample(Int.random(in: 0...2000, using: &generator), &generator)
            blob += trailing
        }
    }

    private mutating func add(_ generator: inout SeededGenerator) {
        let reach = [0, 1, 300, 5000, 70_000, 250_000].randomElement(using: &generator) ?? 0
        let part = sample(Int.random(in: 0...reach, using: &generator), &generator)
        var settings = DeflateSettings()
        settings.level = Int32.random(in: 0...9, using: &generator)
        if Bool.random(using: &generator) {
            settings.strategy = DeflateSettings.strategies.randomElement(using: &generator) ?? 0
        }
        if Bool.random(using: &generator) {
            settings.memLevel = Int32.random(in: 1...9, using: &generator)
        }
        if Int.random(in: 0..<3, using: &generator) == 0 {
            settings.windowLog = Int32.random(in: 9...15, using: &generator)
        }
        if Int.random(in: 0..<3, using: &generator) == 0 {
            let places = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                Int.random(in: 0...part.count, using: &generator)
            }
            settings.flushes = places.sorted().map {
                ($0, DeflateSettings.flushModes.randomElement(using: &generator) ?? 2)
            }
        }
        var field: [UInt8]? {
            Bool.random(using: &generator)
                ? nil : (0..<Int.random(in: 0...300, using: &generator)).map { _ in 120 }
        }
        blob += gzipMember(
            deflated(part, settings), of: part, extra: field, name: field, comment: field,
            hasChecksum: Bool.random(using: &generator))
        data += part
    }
}

/// Edits as a layer gets them: a few digits in each of many headers, or whole headers.
func headerEdits(in data: [UInt8], _ generator: inout SeededGenerator) -> [Edit] {
    let isWhole = Bool.random(using: &generator)
    let period = [512, 1024, 4096].randomElement(using: &generator) ?? 512
    var edits: [Edit] = []
    for start in stride(from: 0, to: data.count - 512, by: period)
    where Int.random(in: 0..<4, using: &generator) > 0 {
        var new = Array(data[start..<(start + 512)])
        for (place, count) in [(108, 8), (116, 8), (148, 6)] {
            for index in place..<(place + count) {
                new[index] = UInt8.random(in: 48...55, using: &generator)
            }
            guard !isWhole else { continue }
            edits.append(
                Edit(
                    offset: UInt64(start + place), delete: count,
                    insert: Array(new[place..<(place + count)])))
        }
        if isWhole { edits.append(Edit(offset: UInt64(start), delete: 512, insert: new)) }
    }
    return edits
}
