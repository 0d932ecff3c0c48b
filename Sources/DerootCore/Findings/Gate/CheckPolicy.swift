package import DerootBytes
import DerootTar

/// What makes a check fail: gates, the threshold, and what was accepted.
package struct CheckPolicy: Sendable {
    /// From which severity on a finding fails the check.
    package enum FailOn: String, Sendable, Hashable, CaseIterable {
        case error, warn, never

        /// True where a finding of this severity fails the check.
        package func isFailure(_ severity: Rule.Severity) -> Bool {
            switch self {
            case .error: severity >= .error
            case .warn: severity >= .warn
            case .never: false
            }
        }
    }

    /// The standards that findings are held against.
    package var gates: [Gate] = []
    /// From which severity on a finding fails.
    package var failOn = FailOn.error
    /// What was accepted.
    package var ignores = IgnoreFile()
    /// Seconds since 1970, for the days on which accepted findings expire.
    package var now: Int64 = 0

    package init() {}

    /// The accepted findings whose last day is over: they count again.
    package var expired: [IgnoreFile.Entry] { ignores.entries.filter { $0.isExpired(at: now) } }

    /// Applies all of it to what was found.
    package func grade(_ report: CheckReport) -> GradedReport {
        GradedReport(
            source: report.source, digest: report.digest, images: report.images.map(grade))
    }

    private func grade(_ image: ImageCheck) -> GradedImage {
        var findings: [GradedFinding] = []
        for finding in image.findings {
            findings.append(grade(finding, of: image))
        }
        // Raised ones move up; the order within a severity is the rules' own.
        let order = findings.enumerated().sorted { a, b in
            a.element.severity != b.element.severity
                ? a.element.severity > b.element.severity : a.offset < b.offset
        }
        return GradedImage(image, findings: order.map(\.element))
    }

    private func grade(_ finding: Finding, of image: ImageCheck) -> GradedFinding {
        var graded = GradedFinding(finding)
        // A case that its rule takes lightly, such as a file that no container sees, stays light.
        let isLight = finding.severity < finding.rule.severity || finding.severity == .info
        let owner = image.plan?.owner
        for gate in gates where !isLight {
            guard
                let demand = gate.demand(
                    broken: finding.rule.id, uid: owner?.uid, gid: owner?.gid)
            else { continue }
            graded.breaches.append(.init(gate: gate, clause: demand.clause))
        }
        if !graded.breaches.isEmpty, finding.severity == .warn { graded.finding.severity = .error }
        for entry in ignores.entries where entry.rule == finding.rule.id {
            guard !entry.isExpired(at: now) else { continue }
            graded.accept(entry)
        }
        return graded
    }
}

/// A finding with what the policy makes of it.
package struct GradedFinding: Sendable {
    /// A gate's demand that the finding breaks.
    package struct Breach: Sendable, Hashable {
        /// The standard.
        package let gate: Gate
        /// The gate's own name for the demand.
        package let clause: String

        package init(gate: Gate, clause: String) {
            self.gate = gate
            self.clause = clause
        }
    }

    /// With the severity that counts, and without the places that were accepted.
    package var finding: Finding
    /// The demands that it breaks, in the order of the gates.
    package var breaches: [Breach] = []
    /// Why all of it was accepted; nil where it counts.
    package private(set) var ignored: IgnoreFile.Entry?
    /// How many of its places were accepted.
    package private(set) var acceptedPlaces = 0

    package init(_ finding: Finding) { self.finding = finding }

    /// The severity that counts.
    package var severity: Rule.Severity { finding.severity }

    /// True unless it was accepted.
    package var counts: Bool { ignored == nil }

    /// Takes accepted places away, and accepts the finding where none is left.
    mutating func accept(_ entry: IgnoreFile.Entry) {
        guard ignored == nil else { return }
        guard let pattern = entry.path else {
            ignored = entry
            return
        }
        let rest = finding.evidence.filter { place in
            guard case .file(let path) = place.place else { return true }
            return !pattern.matches(path)
        }
        guard rest.count < finding.evidence.count else { return }
        if rest.isEmpty, finding.omitted == 0 {
            ignored = entry
            return
        }
        acceptedPlaces += finding.evidence.count - rest.count
        finding.evidence = rest
    }
}

/// One image with its graded findings, the worst first.
package struct GradedImage: Sendable {
    /// What was found, before the policy.
    package let check: ImageCheck
    /// Accepted ones included.
    package let findings: [GradedFinding]

    package init(_ check: ImageCheck, findings: [GradedFinding]) {
        self.check = check
        self.findings = findings
    }

    /// How many findings of a severity count.
    package func count(_ severity: Rule.Severity) -> Int {
        findings.count { $0.counts && $0.severity == severity }
    }

    /// How many findings were accepted.
    package var ignoredCount: Int { findings.count { !$0.counts } }
}

/// What was found under one reference, graded.
package struct GradedReport: Sendable {
    /// The reference as the user wrote it.
    package let source: String
    /// The index or manifest that it names.
    package let digest: Digest
    /// In the index's order.
    package let images: [GradedImage]

    package init(source: String, digest: Digest, images: [GradedImage]) {
        self.source = source
        self.digest = digest
        self.images = images
    }

    /// True where some finding fails the check.
    package func fails(_ failOn: CheckPolicy.FailOn) -> Bool {
        images.contains { image in
            image.findings.contains { $0.counts && failOn.isFailure($0.severity) }
        }
    }
}
