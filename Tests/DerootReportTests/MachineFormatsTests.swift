import DerootBytes
import DerootCore
import DerootOCI
import DerootReport
import DerootTar
import DerootTestSupport
import Testing

@Suite struct CheckSARIFTests {
    private func run(_ outcome: CheckOutcome) throws -> JSONObject {
        let root = try #require(CheckSARIF.document(outcome).object)
        #expect(root["version"]?.string == "2.1.0")
        return try #require(root["runs"]?.array?.first?.object)
    }

    @Test func resultsPointAtRulesAndPlaces() throws {
        let run = try run(try Sample.checked([Sample.image()]))
        let driver = try #require(run["tool"]?.object?["driver"]?.object)
        let rules = try #require(driver["rules"]?.array).compactMap(\.object)
        let results = try #require(run["results"]?.array).compactMap(\.object)
        #expect(!results.isEmpty)
        for rule in rules {
            #expect(rule["help"]?.object?["text"]?.string?.isEmpty == false)
            #expect(rule["shortDescription"]?.object?["text"]?.string?.isEmpty == false)
            let tags = try #require(rule["properties"]?.object?["tags"]?.array)
            #expect(tags.count <= 20 && Set(tags.compactMap(\.string)).count == tags.count)
            let name = try #require(rule["name"]?.string)
            #expect(
                name.allSatisfy { $0.isLetter || $0.isNumber } && name.first?.isUppercase == true)
        }
        for result in results {
            let index = try #require(result["ruleIndex"]?.integer)
            #expect(rules[Int(index)]["id"] == result["ruleId"])
            #expect(["error", "warning", "note"].contains(result["level"]?.string))
            let locations = try #require(result["locations"]?.array)
            #expect((1...100).contains(locations.count))
            for location in locations {
                let place = try #require(location.object?["physicalLocation"]?.object)
                let uri = try #require(place["artifactLocation"]?.object?["uri"]?.string)
                #expect(!uri.hasPrefix("/") && !uri.contains("//") && !uri.contains(":"))
                #expect(place["region"]?.object?["startLine"]?.integer ?? 0 >= 1)
            }
            let prints = try #require(result["partialFingerprints"]?.object)
            #expect(prints["primaryLocationLineHash"]?.string?.count == 34)
            #expect(result["message"]?.object?["text"]?.string?.unicodeScalars.count ?? 0 <= 1000)
        }
    }

    @Test func fingerprintsOutliveTheDigest() throws {
        let prints = try ["oci:a", "oci:a@0", "oci:b"].map { source in
            let results = try run(Sample.outcome([Sample.finding()], source: source))["results"]
            return results?.array?.first?.object?["partialFingerprints"]
        }
        #expect(prints[0] == prints[1] && prints[0] != prints[2])
    }

    @Test func limitsHoldAndTheWorstStay() throws {
        var findings = (0..<25_010).map { Sample.finding("n\($0)", severity: .info) }
        findings.append(Sample.finding("worst", severity: .block))
        findings[0].evidence = (0..<500).map { .init(.file(TarPath("f\($0)"))) }
        let outcome = Sample.outcome(findings)
        let results = try #require(try run(outcome)["results"]?.array)
        #expect(results.count == 25_000)
        #expect(
            results.contains {
                $0.object?["message"]?.object?["text"]?.string?.hasPrefix("worst") == true
            })
    }

    @Test func acceptedFindingsAreSuppressedAndFailuresNotified() throws {
        var policy = CheckPolicy()
        policy.ignores = IgnoreFile(entries: [.init(rule: "NR050", reason: "known")])
        let accepted = try run(Sample.outcome([Sample.finding()], policy: policy))
        let suppression = accepted["results"]?.array?.first?.object?["suppressions"]?.array?.first
        #expect(suppression?.object?["justification"]?.string == "known")
        let failed = try run(
            CheckOutcome(
                references: [.failed(source: "x", DerootError(.io, "gone"))],
                policy: CheckPolicy()))
        let invocation = try #require(failed["invocations"]?.array?.first?.object)
        #expect(invocation["executionSuccessful"]?.bool == false)
        #expect(invocation["exitCode"]?.integer == 2)
        #expect(invocation["toolExecutionNotifications"]?.array?.count == 1)
        #expect(failed["results"]?.array?.isEmpty == true)
    }
}

@Suite struct CheckJUnitTests {
    @Test func eachRuleIsACase() throws {
        let text = CheckJUnit.text(try Sample.checked([Sample.image()]), rules: Rules.all)
        #expect(text.hasPrefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "))
        for rule in Rules.all { #expect(text.contains("name=\"\(rule.id) \(rule.name)\"")) }
        #expect(text.contains("<failure type=\"error\" message=\"1 file has the setuid bit\">"))
        #expect(text.contains("<system-out>READY"))
    }

    @Test func countsAddUp() throws {
        let failed = CheckOutcome.Reference.failed(source: "x", DerootError(.io, "gone"))
        let checked = Sample.outcome([Sample.finding()]).references
        let text = CheckJUnit.text(
            CheckOutcome(references: checked + [failed], policy: CheckPolicy()),
            rules: [Sample.rule, Rule("NR001", "a", .error, "A", help: "")])
        #expect(text.contains("tests=\"4\" failures=\"1\" errors=\"1\">"))
        #expect(text.contains("<error type=\"io\" message=\"gone\"/>"))
    }

    @Test(arguments: [
        (CheckPolicy.FailOn.error, false), (.warn, true), (.never, false),
    ])
    func theThresholdDecides(_ failOn: CheckPolicy.FailOn, _ fails: Bool) {
        var policy = CheckPolicy()
        policy.failOn = failOn
        let outcome = Sample.outcome([Sample.finding(severity: .warn)], policy: policy)
        let text = CheckJUnit.text(outcome, rules: [Sample.rule])
        #expect(text.contains("<failure") == fails)
        // What does not fail is still told.
        #expect(text.contains("warn: 1 file has the setuid bit"))
    }

    @Test func acceptedFindingsAreSkipped() {
        var policy = CheckPolicy()
        policy.ignores = IgnoreFile(entries: [.init(rule: "NR050", reason: "a & b")])
        let text = CheckJUnit.text(
            Sample.outcome([Sample.finding()], policy: policy), rules: [Sample.rule])
        #expect(text.contains("<skipped message=\"accepted: a &amp; b\"/>"))
        #expect(!text.contains("<failure"))
    }
}
