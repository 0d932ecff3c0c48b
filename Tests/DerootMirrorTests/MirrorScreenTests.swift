import DerootBytes
import DerootCore
import DerootRegistry
import Testing

@testable import DerootMirror

@Suite("the terminal's lines")
struct MirrorScreenTests {
    private static func item(_ name: String, _ bytes: UInt64 = 1000) -> MirrorPlan.Item {
        MirrorPlan.Item(
            source: "s.io/\(name):1", digest: Digest.of(Array(name.utf8)),
            recipe: MirrorRecipe(ConversionOptions(), platform: nil), repository: "t.io/\(name)",
            tags: ["1"], bytes: bytes, layers: [], shard: 0)
    }

    private static func ended(
        _ item: MirrorPlan.Item, _ ending: MirrorOutcome.Ending
    ) -> MirrorEvent { .ended(MirrorOutcome(item: item, ending: ending, seconds: 1)) }

    @Test("a line an image, a bar and an estimate")
    func lines() throws {
        let items = ["a", "b", "c", "d"].map { Self.item($0) }
        var screen = MirrorScreen(items, now: 0)
        for item in items[0...1] { screen.take(.began(item)) }
        screen.take(.conversion(items[0], .found(layers: 2, bytes: 800)))
        screen.take(.conversion(items[0], .bytesRead(400)))
        screen.take(.conversion(items[0], .layerFinished(Digest.of([1]), entries: 1, changes: 0)))
        screen.take(.transfer(items[1], .retrying("s.io", after: 2.5)))
        var lines = screen.lines(width: 80, isUnicode: true, now: 4)
        #expect(lines.count == 3 && lines.allSatisfy { $0.count <= 80 })
        #expect(lines[0].contains("t.io/a:1") && lines[0].hasSuffix("layer 1/2  50 %"))
        #expect(lines[1].contains("t.io/b:1") && lines[1].contains("s.io failed, again in 3 s"))
        #expect(lines[2].contains("0/4") && lines[2].contains("░") && lines[2].contains("0:04"))
        screen.take(Self.ended(items[0], .converted(Digest.of([2]))))
        screen.take(
            Self.ended(items[1], .refused(code: "hostile", message: "m", isRemembered: true)))
        lines = screen.lines(width: 80, isUnicode: false, now: 10)
        #expect(lines.count == 1)
        #expect(lines[0].contains("50 %") && lines[0].contains("2/4  1 refused  0:10  ETA 0:10"))
        #expect(lines[0].contains("#") && lines[0].utf8.allSatisfy { $0 < 0x80 })
    }

    @Test("a second try takes the place of the first")
    func again() throws {
        let item = Self.item("a")
        var screen = MirrorScreen([item], now: 0)
        screen.take(.began(item))
        screen.take(Self.ended(item, .transient(message: "m")))
        #expect(screen.lines(width: 80, isUnicode: true, now: 1)[0].contains("1 to retry"))
        screen.take(.began(item))
        screen.take(Self.ended(item, .converted(Digest.of([1]))))
        let line = screen.lines(width: 80, isUnicode: true, now: 2)[0]
        #expect(line.contains("1/1") && !line.contains("retry") && line.contains("100 %"))
    }

    @Test("names are cut to the terminal, whatever is in them", arguments: [20, 40, 200])
    func width(_ width: Int) throws {
        let item = Self.item("very/" + String(repeating: "long", count: 40))
        var screen = MirrorScreen([item], now: 0)
        screen.take(.began(item))
        for isUnicode in [true, false] {
            let lines = screen.lines(width: width, isUnicode: isUnicode, now: 100)
            #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
        }
    }
}
