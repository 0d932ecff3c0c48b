import DerootBytes
import DerootOCI
import DerootTestSupport
import Glibc
import Testing

@testable import DerootReport

@Suite struct ReportFileTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func file(
        _ text: String, lineLimit: Int = 1 << 20, portion: Int = 1 << 18
    ) throws -> ReportFile {
        try folder.write("run.jsonl", Array(text.utf8))
        return try ReportFile(folder("run.jsonl"), lineLimit: lineLimit, portion: portion)
    }

    @Test(arguments: ["", "\n", "a", "a\n", "\n\na", "ab\ncdefgh\n\nijk", "ab\r\n\n\n"])
    func linesAreTheSameInPortionsOfAnySize(_ text: String) throws {
        for portion in 1...12 {
            let file = try file(text, portion: portion)
            #expect(try file.beginning(3) == Array(text.utf8.prefix(3)))
            var lines: [[UInt8]] = []
            while let line = try file.line() { lines.append(line) }
            // What follows the last end of a line is one only where there is something.
            var expected = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
            if expected.last?.isEmpty == true { expected.removeLast() }
            #expect(lines == expected.map { Array($0) })
            #expect(try file.line() == nil)
        }
        #expect(try file(text, portion: 2).whole() == Array(text.utf8))
    }

    @Test func aLogIsReadByLines() throws {
        let log = """
            {"event":"start","shard":"1/1","target":"t.io/hard","milliseconds":1795900000000}

            [1,{"event":"start"}]
            \t{"event":"image","repository":"t.io/hard/a","tags":["1"],"outcome":"refused","message":"no"}\r
            {"event":"summary","exit":1,"missing":[1,{"source":"a","outcome":"refused"},\
            {"source":"gone.io/b","message":"nobody there"}]}
            """
        var whole = MirrorHistory()
        try whole.read(Array(log.utf8), file: "run.jsonl")
        var history = MirrorHistory()
        try history.read(file(log, portion: 7))
        let page = Dashboard(history, in: "/x").text
        #expect(page == Dashboard(whole, in: "/x").text)
        for text in ["t.io/hard", "1 of 1 images are not", "1 sources that", "nobody there"] {
            #expect(page.contains(text), "\(text)")
        }
        // What a run in this process tells has the same form.
        var told = MirrorHistory()
        for line in log.utf8.split(separator: 0x0A) { told.take(try JSON.parse(Array(line))) }
        #expect(page == Dashboard(told, in: "/x").text)
    }

    @Test func aLineWithoutEndIsNotHeld() throws {
        let file = try file(
            "{\"event\":\"start\"}\n[" + String(repeating: "0,", count: 5000), lineLimit: 100,
            portion: 64)
        var history = MirrorHistory()
        let error = #expect(throws: DerootError.self) { try history.read(file) }
        #expect(error?.code == .limit)
        #expect(error?.description.contains("line 2: more than 100 bytes") == true)
    }

    @Test func aReportTooLargeForMemoryIsRefused() throws {
        try folder.write("report.json", Array("[0".utf8))
        let path = folder("report.json")
        try #require(unsafe truncate(path, (256 << 20) + 1) == 0)
        let error = #expect(throws: DerootError.self) { try ReportPage(ReportFile(path)) }
        #expect(error?.code == .limit && error?.location.file == path)
        #expect(error?.description.contains("268435457 bytes") == true)
    }

    @Test func aLogOfSeveralGigabytesIsRefused() throws {
        try folder.write("run.jsonl", Array("{\"event\":\"start\"}\n".utf8))
        let path = folder("run.jsonl")
        try #require(unsafe truncate(path, 3 << 30) == 0)
        var history = MirrorHistory()
        let error = #expect(throws: DerootError.self) { try history.read(ReportFile(path)) }
        #expect(error?.code == .limit && error?.location.file == path)
    }

    @Test func whatIsNoJSONIsNoReport() throws {
        let error = #expect(throws: DerootError.self) { try ReportPage(file("{")) }
        #expect(error?.description.contains("check --format json") == true)
        #expect(error?.location.file == folder("run.jsonl"))
    }
}
