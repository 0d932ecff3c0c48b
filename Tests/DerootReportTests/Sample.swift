import DerootBytes
import DerootCore
import DerootOCI
import DerootReport
import DerootStore
import DerootTar
import DerootTestSupport

/// Checks to render: made of values, or of real bytes.
enum Sample {
    static let rule = Rule(
        "NR050", "setuid-file", .error, "A file has the setuid bit",
        help: "Whoever runs it becomes its owner.", classes: [27])

    /// A finding with one place.
    static func finding(
        _ message: String = "1 file has the setuid bit", at path: TarPath = "usr/bin/su",
        severity: Rule.Severity? = nil, before: String? = "4755 0:0", fix: Finding.Fix? = nil
    ) -> Finding {
        Finding(
            rule, severity: severity, message,
            evidence: [.init(.file(path), before: before, after: "0755")],
            fix: fix ?? .automatic("the bit is cleared"))
    }

    /// An outcome of one image with these findings.
    static func outcome(
        _ findings: [Finding], source: String = "oci:image", verdict: Verdict = .ready,
        platform: String = "linux/amd64", policy: CheckPolicy = CheckPolicy()
    ) -> CheckOutcome {
        let digest = Digest.of(Array(source.utf8))
        let image = ImageCheck(
            digest: digest, platform: platform, user: nil, verdict: verdict, findings: findings,
            plan: nil)
        let report = CheckReport(source: source, digest: digest, images: [image])
        return CheckOutcome(references: [.checked(policy.grade(report))], policy: policy)
    }

    /// What `check` says of an image of bytes.
    static func checked(
        _ images: [ImageFixture], policy: CheckPolicy = CheckPolicy(),
        options: ConversionOptions = ConversionOptions()
    ) throws -> CheckOutcome {
        let layout = try LayoutFixture(images)
        let report = try Check(layout.source(), options).run()
        return CheckOutcome(
            references: [.checked(policy.grade(report))], policy: policy,
            options: options.description)
    }

    /// An image with a setuid file, a port, a volume and a hidden copy.
    static func image(_ settings: String? = nil) throws -> ImageFixture {
        let below = try LayerFixture { tar in
            tar.directory("usr/bin/")
            tar.file("usr/bin/su", "x", mode: 0o4755)
            tar.file("usr/bin/wall", "x", mode: 0o2755, gid: 5)
            tar.directory("srv/app/")
        }
        let above = try LayerFixture { tar in tar.file("srv/app/index", "hello") }
        return ImageFixture(
            [below, above],
            settings: settings
                ?? #""ExposedPorts":{"80/tcp":{}},"Volumes":{"/srv/app":{}},"WorkingDir":"/srv/app""#
        )
    }

    static func text(_ json: JSON) -> String {
        String(decoding: json.serialized(indented: true), as: UTF8.self)
    }

    /// The page of an outcome.
    static func page(_ outcome: CheckOutcome) throws -> String {
        HTMLPage.text([try ReportPage(CheckJSON.document(outcome), file: "x")])
    }

    /// All formats of an outcome, by name.
    static func formats(_ outcome: CheckOutcome) throws -> [(name: String, text: String)] {
        let text = CheckText(
            TextStyle(width: 100), isDetailed: true, showsTree: true, showsHints: true)
        let lines = outcome.reports.flatMap { text.lines($0, isConverted: false) }
        let narrow = CheckText(TextStyle(width: 40, usesUnicode: false), showsTree: true)
        let few = outcome.reports.flatMap { narrow.lines($0, isConverted: false) }
        return [
            ("text", lines.joined(separator: "\n")), ("narrow", few.joined(separator: "\n")),
            ("json", self.text(CheckJSON.document(outcome))),
            ("sarif", self.text(CheckSARIF.document(outcome))),
            ("junit", CheckJUnit.text(outcome, rules: Rules.all)), ("html", try page(outcome)),
        ]
    }
}
