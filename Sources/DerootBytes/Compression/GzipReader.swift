/// Decodes gzip members one after the other; what follows the last one is counted, not decoded.
@safe
final class GzipReader {
    private enum State { case header, deflate, trailer, between, trailing, ended }

    /// A unit is closed when its blocks have this much, raw or compressed, in bytes.
    ///
    /// Part of what the result depends on: changing it changes digests.
    private static let unitBytes: UInt64 = 1 << 15

    private var state = State.header
    private var header = GzipHeader()
    private var headerStart: UInt64 = 0
    private var inflater = Inflater()
    private var memberStart: UInt64 = 0
    private var blockRaw: UInt64 = 0
    /// How many bytes follow the last member.
    private(set) var trailing: UInt64 = 0

    /// Adds up to `count` raw bytes to the tape, which has the room; false at the end.
    ///
    /// May add none, where the map has become large.
    func decode(
        _ input: inout BlobInput, into tape: inout RawTape, count: Int,
        map: inout BlobMap
    ) throws(DerootError) -> Bool {
        let goal = tape.end + UInt64(count)
        repeat {
            switch state {
            case .header: try readHeader(&input, raw: tape.end, map: &map)
            case .deflate: try inflate(&input, into: &tape, goal: goal, map: &map)
            case .trailer: try readTrailer(&input, raw: tape.end, map: &map)
            case .between: try lookForMember(&input)
            case .trailing: try pass(&input, raw: tape.end, map: &map)
            case .ended: return false
            }
        } while tape.end < goal && !map.isLarge
        return true
    }

    private func readHeader(
        _ input: inout BlobInput, raw: UInt64, map: inout BlobMap
    ) throws(DerootError) {
        try Self.need(1, of: &input)
        do {
            input.skip(try unsafe header.take(input.unread))
        } catch {
            throw error.located(in: .init(offset: input.offset))
        }
        guard header.isDone else { return }
        inflater.start(at: input.offset * 8)
        memberStart = raw
        state = .deflate
        map.record(
            GzipSegment(
                kind: .header, start: headerStart * 8, end: input.offset * 8, rawStart: raw,
                rawEnd: raw))
        map.record(GzipSegment(kind: .unit, start: input.offset * 8, rawStart: raw, rawEnd: raw))
    }

    private func inflate(
        _ input: inout BlobInput, into tape: inout RawTape, goal: UInt64,
        map: inout BlobMap
    ) throws(DerootError) {
        if !inflater.isInBlock { blockRaw = tape.end }
        guard let start = unsafe tape.room.baseAddress else { return }
        var next = unsafe start
        let history = min(tape.end - memberStart, tape.end - tape.start)
        let event = try unsafe inflater.decode(
            input.unread, at: input.offset, isEnd: input.isComplete, into: &next,
            history: start - Int(history), limit: start + Int(goal - tape.end))
        tape.append(unsafe next - start)
        input.skip(Int(inflater.position / 8 - input.offset))
        switch event {
        case .wantsInput:
            try input.fetch()
            if !inflater.isInBlock { return }
        case .wantsOutput, .blockEnded: break
        case .streamEnded:
            if inflater.position & 7 > 0 { input.skip(1) }
            state = .trailer
        }
        if map.hasSegments { recordBlock(event, raw: tape.end, segments: &map.segments) }
        try map.check(at: input.offset)
    }

    /// Notes what has become known of the current block.
    private func recordBlock(
        _ event: Inflater.Event, raw: UInt64, segments: inout Queue<GzipSegment>
    ) {
        guard var unit = segments.last, unit.kind == .unit else { return }
        if inflater.isFinal && unit.start < inflater.blockStart {
            unit.end = inflater.blockStart
            unit.rawEnd = blockRaw
            segments.last = unit
            unit = GzipSegment(
                kind: .unit, start: inflater.blockStart, rawStart: blockRaw, rawEnd: blockRaw)
            segments.append(unit)
        }
        unit.rawEnd = raw
        if inflater.isStored { unit.hasStored = true }
        let isFull =
            raw - unit.rawStart >= Self.unitBytes
            || inflater.position - unit.start >= Self.unitBytes * 8
        if event == .streamEnded || event == .blockEnded && isFull { unit.end = inflater.position }
        segments.last = unit
        if event == .blockEnded && isFull {
            segments.append(
                GzipSegment(kind: .unit, start: unit.end, rawStart: raw, rawEnd: raw))
        }
    }

    private func readTrailer(
        _ input: inout BlobInput, raw: UInt64, map: inout BlobMap
    ) throws(DerootError) {
        try Self.need(8, of: &input)
        let words = unsafe input.unread.loadUnaligned(as: UInt64.self)
        let place = input.offset
        map.boundaries.append(
            BlobBoundary(
                raw: raw, end: place, crc: UInt32(truncatingIfNeeded: words),
                size: UInt32(truncatingIfNeeded: words >> 32)))
        try map.check(at: place)
        map.record(
            GzipSegment(
                kind: .trailer, start: place * 8, end: place * 8 + 64, rawStart: raw, rawEnd: raw))
        input.skip(8)
        state = .between
    }

    /// Two bytes tell another member from trailing bytes, as in gzip(1).
    private func lookForMember(_ input: inout BlobInput) throws(DerootError) {
        while input.unreadCount < 2 && !input.isComplete { try input.fetch() }
        if unsafe Compression(magic: input.unread) == .gzip {
            header = GzipHeader()
            headerStart = input.offset
            state = .header
        } else {
            state = .trailing
        }
    }

    private func pass(
        _ input: inout BlobInput, raw: UInt64, map: inout BlobMap
    ) throws(DerootError) {
        let start = input.offset
        input.skip(input.unreadCount)
        while !input.isComplete {
            try input.fetch()
            input.skip(input.unreadCount)
        }
        trailing = input.offset - start
        state = .ended
        guard trailing > 0 else { return }
        map.record(
            GzipSegment(
                kind: .trailing, start: start * 8, end: input.offset * 8, rawStart: raw,
                rawEnd: raw))
    }

    private static func need(_ count: Int, of input: inout BlobInput) throws(DerootError) {
        while input.unreadCount < count {
            guard !input.isComplete else {
                throw DerootError(
                    .truncated, "the gzip stream ends early",
                    at: .init(offset: input.offset + UInt64(input.unreadCount)))
            }
            try input.fetch()
        }
    }
}
