import Synchronization
import Testing

@testable import DerootBytes

/// One thread that works for another: in order, one piece at a time, and waited for.
struct SerialThreadTests {
    private final class Diary: Sendable {
        let lines = Mutex<[Int]>([])
    }

    @Test func worksInOrderAndIsWaitedFor() throws {
        let diary = Diary()
        let thread = try #require(SerialThread())
        for number in 0..<1000 {
            thread.start { diary.lines.withLock { $0.append(number) } }
            if number % 7 == 0 {
                thread.wait()
                #expect(diary.lines.withLock(\.count) == number + 1)
            }
        }
        thread.wait()
        thread.wait()
        #expect(diary.lines.withLock { $0 } == Array(0..<1000))
    }

    @Test func endsWithItsOwnerAfterTheWorkThatWasBegun() throws {
        let diary = Diary()
        for number in 0..<100 {
            let thread = try #require(SerialThread())
            if number % 2 == 0 { thread.start { diary.lines.withLock { $0.append(number) } } }
        }
        #expect(diary.lines.withLock(\.count) == 50)
    }
}
