import Synchronization
import Testing

@testable import DerootBytes

@Suite("Files that are read while they grow")
struct GrowthTests {
    private static let failure = DerootError(.transient, "gone")

    @Test func readersWait() throws {
        let file = try File.anonymous(in: "/tmp")
        let growth = Growth()
        let slice = FileSlice(try file.duplicate(), growingTo: 300, growth)
        let shared = SharedSlice(slice)
        let readers = (0..<3).map { index in
            Background { try? shared.bytes(at: UInt64(index) * 100, count: 100) }
        }
        for index in 0..<30 {
            try file.write([UInt8](repeating: UInt8(index / 10), count: 10))
            growth.advance(by: 10)
        }
        growth.end()
        for (index, reader) in readers.enumerated() {
            #expect(reader.value() == [UInt8](repeating: UInt8(index), count: 100))
        }
    }

    @Test func whatIsThereIsGivenAfterAFailure() throws {
        let file = try File.anonymous(in: "/tmp")
        let growth = Growth()
        let slice = FileSlice(try file.duplicate(), growingTo: 10, growth)
        try file.write([1, 2, 3, 4, 5])
        growth.advance(by: 5)
        growth.end(Self.failure)
        growth.end()
        let there = SharedSlice(slice)
        #expect(try there.bytes(at: 0, count: 5) == [1, 2, 3, 4, 5])
        let error = #expect(throws: DerootError.self) { try there.bytes(at: 4, count: 4) }
        #expect(error?.message == Self.failure.message)
    }

    @Test func anEarlyEndIsNoEnd() throws {
        let file = try File.anonymous(in: "/tmp")
        let growth = Growth()
        let slice = FileSlice(try file.duplicate(), growingTo: 10, growth)
        growth.end()
        let there = SharedSlice(slice)
        let error = #expect(throws: DerootError.self) { try there.bytes(at: 0, count: 4) }
        #expect(error?.code == .truncated)
    }

    @Test func waitingTellsHowMuchThereIs() throws {
        let growth = Growth()
        growth.advance(by: 7)
        #expect(try growth.wait(for: 3) == 7)
        growth.end()
        #expect(try growth.wait(for: 100) == 7)
    }
}

@Suite("Blocks of a file")
struct BlockWriterTests {
    @Test(arguments: [1, 1000, 262_143, 262_144, 262_145, 600_000])
    func piecesBecomeBlocks(_ size: Int) throws {
        var writer = BlockWriter()
        var sizes: [Int] = []
        var all: [UInt8] = []
        var given: [UInt8] = []
        let count = size < 1000 ? 5000 : 2_000_000 / size + 1
        for index in 0..<count {
            let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size)
            given += piece
            try unsafe piece.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
                try unsafe writer.write(bytes) { (part) throws(DerootError) in
                    sizes.append(part.count)
                    unsafe all += part
                }
            }
        }
        #expect(sizes.allSatisfy { $0 % BlockWriter.blockBytes == 0 })
        #expect(writer.count == UInt64(given.count))
        for _ in 0..<2 {
            try unsafe writer.flush { (part) throws(DerootError) in unsafe all += part }
        }
        #expect(all == given)
    }

    /// What comes after a flush finds its way back to the borders.
    @Test func blocksStayAligned() throws {
        var writer = BlockWriter()
        var ends: [Int] = []
        var end = 0
        let bytes = [UInt8](repeating: 1, count: 700_000)
        for count in [10, 200_000, 700_000, 62_134, 5, 524_288] {
            try unsafe bytes.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
                let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<count])
                try unsafe writer.write(part) { (part) throws(DerootError) in
                    end += part.count
                    ends.append(end)
                }
            }
            if count == 10 || count == 5 {
                try unsafe writer.flush { (part) throws(DerootError) in end += part.count }
            }
        }
        #expect(!ends.isEmpty)
        #expect(ends.allSatisfy { $0 % BlockWriter.blockBytes == 0 }, "\(ends)")
    }
}

@Suite("Work in the background")
struct BackgroundTests {
    @Test func comesWhenItIsWanted() {
        let work = Background { (1...100).reduce(0, +) }
        #expect(work.value() == 5050)
        #expect(work.value() == 5050)
    }

    /// It is done to its end, wanted or not.
    @Test func endsWithItsHolder() {
        let shared = SharedCount()
        do {
            let work = Background { shared.add() }
            withExtendedLifetime(work) {}
        }
        #expect(shared.count == 1)
    }
}

private final class SharedCount: Sendable {
    private let state = Mutex(0)
    var count: Int { state.withLock { $0 } }
    func add() { state.withLock { $0 += 1 } }
}

/// A slice that threads share.
private final class SharedSlice: Sendable {
    private let slice: FileSlice
    init(_ slice: consuming FileSlice) { self.slice = slice }

    func bytes(at offset: UInt64, count: Int) throws(DerootError) -> [UInt8] {
        let buffer = HeapBuffer(count: count)
        let got = try unsafe slice.read(into: buffer.bytes, at: offset)
        return unsafe Array(buffer.part(0..<got))
    }
}

@Suite("Room that is set aside")
struct RoomAheadTests {
    /// A size is a claim: what is set aside follows what has come, and covers all of it in the end.
    @Test(arguments: [1000, 5 << 20, 100 << 20, 3 << 30] as [UInt64])
    func followsWhatCame(_ size: UInt64) {
        var room = RoomAhead(size)
        var end: UInt64 = 0
        var calls = 0
        for written in stride(from: 1 << 18, through: size + 1 << 18, by: 1 << 18) {
            guard let range = room.range(upTo: written) else { continue }
            #expect(range.lowerBound == end && range.upperBound <= size)
            #expect(range.upperBound <= max(2 * written, written + 4 << 20))
            #expect(range.upperBound <= written + 256 << 20)
            end = range.upperBound
            calls += 1
        }
        #expect(end == size)
        #expect(calls < 40)
    }

    @Test func nothingIsSetAsideForNothing() {
        var room = RoomAhead()
        #expect(room.range(upTo: 1 << 20) == nil)
    }
}
