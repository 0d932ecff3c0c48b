import DerootBytes
import DerootOCI
import DerootTestSupport
import Testing

@testable import DerootReport

@Suite struct DashboardTests {
    private static let start: Int64 = 1_795_900_000_000

    private static func line(_ members: [(String, JSON)]) -> [UInt8] {
        JSON.object(
            JSONObject(members: members.map { .init(name: JSONString($0.0), value: $0.1) })
        ).serialized() + [0x0A]
    }

    private static func begin(_ shard: String, at time: Int64 = 0, reports: String? = nil)
        -> [UInt8]
    {
        line(
            [
                ("event", .string("start")), ("shard", .string(shard)), ("tool", .string("1.2.3")),
                ("target", .string("t.io/hard")), ("milliseconds", .number(start + time)),
            ] + (reports.map { [("reports", .string($0))] } ?? []))
    }

    private static func image(
        _ shard: String, _ name: String, _ outcome: String, at time: Int64 = 0,
        lasting: Int64 = 1000, reason: String = "", report: String? = nil
    ) -> [UInt8] {
        line(
            [
                ("event", .string("image")), ("shard", .string(shard)),
                ("source", .string("s.io/\(name):1")), ("repository", .string("t.io/hard/\(name)")),
                ("tags", .strings(["1"])), ("outcome", .string(outcome)),
                ("started", .number(start + time)), ("milliseconds", .number(lasting)),
                (
                    "bytes",
                    .object([
                        "received": .number(10), "sent": .number(2_000_000),
                        "mounted": .number(6_000_000), "present": .number(0),
                    ])
                ),
            ]
                + (reason.isEmpty
                    ? [] : [("reason", .string(reason)), ("message", .string("m " + reason))])
                + (report.map { [("report", .string($0))] } ?? []))
    }

    private static func summary(_ shard: String, exit: Int) -> [UInt8] {
        line([
            ("event", .string("summary")), ("shard", .string(shard)), ("exit", .number(exit)),
            ("milliseconds", .number(5000)),
        ])
    }

    private static func page(_ logs: [[UInt8]], in folder: String = "/x") throws -> String {
        var history = MirrorHistory()
        for log in logs { try history.read(log, file: "run.jsonl") }
        return Dashboard(history, in: folder).text
    }

    private static var logs: [[UInt8]] {
        [
            begin("1/2", reports: "/x/pages") + image("1/2", "a", "converted", report: "a.html")
                + image("1/2", "b", "refused", at: 1000, reason: "entry 7 of 'x' is bad")
                + image("1/2", "c", "transient", at: 2000, reason: "gone")
                + summary("1/2", exit: 75),
            begin("2/2", at: 500) + image("2/2", "d", "unchanged", at: 500)
                + image("2/2", "e", "refused", at: 700, reason: "entry 12 of 'y' is bad"),
            // The first shard once more: it was killed before it came to an end.
            begin("1/2", at: 8000) + image("1/2", "c", "converted", at: 8100),
        ]
    }

    @Test func shardsTogetherGiveOnePage() throws {
        let page = try Self.page(Self.logs)
        for text in [
            "default-src 'none'; style-src 'unsafe-inline'", "<h1>t.io/hard</h1>",
            "2 of 5 images are not in the target", "2 converted, 1 already non-root, 2 refused",
            "<a class=\"tile good\" href=\"pages/a.html\"", "<code>a</code>",
            // Reasons are counted without what differs from image to image.
            "<span class=\"count\">2</span>", "entry n of &#39;…&#39; is bad",
            "2 shards in 9.1 s", "1 restart", "3 processes", "did not end", "not ended",
            "36.0 MB</b> mounted inside", "12.0 MB</b> sent",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        for word in ["<script", "<link", "<img", " src=", "onclick", "@import", "javascript:"] {
            #expect(!page.contains(word), "\(word)")
        }
    }

    @Test func tagsAreClosedInOrder() throws {
        var open: [Substring] = []
        let void: Set<Substring> = ["meta", "br"]
        for part in try Self.page(Self.logs).split(separator: "<").dropFirst() {
            let name = part.prefix { $0.isLetter || $0.isNumber || $0 == "/" }
            if name.hasPrefix("/") {
                #expect(open.popLast() == name.dropFirst(), "</\(name)> in \(part.prefix(60))")
            } else if !name.isEmpty, !void.contains(name),
                !part.prefix(while: { $0 != ">" }).hasSuffix("/")
            {
                open.append(name)
            }
        }
        #expect(open.isEmpty)
    }

    @Test(arguments: HostileNamesTests.names.indices)
    func hostileNamesAreOnlyShown(_ index: Int) throws {
        let name = String(decoding: HostileNamesTests.names[index].1, as: UTF8.self)
        let text = try Self.page([
            Self.begin(name, reports: name)
                + Self.image(name, name, "refused", reason: name, report: name)
        ])
        for tag in ["<script", "<img", "onerror=y>", "</style></title>", "' onmouse"] {
            #expect(!text.contains(tag), "\(tag)")
        }
        let bad = text.unicodeScalars.first { scalar in
            switch scalar.properties.generalCategory {
            case .control: scalar != "\n"
            case .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
            default: false
            }
        }
        #expect(bad == nil, "U+\(String(bad?.value ?? 0, radix: 16))")
    }

    @Test func linksCannotLeadElsewhere() throws {
        for name in ["javascript:alert(1)", "//evil.io/x", "../../etc/passwd", "..", "a\"b"] {
            let page = try Self.page([
                Self.begin("1/1", reports: "/x/p")
                    + Self.image("1/1", "a", "converted", report: name)
            ])
            for link in page.split(separator: "href=\"").dropFirst() {
                let target = link.prefix { $0 != "\"" }
                #expect(target.hasPrefix("p/") && !target.contains("..") && !target.contains(":"))
            }
        }
        #expect(Dashboard.relative("/a/b/c", from: "/a/x") == "../b/c/")
        #expect(Dashboard.relative("/a", from: "/a") == "")
        #expect(Dashboard.encoded("a b/é:%") == "a%20b/%C3%A9%3A%25")
    }

    @Test func oddLogsAreReadAsFarAsTheyGo() throws {
        var history = MirrorHistory()
        let odd = """
            {"event":"image"}
            [1]
            {"event":"image","started":9223372036854775807,"milliseconds":9223372036854775807}
            {"event":"summary","missing":[1,{"source":"s","message":"m"}],"layers":{"read":-1}}

            """
        try history.read(Array(odd.utf8), file: "x")
        #expect(Dashboard(history, in: "/").text.contains("could not be looked at"))
        do throws(DerootError) {
            try history.read(Array("{}\n{".utf8), file: "x.jsonl")
            Issue.record("half an object was read")
        } catch { #expect(error.description.contains("line 2")) }
        #expect(Dashboard(MirrorHistory(), in: "/").text.contains("All 0 images"))
    }

    @Test func timesAndTagsAreThoseOfPeople() {
        #expect(Dashboard.time(0) == "1970-01-01 00:00:00")
        #expect(Dashboard.time(1_709_208_000_000) == "2024-02-29 12:00:00")
        #expect(Dashboard.duration(840) == "840 ms" && Dashboard.duration(4260) == "4.2 s")
        #expect(Dashboard.duration(125_000) == "2 min 05 s")
        #expect(Dashboard.duration(11_400_000) == "3 h 10 min")
        let tags = ["1.10", "1.9", "latest", "1.9-alpine"].sorted(by: DashboardGrid.isBefore)
        #expect(tags == ["1.9", "1.9-alpine", "1.10", "latest"])
    }
}
