import DerootBytes
import DerootCore
import DerootOCI
import DerootReport
import DerootTar
import DerootTestSupport
import Testing

/// Names of images are other people's input: in no format may they do anything but be shown.
@Suite struct HostileNamesTests {
    static let names: [(String, [UInt8])] = [
        ("escape", Array("\u{1B}[2J\u{1B}]0;owned\u{7}".utf8)),
        ("newline", Array("a\nerror: NR001\r\nb\tc".utf8)),
        ("c1", Array("\u{9B}31m\u{85}".utf8)), ("bidi", Array("\u{202E}gnp.\u{2066}x".utf8)),
        ("html", Array("<script>alert(1)</script><img src=x onerror=y>".utf8)),
        ("quote", Array("\"' onmouseover='x' \" &amp; ]]> --> </style></title>".utf8)),
        ("xml", Array("]]><failure/>\u{FFFE}\u{FFFF}&#0;".utf8)),
        ("long", [UInt8](repeating: 0x61, count: 5000)), ("bytes", [0x61, 0xFF, 0xFE, 0xC0, 0x80]),
        ("shell", Array("$(rm -rf x);`id`' \"|&".utf8)),
        ("yaml", Array("a: [b]\n- &x *x !!t #".utf8)),
        ("zero width", Array("a\u{200B}\u{FEFF}b".utf8)),
        ("wide", Array("漢字👩‍👩‍👧e\u{301}\u{301}\u{301}".utf8)),
        ("separator", Array("a\u{2028}b\u{2029}".utf8)),
        ("line drawing", [0x0E, 0x0F, 0x08, 0x7F]),
    ]

    private static func isHarmless(_ scalar: Unicode.Scalar, in format: String) -> Bool {
        if scalar == "\n" { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse:
            return false
        default: return scalar.value & 0xFFFE != 0xFFFE || !["html", "junit"].contains(format)
        }
    }

    private static func expectHarmless(_ outcome: CheckOutcome, _ name: String) throws {
        for (format, text) in try Sample.formats(outcome) {
            let bad = text.unicodeScalars.first { !isHarmless($0, in: format) }
            #expect(bad == nil, "\(format) of \(name): U+\(String(bad?.value ?? 0, radix: 16))")
            if format == "json" || format == "sarif" {
                #expect(throws: Never.self) { try JSON.parse(Array(text.utf8)) }
            }
            if format == "html" || format == "junit" {
                let tags = [
                    "<script", "<img", "onerror=y>", "<failure/>", "</style></title>", "' onmouse",
                ]
                for tag in tags { #expect(!text.contains(tag), "\(format) of \(name): \(tag)") }
            }
            if format == "narrow" {
                #expect(text.unicodeScalars.allSatisfy { $0.isASCII || $0.value > 0x7F })
            }
        }
    }

    @Test(arguments: names.indices)
    func asPathsOfAnImage(_ index: Int) throws {
        let (name, bytes) = Self.names[index]
        guard !bytes.contains(0) else { return }
        let layer = try LayerFixture { tar in
            tar.pax([PaxRecord("path", Array("srv/".utf8) + bytes)])
            tar.header(RawHeader("x", mode: 0o4755))
            tar.directory("srv/")
        }
        var options = ConversionOptions()
        options.own = [try PathPattern("/srv")]
        let outcome = try Sample.checked([ImageFixture([layer])], options: options)
        let image = try #require(outcome.reports.first?.images.first)
        // Whatever it is called, it is found, and it changes.
        #expect(image.findings.contains { $0.finding.rule.id == "NR050" })
        try Self.expectHarmless(outcome, name)
        let json = Sample.text(CheckJSON.document(outcome))
        #expect(json.contains("\"pathHex\"") == !printable(bytes).utf8.elementsEqual(bytes))
    }

    @Test(arguments: names.indices)
    func asTextOfAConfig(_ index: Int) throws {
        let (name, bytes) = Self.names[index]
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        let quoted = String(decoding: JSON.string(text).serialized(), as: UTF8.self)
        var image = try Sample.image(
            "\"User\":\(quoted),\"Volumes\":{\(quoted):{}},\"ExposedPorts\":{\(quoted):{}},"
                + "\"WorkingDir\":\(quoted),\"Entrypoint\":[\(quoted)],\"Env\":[\(quoted)]")
        image.architecture = "amd64"
        try Self.expectHarmless(try Sample.checked([image]), name)
    }

    @Test(arguments: names.indices)
    func asAnyTextOfAReport(_ index: Int) throws {
        let (name, bytes) = Self.names[index]
        let text = String(decoding: bytes, as: UTF8.self)
        var finding = Sample.finding(
            text, at: TarPath(bytes), before: text, fix: .option(text))
        finding.evidence.append(.init(.config(text), before: text, after: text))
        var policy = CheckPolicy()
        policy.ignores = IgnoreFile(entries: [
            .init(rule: "NR050", path: try PathPattern("/x"), reason: text, until: "2000-01-01")
        ])
        policy.now = 2_000_000_000
        for verdict in [Verdict.ready, .readyOn(["docker"]), .refused(text), .skipped(text)] {
            let outcome = Sample.outcome(
                [finding], source: text, verdict: verdict, platform: text, policy: policy)
            try Self.expectHarmless(outcome, name)
        }
        let error = DerootError(.malformed, "x", at: .init(entry: printable(bytes)))
        let failed = CheckOutcome(
            references: [.failed(source: text, error)], policy: CheckPolicy())
        try Self.expectHarmless(failed, name)
    }

    @Test(arguments: names.indices)
    func asTextOfAForeignReport(_ index: Int) throws {
        let (name, bytes) = Self.names[index]
        let quoted = String(
            decoding: JSON.string(String(decoding: bytes, as: UTF8.self)).serialized(),
            as: UTF8.self)
        let report = """
            {"deroot":"report","version":1,"tool":\(quoted),"options":\(quoted),"unchanged":false,
            "source":{"reference":\(quoted),"digest":\(quoted)},
            "destination":{"reference":\(quoted),"digest":\(quoted)},"dropped":[\(quoted)],
            "carried":[\(quoted)],"images":[{"manifest":{"before":\(quoted),"after":\(quoted)},
            "layers":[{"before":{"digest":\(quoted)},"after":{"digest":\(quoted),"size":7}}],
            "added":{"digest":\(quoted),"size":9},"bytes":{"before":7,"after":16},
            "plan":{"platform":\(quoted),"config":{"user":{"before":\(quoted),"after":\(quoted)}},
            "layers":[{"entries":[{"index":0,"path":\(quoted),"why":[\(quoted)],
            "mode":{"before":\(quoted),"after":\(quoted)}},{"index":1,"owner":true,"why":["owned"]},
            {"index":2,"path":{"hex":"ff"},"why":[]}]}],
            "added":[{"path":\(quoted),"mode":\(quoted),"owner":{"uid":1,"gid":2},"why":\(quoted)}],
            "notes":[\(quoted)]}}]}
            """
        let page = HTMLPage.text([
            try ReportPage(try JSON.parse(Array(report.utf8)), file: "x")
        ])
        #expect(page.unicodeScalars.allSatisfy { Self.isHarmless($0, in: "html") }, "\(name)")
        #expect(!page.contains("<script") && !page.contains("<img"), "\(name)")
    }

    @Test func aPathOfManyFoldersIsShownAtOnce() throws {
        let deep = Array(repeating: "d", count: 2000).joined(separator: "/")
        let layer = try LayerFixture { tar in
            for index in 0..<50 {
                tar.pax([PaxRecord("path", "\(deep)/\(index)")])
                tar.header(RawHeader("x", mode: 0o4755))
            }
        }
        let page = try Sample.page(try Sample.checked([ImageFixture([layer])]))
        #expect(page.utf8.count < 200_000)
    }
}
