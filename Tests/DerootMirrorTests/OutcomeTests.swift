import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import Testing

@testable import DerootMirror

@Suite("outcomes")
struct OutcomeTests {
    private static let digest = Digest.of([1])

    private static func outcome(_ ending: MirrorOutcome.Ending) -> MirrorOutcome {
        MirrorOutcome(
            item: MirrorPlan.Item(
                source: "s.io/a:1", digest: digest,
                recipe: MirrorRecipe(ConversionOptions(), platform: nil), repository: "t.io/a",
                tags: ["1"], bytes: 1, layers: [], shard: 0), ending: ending, seconds: 1.5)
    }

    private static let refused = MirrorOutcome.Ending.refused(
        code: "hostile", message: "m", isRemembered: true)

    @Test(
        "75 beats 1, 1 beats 0",
        arguments: [
            ([], 0), ([.converted(digest), .unchanged(digest), .reused(digest, retagged: 0)], 0),
            ([.converted(digest), refused], 1), ([.failed(code: "denied", message: "m")], 1),
            ([refused, .transient(message: "m"), .converted(digest)], 75),
        ] as [([MirrorOutcome.Ending], Int32)])
    func exit(_ endings: [MirrorOutcome.Ending], _ status: Int32) {
        #expect(MirrorOutcome.exitStatus(endings.map(Self.outcome), problems: []) == status)
    }

    @Test("what could not be looked at counts too")
    func problems() {
        let permanent = MirrorPlan.Problem(source: "s", code: "x", message: "m", isTransient: false)
        let passing = MirrorPlan.Problem(source: "s", code: "x", message: "m", isTransient: true)
        #expect(MirrorOutcome.exitStatus([], problems: [permanent]) == 1)
        #expect(MirrorOutcome.exitStatus([], problems: [permanent, passing]) == 75)
    }

    @Test(
        "only what follows from the image is remembered",
        arguments: [
            (DerootError.Code.hostile, "refused true", "failed"),
            (.disagreement, "refused true", "failed"), (.blocked, "refused true", "failed"),
            (.malformed, "refused true", "failed"), (.mismatch, "refused false", "transient"),
            (.transient, "transient", "transient"), (.io, "transient", "transient"),
            (.refused, "refused true", "failed"),
            (.denied, "failed", "failed"), (.untrusted, "failed", "failed"),
            (.notFound, "failed", "failed"),
        ])
    func memory(_ code: DerootError.Code, _ building: String, _ publishing: String) {
        func text(_ isPublishing: Bool) -> String {
            let ending = MirrorOutcome.ending(
                DerootError(code, "m"), isPublishing: isPublishing)
            guard case .refused(_, _, let isRemembered) = ending else { return ending.name }
            return "\(ending.name) \(isRemembered)"
        }
        #expect(text(false) == building)
        #expect(text(true) == publishing)
    }

    @Test("a mismatch of what was compared with its digest is the image's own")
    func mismatchOfContent() {
        let error = DerootError(.mismatch, "m").ofContent
        let here = MirrorOutcome.ending(error, isPublishing: false)
        #expect(here == .refused(code: "mismatch", message: "m", isRemembered: true))
        #expect(MirrorOutcome.ending(error, isPublishing: true) == .transient(message: "m"))
    }

    @Test(
        "what came about between us and a registry is never remembered, whatever it is called",
        arguments: [
            DerootError.Code.hostile, .malformed, .unsupported, .limit, .truncated, .disagreement,
            .blocked, .refused,
        ])
    func transport(_ code: DerootError.Code) {
        let error = DerootError(code, "m").ofTransport
        for isPublishing in [true, false] {
            #expect(
                MirrorOutcome.ending(error, isPublishing: isPublishing)
                    == .failed(code: code.name, message: "m"))
        }
        let mismatch = DerootError(.mismatch, "m").ofContent.ofTransport
        #expect(
            MirrorOutcome.ending(mismatch, isPublishing: false)
                == .refused(code: "mismatch", message: "m", isRemembered: false))
    }

    @Test("figures as a summary and as OpenMetrics")
    func figures() throws {
        var layers = LayerMemory.Figures()
        (layers.reused, layers.rewritten) = (3, 1)
        let figures = MirrorFigures(
            shard: Shard(index: 1, count: 4),
            outcomes: [.converted(Self.digest), Self.refused].map(Self.outcome), problems: [],
            received: 10, sent: 20, layers: layers, seconds: 2)
        let metrics = figures.metrics(now: 1_700_000_000)
        #expect(metrics.hasSuffix("# EOF\n"))
        #expect(metrics.contains("deroot_mirror_images{shard=\"1\",outcome=\"converted\"} 1\n"))
        #expect(metrics.contains("deroot_mirror_sent_bytes{shard=\"1\"} 20\n"))
        #expect(metrics.contains("deroot_mirror_rewritten_layers{shard=\"1\"} 1\n"))
        #expect(metrics.contains("deroot_mirror_exit_status{shard=\"1\"} 1\n"))
        let types = metrics.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
        #expect(Set(types).count == types.count)
        let summary = try #require(figures.json(time: "T").object)
        #expect(summary["exit"]?.integer == 1 && summary["missing"]?.array?.count == 1)
        #expect(figures.text == "shard 2/4: 1 converted, 1 refused")
        let line = try #require(figures.outcomes[1].json(time: "T").object)
        #expect(line["outcome"]?.string == "refused" && line["remembered"]?.bool == true)
        #expect(line["milliseconds"]?.integer == 1500)
    }
}
