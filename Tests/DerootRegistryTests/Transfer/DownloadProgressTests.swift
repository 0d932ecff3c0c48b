import DerootBytes
import Testing

@testable import DerootRegistry

@Suite("Downloads that go on")
struct DownloadProgressTests {
    private func broken(at offset: Int, of size: UInt64 = 10) throws -> DownloadProgress {
        var progress = DownloadProgress(size: size)
        #expect(progress.begin(HTTPResponse(200)) == .append)
        try progress.advance(offset)
        return progress
    }

    @Test func asksForTheRest() throws {
        var progress = try broken(at: 4)
        #expect(progress.range == "bytes=4-")
        #expect(
            progress.begin(HTTPResponse(206, [("content-range", "bytes 4-9/10")])) == .append)
        try progress.advance(6)
        #expect(progress.isComplete)
    }

    @Test func startsWithoutRange() {
        #expect(DownloadProgress(size: 10).range == nil)
    }

    // F11.
    @Test func ignoredRangeMeansRestart() throws {
        var progress = try broken(at: 4)
        #expect(progress.begin(HTTPResponse(200)) == .restart)
        try progress.advance(10)
        #expect(progress.isComplete)
    }

    @Test(arguments: [
        "bytes 3-9/10", "bytes 4-10/10", "bytes 4-9/11", "bytes 9-4/10", "items 4-9/10", "bytes",
        "bytes 4-/10", "bytes */10", "",
    ])
    func wrongParts(_ range: String) throws {
        var progress = try broken(at: 4)
        #expect(progress.begin(HTTPResponse(206, [("content-range", range)])) == .reject)
        #expect(progress.range == nil)
        #expect(progress.offset == 0)
        // A registry that answers a request without Range with a part cannot be helped.
        #expect(progress.begin(HTTPResponse(206, [("content-range", range)])) == .refuse)
    }

    @Test func unsatisfiable() throws {
        var progress = try broken(at: 4)
        #expect(progress.begin(HTTPResponse(416)) == .reject)
        #expect(progress.begin(HTTPResponse(200)) == .append)
    }

    @Test func unknownLengthOfTheWhole() throws {
        var progress = try broken(at: 4)
        #expect(progress.begin(HTTPResponse(206, [("content-range", "Bytes 4-9/*")])) == .append)
    }

    // F20.
    @Test func moreThanPromised() throws {
        var progress = try broken(at: 4)
        #expect(throws: DerootError.self) { try progress.advance(7) }
    }

    @Test(arguments: [401, 404, 500, 302])
    func refusals(_ status: Int) {
        var progress = DownloadProgress(size: 10)
        #expect(progress.begin(HTTPResponse(status)) == .refuse)
    }
}
