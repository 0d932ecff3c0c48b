import Testing

@testable import DerootBytes

/// Digests beside the thread that makes the bytes are those that one thread would get.
struct DigestLaneTests {
    @Test(arguments: [true, false], [0, 1, 777, 1 << 20, 1 << 20 + 1, 3_456_789])
    func agreesWithOneThread(_ hasThreads: Bool, _ size: Int) {
        var random = SeededGenerator(UInt64(size))
        let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        let lane = DigestLane(hasThreads: hasThreads)
        let all = lane.open(.sha256)
        let long = lane.open(.sha512)
        var fork: (at: Int, slot: DigestLane.Slot)?
        var at = 0
        while at < size {
            let end = min(size, at + Int.random(in: 1...300_000, using: &random))
            unsafe bytes[at..<end].withUnsafeBytes { part in
                unsafe lane.update(all, also: long, with: part)
                if let fork { unsafe lane.update(fork.slot, with: part) }
            }
            at = end
            if fork == nil { fork = (at, lane.fork(all)) }
            if let fork { lane.update(fork.slot, with: [7]) }
        }
        #expect(lane.digest(all) == .of(bytes))
        #expect(lane.digest(long) == .of(bytes, algorithm: .sha512))
        // A digest that was asked for goes on.
        lane.update(all, with: [1, 2])
        #expect(lane.digest(all) == .of(bytes + [1, 2]))
        if let fork {
            let twin = lane.fork(fork.slot)
            #expect(lane.digest(twin) == lane.digest(fork.slot))
            #expect(lane.digest(fork.slot) != .of(bytes) || size == 0)
            lane.close(twin)
        }
    }

    @Test func aLaneThatIsDroppedInTheMiddleIsWaitedFor() {
        for _ in 0..<20 {
            let lane = DigestLane(hasThreads: true)
            let slot = lane.open(.sha256)
            lane.update(slot, with: [UInt8](repeating: 1, count: 3 << 20))
        }
    }
}
