import DerootBytes
import DerootCore
import DerootOCI
import DerootReport
import DerootTar
import DerootTestSupport
import Testing

@Suite struct CheckJSONTests {
    private func schema() throws -> JSON {
        try JSON.parse(try Repository.read("docs/schema/check-1.schema.json"))
    }

    /// Outcomes that use every member between them.
    private func outcomes() throws -> [CheckOutcome] {
        var policy = CheckPolicy()
        policy.gates = Gate.allCases
        policy.failOn = .warn
        policy.now = 2_000_000_000
        policy.ignores = IgnoreFile(entries: [
            .init(rule: "NR050", path: try PathPattern("/usr/**"), reason: "known"),
            .init(rule: "NR051", reason: "old", until: "2020-01-01"),
        ])
        let windows = try ImageFixture([LayerFixture { _ in }], settings: "")
        var other = windows
        other.os = "windows"
        var finding = Sample.finding()
        finding.confidence = .likely
        finding.omitted = 3
        finding.evidence = [
            .init(.file(TarPath([0xFF])), after: "x"), .init(.config("config.User"), before: "0"),
        ]
        finding.evidence[0].layer = Digest.of([1])
        finding.evidence[0].entry = 4
        finding.evidence[0].line = 5
        let refused = ImageCheck(
            digest: Digest.of([2]), platform: "linux/arm64", user: "0", verdict: .refused("bad"),
            findings: [finding], plan: nil)
        var located = refused
        located.refusal = DerootError(.hostile, "bad", at: .init(entry: "x", offset: 9))
        let report = CheckReport(source: "oci:y", digest: Digest.of([2]), images: [located])
        return [
            try Sample.checked([Sample.image(), other], policy: policy),
            CheckOutcome(
                references: [
                    .checked(policy.grade(report)),
                    .failed(source: "oci:z", DerootError(.notFound, "nothing there")),
                ], policy: policy, options: "--user 5:5", isConverted: true),
            Sample.outcome([finding], verdict: .readyOn(["docker", "containerd2"])),
        ]
    }

    @Test func documentsFitTheSchema() throws {
        for outcome in try outcomes() {
            var check = SchemaCheck(try schema())
            check.check(CheckJSON.document(outcome))
            #expect(check.faults == [])
        }
    }

    @Test func theSchemaRefusesOtherThings() throws {
        let good = CheckJSON.document(Sample.outcome([Sample.finding()]))
        var object = try #require(good.object)
        object["extra"] = .null
        var check = SchemaCheck(try schema())
        check.check(.object(object))
        #expect(check.faults == ["$: unknown member extra"])
        object["extra"] = nil
        object["failOn"] = .string("sometimes")
        object["tool"] = nil
        check = SchemaCheck(try schema())
        check.check(.object(object))
        #expect(Set(check.faults) == ["$: tool is missing", "$.failOn: not listed"])
    }

    @Test func countsStatusAndRulesAgree() throws {
        let outcome = try outcomes()[1]
        let root = try #require(CheckJSON.document(outcome).object)
        #expect(root["passed"]?.bool == false && root["exitStatus"]?.integer == 2)
        #expect(root["expired"]?.array?.count == 1)
        let references = try #require(root["references"]?.array)
        #expect(references.count == 2 && references[1].object?["digest"]?.isNull == true)
        let image = try #require(references[0].object?["images"]?.array?.first?.object)
        #expect(image["verdict"]?.object?["reason"]?.string == "bad")
        #expect(image["hints"]?.isNull == true)
        let finding = try #require(image["findings"]?.array?.first?.object)
        #expect(finding["confidence"]?.string == "likely")
        let place = try #require(finding["evidence"]?.array?.first?.object)
        #expect(place["path"]?.string == "/\\xff" && place["pathHex"]?.string == "2fff")
        #expect(place["line"]?.integer == 5 && place["entry"]?.integer == 4)
    }

    @Test func changesAreThoseOfThePlan() throws {
        let root = try #require(CheckJSON.document(try Sample.checked([Sample.image()])).object)
        let image = root["references"]?.array?.first?.object?["images"]?.array?.first?.object
        let layers = try #require(image?["layers"]?.array)
        #expect(layers.count == 2 && layers[0].object?["entries"]?.integer == 4)
        let paths = layers.flatMap { layer in
            (layer.object?["changes"]?.array ?? []).compactMap { $0.object?["path"]?.string }
        }
        #expect(
            paths == ["/usr/bin/su", "/usr/bin/wall", "/srv/app", "/srv/app/index"])
        #expect(image?["hints"]?.object?["docker"]?.string?.hasPrefix("docker run") == true)
    }
}
