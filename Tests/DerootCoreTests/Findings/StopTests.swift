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

    /// A script that could only end stops it too, until its places are handed over.
    @Test func aStartThatCouldOnlyFailStopsIt() throws {
        let layer = try LayerFixture { tar in
            RuleCase.system(&tar)
            RuleCase.accounts(&tar)
            RuleCase.script("set -e\nmkdir -p /var/lib/app\nexec app\n")(&tar)
        }
        let layout = try LayoutFixture(ImageFixture([layer], settings: RuleCase.started))
        let error = try #require(throws: DerootError.self) {
            try convert(layout, forced: false)
        }
        #expect(error.code == .blocked && error.message.hasPrefix("NR034 "))
        #expect("\(error)".contains("--own /var/lib/app"))
        let options = RuleCase.options(own: ["/var/lib/app"])
        let found = try Check(layout.source(), options).run().images.first
        #expect(found?.verdict == .ready)
        _ = try Conversion(layout.source(), options).convert(into: layout.destination().begin())
        #expect(try layout.image().status("var/lib/app") == "65532:65532 0755")
    }

    @Test(arguments: [#""Entrypoint":["app"]"#, #""WorkingDir":"/root""#, ""])
    func whatMayWorkIsConverted(_ settings: String) throws {
        let layout = try layout(settings)
        try convert(layout, forced: false)
        #expect(try layout.image().config.user == "65532:65532")
    }
}
