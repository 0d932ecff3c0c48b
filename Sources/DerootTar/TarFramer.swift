package import DerootBytes

/// Finds the header groups of a raw tar stream that is fed in pieces of any length.
///
/// Our own reading of the 512-byte framing, beside libarchive's: only raw bytes can be patched. It
/// holds one header group at a time and never a body.
package struct TarFramer: ~Copyable {
    private enum State {
        case header
        /// Data of an extension header: bytes wanted, padding included.
        case extensionData(wanted: Int)
        /// Continuation blocks of a GNU sparse map.
        case sparseMap
        /// A body and its padding: bytes to skip.
        case body(rest: UInt64)
        /// After one zero block.
        case loneZero
        /// After two zero blocks: whatever follows is carried and not looked at.
        case tail
    }

    private var state = State.header
    private var group = HeaderGroup()
    /// Where the block that is being collected starts in `group.bytes`.
    private var blockStart = 0
    /// How many extension header bytes this group holds.
    private var extensionBytes = 0
    /// Bytes fed so far.
    package private(set) var position: UInt64 = 0
    /// How many entries were found so far.
    package private(set) var entryCount = 0
    private let limits: Limits

    /// Starts at the beginning of a raw tar stream.
    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Everything before this offset belongs to entries that were handed out, or to no entry.
    package var settled: UInt64 { group.bytes.isEmpty ? position : group.offset }

    /// How many of the next bytes are of a body and may be skipped unseen.
    package var skippable: UInt64 {
        if case .body(let rest) = state { rest } else { 0 }
    }

    /// Passes over bytes of a body; at most `skippable`.
    package mutating func skip(_ count: UInt64) {
        guard case .body(let rest) = state, count > 0, count <= rest else { return }
        position += count
        state = count == rest ? .header : .body(rest: rest - count)
    }

    /// Takes the next bytes and hands out each header group that they complete.
    ///
    /// - Throws: what `HeaderGroup` refuses, with the offset in the raw stream.
    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer,
        _ found: (borrowing HeaderGroup) throws(DerootError) -> Void
    ) throws(DerootError) {
        var index = 0
        while index < bytes.count {
            switch state {
            case .tail:
                position += UInt64(bytes.count - index)
                return
            case .body(let rest):
                let step = min(rest, UInt64(bytes.count - index))
                index += Int(step)
                position += step
                state = step == rest ? .header : .body(rest: rest - step)
            case .header, .sparseMap, .loneZero, .extensionData:
                if group.bytes.isEmpty { group.offset = position }
                let wanted: Int
                if case .extensionData(let count) = state { wanted = count } else { wanted = 512 }
                let step = min(wanted - (group.bytes.count - blockStart), bytes.count - index)
                unsafe group.bytes.append(
                    contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index..<(index + step)]))
                index += step
                position += UInt64(step)
                if group.bytes.count - blockStart == wanted { try completeBlock(found) }
            }
        }
    }

    /// Says that the stream ends here.
    ///
    /// - Throws: `.truncated` where an entry is not whole.
    package func finish() throws(DerootError) {
        switch state {
        case .tail, .loneZero: return
        case .body(let rest):
            throw DerootError(
                .truncated, "the tar stream ends inside an entry, \(rest) bytes are missing",
                at: .init(entry: printable(group.meaning.name), offset: position))
        case .header where group.bytes.isEmpty: return
        case .header
        where group.parts.allSatisfy({ $0.kind == .paxGlobal }) && blockStart == group.bytes.count:
            return
        case .header, .sparseMap, .extensionData:
            throw DerootError(
                .truncated, "the tar stream ends inside a header",
                at: .init(offset: group.offset))
        }
    }

    private mutating func completeBlock(
        _ found: (borrowing HeaderGroup) throws(DerootError) -> Void
    ) throws(DerootError) {
        switch state {
        case .header: try completeHeader(found)
        case .extensionData:
            blockStart = group.bytes.count
            state = .header
        case .sparseMap:
            let more = group.bytes[blockStart + TarField.sparseMore] != 0
            blockStart = group.bytes.count
            guard group.bytes.count - group.main <= limits.extensionHeaderBytes else {
                throw tooLong()
            }
            if !more { try completeGroup(found) }
        case .loneZero:
            guard group.bytes[blockStart...].allSatisfy({ $0 == 0 }) else {
                throw DerootError(
                    .disagreement, "a lone zero block is followed by more data",
                    at: .init(offset: group.offset),
                    advice: "some readers stop here and some go on; refused")
            }
            group.reset(at: position)
            state = .tail
        case .body, .tail: break
        }
    }

    private mutating func completeHeader(
        _ found: (borrowing HeaderGroup) throws(DerootError) -> Void
    ) throws(DerootError) {
        let start = blockStart
        let place = DerootError.Location(offset: group.offset + UInt64(start))
        if group.bytes[start] == 0, group.bytes[start...].allSatisfy({ $0 == 0 }) {
            guard group.parts.allSatisfy({ $0.kind == .paxGlobal }) else {
                throw DerootError(.malformed, "an extension header without an entry", at: place)
            }
            group.reset(at: position)
            blockStart = 0
            state = .loneZero
            return
        }
        let block = group.bytes[start..<(start + 512)]
        let stated = TarNumber.parse(group.field(TarField.checksum, of: start))
        let sums = TarNumber.checksums(block)
        guard stated == sums.unsigned || stated == sums.signed else {
            throw DerootError(
                .malformed,
                place.offset == 0
                    ? "not a tar stream: the first block has no valid checksum"
                    : "tar header: the checksum is wrong", at: place)
        }
        guard let kind = extensionKind(of: block[start + TarField.typeflag]) else {
            group.main = start
            blockStart = group.bytes.count
            if block[start + TarField.typeflag] == UInt8(ascii: "S"),
                block[start + TarField.sparseExtended] != 0
            {
                state = .sparseMap
                return
            }
            try completeGroup(found)
            return
        }
        if kind == .paxGlobal, group.parts.contains(where: { $0.kind != .paxGlobal }) {
            // Go hands a global header out as an entry of its own and forgets what came before.
            throw DerootError(
                .disagreement, "a global pax header between an extension header and its entry",
                at: place)
        }
        if kind != .paxGlobal, group.parts.contains(where: { $0.kind == kind }) {
            throw DerootError(
                .disagreement, "two extension headers of one kind before one entry", at: place)
        }
        // Some readers take the records for the long name's header, and its size with them (C02).
        if kind == .longName || kind == .longLink, group.parts.contains(where: { $0.kind == .pax })
        {
            throw DerootError(
                .disagreement, "a GNU long name between a pax header and its entry", at: place)
        }
        guard let size = TarNumber.parse(group.field(TarField.size, of: start)), size >= 0 else {
            throw DerootError(.malformed, "extension header: the size is no number", at: place)
        }
        // Headers count too: empty ones without end would gather as well.
        let room = 2 * limits.extensionHeaderBytes - (blockStart + 512)
        guard size <= min(limits.extensionHeaderBytes - extensionBytes, room) else {
            throw tooLong()
        }
        extensionBytes += Int(size)
        let data = (start + 512)..<(start + 512 + Int(size))
        group.parts.append(.init(kind: kind, header: start, data: data))
        blockStart = group.bytes.count
        state = size == 0 ? .header : .extensionData(wanted: padded(Int(size)))
    }

    private func tooLong() -> DerootError {
        DerootError(
            .limit, "extension headers of more than \(limits.extensionHeaderBytes) bytes",
            at: .init(offset: group.offset),
            advice: "Go's reader, which runtimes use, has the same limit")
    }

    private mutating func completeGroup(
        _ found: (borrowing HeaderGroup) throws(DerootError) -> Void
    ) throws(DerootError) {
        try group.interpret()
        entryCount += 1
        guard entryCount <= limits.entries else {
            throw DerootError(
                .limit, "more than \(limits.entries) entries",
                at: .init(offset: group.offset), advice: "raise it with --max-entries")
        }
        try found(group)
        let body = group.meaning.bodySize
        group.reset(at: position)
        blockStart = 0
        extensionBytes = 0
        state = body == 0 ? .header : .body(rest: (body + 511) & ~511)
    }

    private func extensionKind(of typeflag: UInt8) -> HeaderGroup.Part.Kind? {
        switch typeflag {
        case UInt8(ascii: "x"): .pax
        case UInt8(ascii: "g"): .paxGlobal
        case UInt8(ascii: "L"): .longName
        case UInt8(ascii: "K"): .longLink
        default: nil
        }
    }
}
