import DerootBytes
import DerootCore
import DerootTar
import Testing

@Suite struct GateTests {
    private static func rule(_ id: String, _ severity: Rule.Severity) -> Rule {
        Rule(id, "a-rule", severity, "A rule", help: "Help.")
    }

    private static func report(
        _ findings: [Finding], owner: (UInt32, UInt32)? = nil
    ) throws -> CheckReport {
        let digest = Digest.of([1])
        let plan = owner.map { uid, gid in
            ImagePlan(
                manifest: digest, platform: "linux/amd64", owner: .init(uid: uid, gid: gid),
                userBefore: nil, userAfter: "\(uid):\(gid)", homeBefore: nil, homeAfter: nil,
                layers: [], added: [], notes: [])
        }
        let image = ImageCheck(
            digest: digest, platform: "linux/amd64", user: nil, verdict: .ready,
            findings: findings, plan: plan)
        return CheckReport(source: "oci:x", digest: digest, images: [image])
    }

    private static func graded(
        _ id: String, _ severity: Rule.Severity, natural: Rule.Severity? = nil, _ gates: [Gate],
        owner: (UInt32, UInt32)? = nil
    ) throws -> GradedFinding {
        var policy = CheckPolicy()
        policy.gates = gates
        let finding = Finding(
            rule(id, natural ?? severity), severity: severity, "found", fix: .none(""))
        let report = try report([finding], owner: owner)
        return try #require(policy.grade(report).images.first?.findings.first)
    }

    @Test(arguments: [
        ("NR010", Gate.disa, Rule.Severity.error), ("NR010", .openshiftV2, .error),
        ("NR010", .openshiftV3, .error), ("NR010", .trivyLow, .error), ("NR010", .cis, .warn),
        ("NR010", .pss, .warn), ("NR009", .dockle, .error), ("NR009", .cis, .warn),
        ("NR005", .trivyLow, .error), ("NR005", .openshiftV2, .warn), ("NR070", .pss, .error),
        ("NR057", .pss, .error), ("NR034", .openshiftV2, .error), ("NR034", .openshiftV3, .warn),
    ])
    func gatesRaiseWhatTheyDemand(_ id: String, _ gate: Gate, _ expected: Rule.Severity) throws {
        let graded = try Self.graded(id, .warn, [gate])
        #expect(graded.severity == expected)
        #expect(graded.breaches.map(\.gate) == (expected == .error ? [gate] : []))
        #expect(try Self.graded(id, .warn, []).severity == .warn)
    }

    @Test(arguments: [
        (UInt32(999), UInt32(999), Gate.openshiftV3, true), (1000, 1000, .openshiftV3, false),
        (65534, 5, .openshiftV3, false), (65535, 1000, .openshiftV3, true),
        (10000, 65532, .trivyLow, true), (65532, 10000, .trivyLow, true),
        (10001, 10001, .trivyLow, false), (999, 999, .pss, false),
    ])
    func numbersAreHeldAgainstRanges(
        _ uid: UInt32, _ gid: UInt32, _ gate: Gate, _ isBroken: Bool
    ) throws {
        let graded = try Self.graded("NR007", .warn, [gate], owner: (uid, gid))
        #expect((graded.severity == .error) == isBroken)
    }

    @Test func aCaseThatItsRuleTakesLightlyStaysLight() throws {
        // A setuid file that no container sees: the rule is an error, the case a warning.
        let hidden = try Self.graded("NR050", .warn, natural: .error, [.cis])
        #expect(hidden.severity == .warn && hidden.breaches.isEmpty)
        let shown = try Self.graded("NR050", .error, [.cis])
        #expect(shown.breaches.first?.clause == "4.8 no setuid or setgid files")
        #expect(try Self.graded("NR010", .info, [.disa]).severity == .info)
        #expect(try Self.graded("NR053", .block, [.pss]).severity == .block)
    }

    @Test func raisedFindingsComeFirst() throws {
        var policy = CheckPolicy()
        policy.gates = [.disa]
        let findings = [
            Finding(Self.rule("NR001", .error), "a", fix: .none("")),
            Finding(Self.rule("NR004", .warn), "b", fix: .none("")),
            Finding(Self.rule("NR010", .warn), "c", fix: .none("")),
            Finding(Self.rule("NR020", .info), "d", fix: .none("")),
        ]
        let image = try #require(policy.grade(Self.report(findings)).images.first)
        #expect(image.findings.map(\.finding.message) == ["a", "c", "b", "d"])
        #expect(image.count(.error) == 2 && image.count(.warn) == 1)
    }

    @Test(arguments: [
        (CheckPolicy.FailOn.error, Rule.Severity.warn, false), (.error, .error, true),
        (.error, .block, true), (.warn, .warn, true), (.warn, .info, false),
        (.never, .block, false),
    ])
    func theThresholdDecides(
        _ failOn: CheckPolicy.FailOn, _ severity: Rule.Severity, _ fails: Bool
    ) throws {
        let finding = Finding(Self.rule("NR001", severity), "x", fix: .none(""))
        #expect(CheckPolicy().grade(try Self.report([finding])).fails(failOn) == fails)
    }

    @Test func everyRuleOfAGateIsWellFormed() {
        for gate in Gate.allCases {
            #expect(!gate.demands.isEmpty && !gate.title.isEmpty)
            for id in gate.demands.flatMap(\.rules) {
                #expect(id.count == 5 && id.hasPrefix("NR") && UInt(id.dropFirst(2)) != nil)
            }
        }
    }
}
