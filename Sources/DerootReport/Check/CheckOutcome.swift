package import DerootBytes
package import DerootCore

/// What a run of `check` came to: every reference with its findings or with what kept it from being read.
package struct CheckOutcome: Sendable {
    /// One reference of the command line.
    package enum Reference: Sendable {
        case checked(GradedReport)
        /// It could not be read.
        case failed(source: String, DerootError)
    }

    /// In the order of the command line.
    package let references: [Reference]
    /// What decided which findings fail.
    package let policy: CheckPolicy
    /// What `convert` would be asked for, as a command line; empty for the defaults.
    package let options: String
    /// True where the findings are those of the converted images.
    package let isConverted: Bool

    package init(
        references: [Reference], policy: CheckPolicy, options: String = "",
        isConverted: Bool = false
    ) {
        self.references = references
        self.policy = policy
        self.options = options
        self.isConverted = isConverted
    }

    /// The reports, without the references that could not be read.
    package var reports: [GradedReport] {
        references.compactMap { reference in
            if case .checked(let report) = reference { report } else { nil }
        }
    }

    /// The process exit status: 2 what could not be read, 75 what may work later, 1 findings, 0.
    package var exitStatus: Int32 {
        var statuses: Set<Int32> = []
        for reference in references {
            switch reference {
            case .failed(_, let error): statuses.insert(error.code.exitStatus)
            case .checked(let report):
                if report.fails(policy.failOn) { statuses.insert(1) }
                for image in report.images {
                    guard let refusal = image.check.refusal else { continue }
                    let status = refusal.code.exitStatus
                    if status != 1 || policy.failOn != .never { statuses.insert(status) }
                }
            }
        }
        return [64, 2, 75, 1].first { statuses.contains($0) } ?? 0
    }

    /// True where no finding fails the check and everything could be read.
    package var passes: Bool { exitStatus == 0 }
}
