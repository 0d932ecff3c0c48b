import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// A blocking finding stops a conversion, unless it is forced.
struct StopTests {
    private func layout(_ settings: String) throws -> LayoutFixture {
        let layer = try LayerFixture { tar in
            RuleCase.system(&tar)
            RuleCase.accounts(&tar)
            tar.file("start.sh", "#!/bin/sh\nexec gosu app \"$@\"\n", mode: 0o755)
        }
        return try LayoutFixture(ImageFixture([layer], settings: settings))
    }

    private func convert(_ layout: LayoutFixture, forced: Bool) throws {
        var conversion = Conversion(try layout.source(), .init())
        conversion.stopsAtFindings = !forced
        _ = try conversion.convert(into: layout.destination().begin())
    }

    @Test func anUnguardedStepStopsIt() throws {
        let layout = try layout(RuleCase.started)
        let error = try #require(throws: DerootError.self) {
            try convert(layout, forced: false)
        }
        #expect(error.code == .blocked)
        #expect(error.message.hasPrefix("NR021 "))
        #expect(error.advice?.contains("--force") == true)
        #expect(throws: DerootError.self) { try layout.result().root() }
        try convert(layout, forced: true)
        #expect(try layout.image().config.user == "65532:65532")
    }

    @Test(arguments: [#""Entrypoint":["app"]"#, #""WorkingDir":"/root""#, ""])
    func whatMayWorkIsConverted(_ settings: String) throws {
        let layout = try layout(settings)
        try convert(layout, forced: false)
        #expect(try layout.image().config.user == "65532:65532")
    }
}
