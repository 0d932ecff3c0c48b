import DerootCore

/// What was found under one reference.
public struct CheckReport: Sendable, Hashable {
    /// One image of it.
    public struct Image: Sendable, Hashable {
        /// Its manifest.
        public let digest: Digest
        /// `os/architecture[/variant]`, or `none` for what is no image.
        public let platform: String
        /// The config's User as it stands; nil where there is none.
        public let user: String?
        /// What becomes of it, in a word.
        public let verdict: Verdict
        /// The worst first, then by id.
        public let findings: [Finding]
    }

    /// What becomes of an image.
    public enum Verdict: Sendable, Hashable {
        /// Converts, starts and serves anywhere.
        case ready
        /// Converts, and starts where low ports may be bound: on these platforms.
        case readyOn([String])
        /// Converts only with a recipe or an option that it does not have.
        case needsRecipe
        /// Cannot become non-root; the reason.
        case refused(String)
        /// No image for this library, such as one for Windows; the reason.
        case skipped(String)
        /// Is non-root already.
        case already
    }

    /// The reference as it was given.
    public let reference: String
    /// The index or manifest that it names.
    public let digest: Digest
    /// In the index's order.
    public let images: [Image]

    init(_ report: GradedReport) {
        reference = report.source
        digest = report.digest
        images = report.images.map { image in
            Image(
                digest: image.check.digest, platform: image.check.platform,
                user: image.check.user, verdict: Verdict(image.check.verdict),
                findings: image.findings.map { Finding($0) })
        }
    }

    /// True where no finding is as bad as this, or worse.
    public func passes(_ severity: Severity = .error) -> Bool {
        images.allSatisfy { image in image.findings.allSatisfy { $0.severity < severity } }
    }
}

extension CheckReport.Verdict {
    fileprivate init(_ verdict: DerootCore.Verdict) {
        switch verdict {
        case .ready: self = .ready
        case .readyOn(let platforms): self = .readyOn(platforms)
        case .needsRecipe: self = .needsRecipe
        case .refused(let reason): self = .refused(reason)
        case .skipped(let reason): self = .skipped(reason)
        case .already: self = .already
        }
    }
}
