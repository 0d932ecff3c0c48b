import DerootBytes

/// What is done to the tar headers of a layer; a stand-in for the real thing, ustar only.
enum HeaderChange: String {
    case scan, nothing, strip, chown

    var title: String {
        switch self {
        case .scan: "scan only"
        case .nothing: "no edit"
        case .strip: "setuid and setgid bits off"
        case .chown: "owner of all entries"
        }
    }

    /// The edits of one header at `offset`.
    func edits(_ header: UnsafeRawBufferPointer, at offset: UInt64) -> [Edit] {
        switch self {
        case .scan, .nothing: return []
        case .strip:
            // The octal digit with the setuid, setgid and sticky bits.
            guard header[156] == UInt8(ascii: "0"), header[103] >= UInt8(ascii: "2") else {
                return []
            }
            return changed(header, at: offset) { $0[103] = UInt8(ascii: "0") }
        case .chown:
            return changed(header, at: offset) { copy in
                for (place, digit) in "0177774".utf8.enumerated() {
                    copy[108 + place] = digit
                    copy[116 + place] = digit
                }
            }
        }
    }

    /// The edits that a change of a header comes to, its checksum included.
    private func changed(
        _ header: UnsafeRawBufferPointer, at offset: UInt64, _ change: (inout [UInt8]) -> Void
    ) -> [Edit] {
        var copy = Array(header)
        change(&copy)
        for place in 148..<156 { copy[place] = UInt8(ascii: " ") }
        let sum = copy.reduce(0) { $0 + Int($1) }
        let digits = Array(String(sum, radix: 8).utf8)
        let field = [UInt8](repeating: 48, count: 6 - digits.count) + digits + [0, 32]
        copy.replaceSubrange(148..<156, with: field)
        return [100..<108, 108..<116, 116..<124, 148..<156].compactMap { range in
            let new = Array(copy[range])
            guard !new.elementsEqual(header[range]) else { return nil }
            return Edit(offset: offset + UInt64(range.lowerBound), delete: 8, insert: new)
        }
    }
}

/// Sends a layer through a patcher, with edits as its headers ask for them.
func patch(
    _ path: String, _ change: HeaderChange, sink: @escaping ByteSink
) throws -> (result: BlobPatcher.Result, edits: Int) {
    let patcher = try BlobPatcher(
        source: FileSlice(File.reading(path)), sink: change == .scan ? nil : sink,
        limits: Limits())
    var count = 0
    var seen: UInt64 = 0
    while case let chunk = try patcher.next(), !chunk.isEmpty {
        if change != .scan {
            var place = Int((512 - seen % 512) % 512)
            while place + 512 <= chunk.count {
                let header = UnsafeRawBufferPointer(rebasing: chunk[place..<(place + 512)])
                if header[257..<262].elementsEqual("ustar".utf8) {
                    for edit in change.edits(header, at: seen + UInt64(place)) {
                        try patcher.add(edit)
                        count += 1
                    }
                }
                place += 512
            }
        }
        seen += UInt64(chunk.count)
        try patcher.decide(upTo: seen)
    }
    return (try patcher.finish(), count)
}
