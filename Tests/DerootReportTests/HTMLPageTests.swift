import DerootBytes
import DerootCore
import DerootOCI
import DerootReport
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

@Suite struct HTMLPageTests {
    @Test func thePageNeedsNothingElse() throws {
        let page = try Sample.page(try Sample.checked([Sample.image()]))
        #expect(
            page.contains(
                "<meta http-equiv=\"Content-Security-Policy\" "
                    + "content=\"default-src 'none'; style-src 'unsafe-inline'\">"))
        for word in [
            "<script", "<link", "<img", "<iframe", "<object", "@import", "url(http", " src=",
            " onclick",
        ] {
            #expect(!page.contains(word), "\(word)")
        }
        #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
        #expect(page.contains("prefers-color-scheme:dark") && page.contains("@media print"))
        #expect(page.contains("name=\"viewport\""))
    }

    @Test func tagsAreClosedInOrder() throws {
        for outcome in [
            try Sample.checked([Sample.image()]), Sample.outcome([Sample.finding()]),
            CheckOutcome(
                references: [.failed(source: "x", DerootError(.io, "gone"))], policy: CheckPolicy()),
        ] {
            let page = try Sample.page(outcome)
            var open: [Substring] = []
            let void: Set<Substring> = ["meta", "br", "line"]
            for part in page.split(separator: "<").dropFirst() {
                let name = part.prefix { $0.isLetter || $0.isNumber || $0 == "/" }
                if name.hasPrefix("/") {
                    #expect(open.popLast() == name.dropFirst(), "</\(name)> in \(part.prefix(60))")
                } else if !name.isEmpty, !void.contains(name) {
                    let tag = part.prefix { $0 != ">" }
                    if !tag.hasSuffix("/") { open.append(name) }
                }
            }
            #expect(open.isEmpty)
        }
    }

    @Test func headingsAreInOrderAndIdsUnique() throws {
        let page = try Sample.page(try Sample.checked([Sample.image(), try arm()]))
        let levels = page.split(separator: "<h").compactMap { part -> Int? in
            guard let digit = part.first?.wholeNumberValue,
                part.dropFirst().first.map({ " >".contains($0) }) == true
            else { return nil }
            return digit
        }
        #expect(levels.first == 1 && levels.count { $0 == 1 } == 1)
        #expect(zip(levels, levels.dropFirst()).allSatisfy { $1 <= $0 + 1 })
        let ids = page.split(separator: " id=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
        #expect(Set(ids).count == ids.count && ids.count >= 4)
        for target in page.split(separator: "href=\"#").dropFirst() {
            #expect(ids.contains(target.prefix { $0 != "\"" }))
        }
    }

    private func arm() throws -> ImageFixture {
        var image = try Sample.image()
        image.architecture = "arm64"
        return image
    }

    @Test func theReportOfAFileIsTheSamePage() throws {
        let outcome = try Sample.checked([Sample.image(), try arm()])
        let json = CheckJSON.document(outcome)
        let again = try JSON.parse(json.serialized(indented: true))
        #expect(
            HTMLPage.text([try ReportPage(again, file: "y")])
                == HTMLPage.text([try ReportPage(json, file: "x")]))
    }

    @Test func cardsBarsAndTreeTellWhatHappens() throws {
        let page = try Sample.page(try Sample.checked([Sample.image()]))
        for text in [
            "<span class=\"was\">root (none set)</span>", "<span class=\"now\">65532:65532</span>",
            "2 layers: 2 rewritten, 1 added", "<rect class=\"added\"", "url(#hatch-1)",
            "-rwsr-xr-x → -rwxr-xr-x", "0:0 → 65532:65532", "aria-label=\"2 layers:",
            "runAsNonRoot: true", "Why it matters", "<code class=\"where\">/usr/bin/su</code>",
        ] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test func conversionReportsArePagesToo() throws {
        let layout = try LayoutFixture(try Sample.image())
        let conversion = Conversion(try layout.source(), ConversionOptions())
        let result = try conversion.convert(into: layout.destination().begin())
        let json = ConversionReport.document(
            result, listings: result.listings, destination: "oci:result")
        let page = HTMLPage.text([
            try ReportPage(try JSON.parse(json.serialized()), file: "report.json")
        ])
        for text in [
            "Conversion report", "CONVERTED", "<span class=\"now\">65532:65532</span>",
            "setuid removed", "/home/nonroot".split(separator: "/").last.map(String.init) ?? "",
            result.root.digest.description, "added by deroot",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(!page.contains("<h3>Findings"))
    }

    @Test(arguments: [
        ("[]", "no report of deroot"), ("{}", "no report of deroot"),
        (#"{"deroot":"plan","version":1}"#, "no report of deroot"),
        (#"{"deroot":"check","version":2,"tool":"x"}"#, "another version"),
        (#"{"deroot":"check","version":1}"#, "'tool'"),
        (
            #"{"deroot":"check","version":1,"tool":"x","options":"","failOn":"error","references":7}"#,
            "'references'"
        ),
        (#"{"deroot":"report","version":1,"tool":"x","options":""}"#, "'source'"),
    ])
    func whatIsNoReportIsRefused(_ text: String, _ expected: String) throws {
        let error = #expect(throws: DerootError.self) {
            try ReportPage(try JSON.parse(Array(text.utf8)), file: "x.json")
        }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
        #expect(error?.location.file == "x.json")
    }

    @Test func manyPathsAreCounted() throws {
        let layer = try LayerFixture { tar in
            tar.directory("srv/")
            for index in 0..<5000 { tar.file("srv/f\(index)") }
        }
        var options = ConversionOptions()
        options.own = [try PathPattern("/srv")]
        let page = try Sample.page(
            try Sample.checked([ImageFixture([layer])], options: options))
        #expect(page.contains("more paths are in the JSON report"))
        #expect(page.split(separator: "<li class=\"row\">").count <= 4100)
    }
}

@Suite struct PaletteTests {
    /// Relative luminance (WCAG 2.2).
    private func luminance(_ hex: String) throws -> Double {
        let value = try #require(UInt32(hex.dropFirst(), radix: 16))
        try #require(hex.count == 7)
        let parts = [16, 8, 0].map { shift in
            let part = Double(value >> UInt32(shift) & 0xFF) / 255
            return part <= 0.04045 ? part / 12.92 : power((part + 0.055) / 1.055)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    /// x to the power of 2.4, as the fifth root of x to the twelfth.
    private func power(_ x: Double) -> Double {
        let twelfth = (0..<12).reduce(1.0) { product, _ in product * x }
        var root = 1.0
        for _ in 0..<60 {
            root -= (root * root * root * root * root - twelfth) / (5 * root * root * root * root)
        }
        return root
    }

    private func contrast(_ a: String, _ b: String) throws -> Double {
        let (x, y) = (try luminance(a), try luminance(b))
        return (max(x, y) + 0.05) / (min(x, y) + 0.05)
    }

    @Test func theMeasureIsRight() throws {
        #expect(abs(try contrast("#ffffff", "#000000") - 21) < 0.01)
        #expect(abs(try contrast("#767676", "#ffffff") - 4.54) < 0.01)
    }

    @Test func everyInkIsReadableOnEveryGround() throws {
        for ground in Palette.grounds {
            for ink in Palette.inks {
                #expect(
                    try contrast(ink.light, ground.light) >= 4.5, "\(ink.name) on \(ground.name)")
                #expect(try contrast(ink.dark, ground.dark) >= 4.5, "\(ink.name) on \(ground.name)")
            }
        }
    }

    @Test func coloursOfTheSheetAreThoseOfThePalette() throws {
        let page = try Sample.page(Sample.outcome([]))
        let sheet = try #require(
            page.split(separator: "<style>").last?.split(separator: "</style>").first)
        let known = Set(
            (Palette.grounds + Palette.inks + Palette.fills).flatMap { [$0.light, $0.dark] })
        for part in sheet.split(separator: "#").dropFirst() {
            let hex = "#" + part.prefix { $0.isHexDigit }
            #expect(known.contains(hex) || hex == "#fff", "\(hex)")
        }
        for part in sheet.split(separator: "var(--").dropFirst() {
            let name = part.prefix { $0 != ")" }
            #expect(sheet.contains("--\(name):"), "\(name)")
        }
    }
}
