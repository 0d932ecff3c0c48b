import DerootBytes
import DerootCore
import DerootOCI
import DerootRegistryTestSupport
import DerootReport
import DerootTestSupport
import Synchronization
import Testing

@testable import DerootMirror

/// The log, the pages of images, and the dashboard of a whole run.
@Suite("logs and pages of runs")
struct MirrorJournalTests {
    private final class Lines: Sendable {
        private let state = Mutex<[JSON]>([])

        var all: [JSON] { state.withLock { $0 } }
        var text: [UInt8] { all.flatMap { $0.serialized() + [0x0A] } }

        func add(_ line: JSON) { state.withLock { $0.append(line) } }

        func events(_ name: String) -> [JSONObject] {
            all.compactMap(\.object).filter { $0["event"]?.string == name }
        }
    }

    private func run(
        _ mirror: Mirror, _ reports: MirrorReports? = nil
    ) throws -> (lines: Lines, figures: MirrorFigures) {
        let lines = Lines()
        let journal = MirrorJournal(.whole, write: lines.add)
        let plan = try mirror.plan()
        journal.begin(plan, plan.items, reports: reports?.folder)
        let figures = try mirror.run(plan) { run in
            run.observer = journal.take
            run.reports = reports
        }
        journal.end(figures)
        return (lines, figures)
    }

    @Test("a log tells of each image, its bytes and when it was, and of each layer")
    func lines() throws {
        let mirror = try Mirror()
        try mirror.populate(4)
        mirror.add("team/app0", "bad", [mirror.base, mirror.poisoned])
        mirror.registry.fail("GET /v2/team/app1/blobs", with: 503, times: 1)
        let (lines, figures) = try run(mirror)
        #expect(lines.all.first?.object?["event"]?.string == "start")
        #expect(lines.all.last?.object?["event"]?.string == "summary")
        let images = lines.events("image")
        #expect(images.count == 5 && images.allSatisfy { $0["shard"]?.string == "1/1" })
        #expect(images.allSatisfy { ($0["started"]?.integer ?? 0) > 1_500_000_000_000 })
        let sent = images.reduce(0) { $0 + ($1["bytes"]?.object?["sent"]?.integer ?? 0) }
        #expect(sent > 0 && UInt64(sent) == figures.traffic.sent)
        #expect(lines.events("retry").count == 1)
        let layers = lines.events("layer")
        #expect(layers.count == figures.layers.rewritten && layers.count == 1)
        #expect(layers.first?["layer"]?.string == mirror.base.digest.description)
        let refused = try #require(images.first { $0["outcome"]?.string == "refused" })
        let reason = try #require(refused["reason"]?.string)
        // Where it was found is in the message, and not in the reason.
        #expect(refused["message"]?.string?.hasSuffix(reason) == true)
        #expect(!reason.contains("sha256"))
        #expect(
            lines.text.split(separator: 0x0A).allSatisfy { (try? JSON.parse(Array($0))) != nil })
    }

    @Test("each image has a page, which the dashboard links to")
    func pages() throws {
        let folder = try TemporaryDirectory()
        let reports = try MirrorReports(folder: folder("pages"))
        let mirror = try Mirror()
        try mirror.populate(3)
        mirror.add("team/app0", "bad", [mirror.base, mirror.poisoned])
        let (lines, _) = try run(mirror, reports)
        let names = try Directory.names(in: folder("pages"))
        #expect(names.count == 4 && names.allSatisfy { $0.hasSuffix(".html") })
        for name in names {
            let page = String(decoding: try folder.read("pages/\(name)"), as: UTF8.self)
            #expect(page.contains("default-src 'none'") && !page.contains("<script"))
        }
        var history = MirrorHistory()
        try history.read(lines.text, file: "run.jsonl")
        let base = try File.resolved(folder.path)
        let text = Dashboard(history, in: base).text
        for name in names { #expect(text.contains("href=\"pages/\(name)\""), "\(name)") }
        #expect(Dashboard(history, in: base + "/a/b").text.contains("href=\"../../pages/"))
        #expect(text.contains("1 of 4 images are not in the target"))
        // A run that finds everything done links to the same pages.
        let (again, figures) = try run(mirror, reports)
        #expect(figures.count("reused") == 3)
        var later = MirrorHistory()
        try later.read(again.text, file: "run.jsonl")
        let second = Dashboard(later, in: base).text
        for name in names { #expect(second.contains("href=\"pages/\(name)\""), "\(name)") }
    }

    @Test("names of pages are plain and differ where images do")
    func names() throws {
        func item(_ repository: String, _ tag: String) -> MirrorPlan.Item {
            MirrorPlan.Item(
                source: "s.io/a:1", digest: Digest.of([1]),
                recipe: MirrorRecipe(ConversionOptions(), platform: nil), repository: repository,
                tags: [tag], bytes: 0, layers: [], shard: 0)
        }
        let names = [item("t.io/a/b", "1"), item("t.io/c/b", "1"), item("t.io/x/a/b", "1")].map {
            MirrorReports.name(of: $0)
        }
        #expect(Set(names).count == 3)
        let odd = MirrorReports.name(of: item("t.io/a", "../<x>&\"é"))
        let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
        #expect(odd.allSatisfy { plain.contains($0) })
    }
}
