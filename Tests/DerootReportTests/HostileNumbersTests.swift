import DerootOCI
import Testing

@testable import DerootReport

/// Reports and logs come from anywhere: no number in them may end the process.
@Suite struct HostileNumbersTests {
    private static let most = "9223372036854775807"

    private static func page(_ log: String) throws -> String {
        var history = MirrorHistory()
        try history.read(Array(log.utf8), file: "run.jsonl")
        return Dashboard(history, in: "/x").text
    }

    /// Logs, and what their pages say.
    private static let logs: [(log: String, text: String)] = [
        // Times that are none.
        (
            #"{"event":"start","shard":"1/2","milliseconds":\#(most)}"# + "\n"
                + #"{"event":"start","shard":"2/2","milliseconds":\#(most)}"#,
            "<td>2/2</td><td></td><td>0 ms</td>"
        ),
        (
            #"{"event":"start","milliseconds":4611686018427387905}"# + "\n"
                + #"{"event":"image","started":9223372036854775806}"#,
            "<td>1/1</td><td></td><td>0 ms</td><td>0</td>"
        ),
        (
            #"{"event":"start","milliseconds":-9223372036854775803}"# + "\n"
                + #"{"event":"rest","started":\#(most)}"#,
            "<td>1/1</td><td></td><td>0 ms</td><td>0</td>"
        ),
        (
            #"{"event":"start","milliseconds":1795900000000}"# + "\n"
                + #"{"event":"image","started":1795900000000,"milliseconds":9000}"# + "\n"
                + #"{"event":"rest","started":-9223372036854775808}"#, "1 shard in 9.0 s"
        ),
        (
            #"{"event":"start","milliseconds":253402300800000}"# + "\n"
                + #"{"event":"retry","started":-1}"#,
            "<td>1/1</td><td></td><td>0 ms</td><td>0</td>"
        ),
        // Times that take too long.
        (
            #"{"event":"image","started":\#(most),"milliseconds":\#(most)}"#,
            "<td>2501999792 h 59 min</td>"
        ),
        (
            #"{"event":"start","milliseconds":1795900000000}"# + "\n"
                + #"{"event":"image","started":1795900000000,"milliseconds":\#(most)}"#,
            "Last work: 9999-12-31 23:59:59 UTC"
        ),
        (
            #"{"event":"start","milliseconds":1795900000000}"# + "\n"
                + #"{"event":"summary","milliseconds":\#(most)}"#,
            "Last work: 9999-12-31 23:59:59 UTC"
        ),
        (
            #"{"event":"start","milliseconds":1795900000000}"# + "\n"
                + #"{"event":"retry","started":1795900000000,"milliseconds":\#(most)}"# + "\n"
                + #"{"event":"retry","started":1795900005000,"milliseconds":-\#(most)}"#,
            "after 2501999792 h 59 min"
        ),
        (
            #"{"event":"image","started":1795900000000,"milliseconds":9000}"# + "\n"
                + #"{"event":"image","started":\#(most),"milliseconds":\#(most)}"#,
            "1 shard in 9.0 s"
        ),
        // Counts.
        (
            #"{"event":"image","bytes":{"received":\#(most),"sent":\#(most),"#
                + #""mounted":\#(most),"present":\#(most)}}"#, "9.0 PB</b> came from registries"
        ),
        (
            #"{"event":"image","bytes":{"sent":\#(most),"mounted":\#(most),"present":\#(most)}}"#,
            "9.0 PB</b> there already"
        ),
        (
            #"{"event":"image","bytes":{"received":1000000000000000000}}"#,
            "9.0 PB</b> came from registries"
        ),
        (
            #"{"event":"image","bytes":{"received":-5}}"# + "\n"
                + #"{"event":"image","bytes":{"received":6}}"#, "6 B</b> came from registries"
        ),
        // Sums of many, in a run and over runs.
        (
            String(
                repeating: #"{"event":"image","bytes":{"received":\#(most)}}"# + "\n", count: 3),
            "9.0 PB</b> came from registries"
        ),
        (
            (1...1200).map { index in
                #"{"event":"summary","shard":"\#(index)/9","bytes":{"received":\#(most),"#
                    + #""sent":\#(most)},"layers":{"read":\#(most),"reused":-1}}"# + "\n"
            }.joined(), "<p class=\"soft\">Layers: 9007199254740992 read.</p>"
        ),
    ]

    @Test(arguments: logs.indices)
    func logsAreShownWhateverTheirNumbers(_ index: Int) throws {
        let (log, text) = Self.logs[index]
        let page = try Self.page(log)
        #expect(page.contains(text), "\(log.prefix(300))")
        #expect(!page.contains("-9223") && !page.contains("922337"))
    }

    private static func check(sizes: [String]) -> String {
        let layers = sizes.map { #"{"digest":"sha256:a","size":\#($0)}"# }.joined(separator: ",")
        return #"{"deroot":"check","version":1,"tool":"1","options":"","failOn":"error","#
            + #""references":[{"reference":"r","images":[{"platform":"linux/amd64","digest":"d","#
            + #""verdict":{"word":"READY"},"config":{"user":{}},"layers":[\#(layers)]}]}]}"#
    }

    private static func conversion(
        layer: String = "1", added: String = "1", before: String = "1", after: String = "1"
    ) -> String {
        #"{"deroot":"report","version":1,"tool":"1","options":"","#
            + #""source":{"reference":"s","digest":"d"},"#
            + #""destination":{"reference":"t","digest":"d"},"images":[{"#
            + #""manifest":{"before":"a","after":"b"},"#
            + #""plan":{"platform":"p","config":{"user":{"after":"1:1"}}},"#
            + #""layers":[{"before":{"digest":"a"},"after":{"digest":"b","size":\#(layer)}}],"#
            + #""added":{"digest":"c","size":\#(added)},"#
            + #""bytes":{"before":\#(before),"after":\#(after)}}]}"#
    }

    /// Reports, and what their pages say.
    private static let reports: [(report: String, text: String)] = [
        (check(sizes: ["1000000000000000000"]), "<title>1.0 EB "),
        (check(sizes: [most]), "<title>9.2 EB "),
        (check(sizes: [most, most, most]), "<span class=\"value\">18.4 EB</span>"),
        (conversion(layer: "1000000000000000000"), "<title>1.0 EB "),
        (conversion(layer: most), "<title>9.2 EB "),
        (conversion(added: "1000000000000000000"), "<span class=\"size\">1.0 EB</span>"),
        (conversion(added: most), "<span class=\"size\">9.2 EB</span>"),
        (conversion(before: most), "<span class=\"was\">9.2 EB</span>"),
        (conversion(before: "1000000000000000000"), "<span class=\"was\">1.0 EB</span>"),
        (conversion(after: most), "<span class=\"now\">9.2 EB</span>"),
        (conversion(after: "20000000000000000"), "+1999999999999999900.0 %"),
    ]

    @Test(arguments: reports.indices)
    func reportsAreShownWhateverTheirNumbers(_ index: Int) throws {
        let (report, text) = Self.reports[index]
        let json = try JSON.parse(Array(report.utf8))
        #expect(HTMLPage.text([try ReportPage(json, file: "x")]).contains(text))
    }

    @Test func everySizeHasAUnit() {
        #expect(ByteCount.text(999_949) == "999.9 kB" && ByteCount.text(999_950) == "1.0 MB")
        #expect(ByteCount.text(999_949_999_999_999_999) == "999.9 PB")
        #expect(ByteCount.text(.max) == "18.4 EB")
        #expect(ByteCount.change(from: 1000, to: 1004) == "+0.4 %")
        #expect(ByteCount.change(from: .max, to: 0) == "-100.0 %")
        #expect(ByteCount.change(from: 1, to: .max) == "+1844674407370955161400.0 %")
    }
}
