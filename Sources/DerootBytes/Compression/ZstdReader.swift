/// Decodes zstd frames one after the other and tells where they end.
@safe
final class ZstdReader {
    private var decoder: ZstdDecoder
    private var isAtStart = true
    private var isSkippable = false

    /// Starts; `windowLog` limits the memory.
    init(windowLog: Int) { decoder = ZstdDecoder(windowLog: windowLog) }

    /// Adds up to `count` raw bytes to the tape, which has the room; false at the end.
    ///
    /// May add none, where the map has become large.
    func decode(
        _ input: inout BlobInput, into tape: inout RawTape, count: Int,
        map: inout BlobMap
    ) throws(DerootError) -> Bool {
        let goal = tape.end + UInt64(count)
        repeat {
            while input.unreadCount < 4 && !input.isComplete { try input.fetch() }
            if isAtStart {
                if input.unreadCount == 0 { return false }
                isSkippable = unsafe input.unread.first != 0x28
            }
            let room = unsafe UnsafeMutableRawBufferPointer(
                rebasing: tape.room[..<Int(goal - tape.end)])
            let step = try unsafe decoder.step(input.unread, into: room, at: input.offset)
            input.skip(step.consumed)
            tape.append(step.produced)
            isAtStart = step.hasEnded
            if step.hasEnded {
                map.boundaries.append(
                    BlobBoundary(raw: tape.end, end: input.offset, isSkippable: isSkippable))
                try map.check(at: input.offset)
            } else if step.consumed == 0 && step.produced == 0 {
                guard !input.isComplete else {
                    throw DerootError(
                        .truncated, "the zstd stream ends early", at: .init(offset: input.offset))
                }
                try input.fetch()
            }
        } while tape.end < goal && !map.isLarge
        return true
    }
}
