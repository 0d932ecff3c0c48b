package import DerootBytes

/// What `check` says of one image in a word.
package enum Verdict: Sendable, Hashable {
    /// Converts, starts and serves anywhere.
    case ready
    /// Converts and starts where low ports may be bound: the platforms' names.
    case readyOn([String])
    /// Converts only with a recipe or an option that it does not have.
    case needsRecipe
    /// Cannot become non-root; the reason.
    case refused(String)
    /// Not an image for this tool, such as one for Windows; the reason.
    case skipped(String)
    /// Is non-root already and has nothing to change.
    case already

    /// The word alone, such as `READY-ON`.
    package var word: String {
        switch self {
        case .ready: "READY"
        case .readyOn: "READY-ON"
        case .needsRecipe: "NEEDS-RECIPE"
        case .refused: "REFUSED"
        case .skipped: "SKIPPED"
        case .already: "ALREADY"
        }
    }
}

/// What was found in one image of a reference.
package struct ImageCheck: Sendable {
    /// The manifest.
    package let digest: Digest
    /// `os/architecture[/variant]`.
    package let platform: String
    /// The config's User as it stands, nil where there is none.
    package let user: String?
    package let verdict: Verdict
    /// The worst first, then by id, then by place.
    package let findings: [Finding]
    /// What `convert` would do with the same options; nil where it would refuse.
    package let plan: ImagePlan?
    /// Its layers and config; nil for what is no image.
    package var details: ImageDetails?
    /// What stops a conversion by itself, with its place; its code says how the program ends.
    package var refusal: DerootError?

    package init(
        digest: Digest, platform: String, user: String?, verdict: Verdict, findings: [Finding],
        plan: ImagePlan?
    ) {
        self.digest = digest
        self.platform = platform
        self.user = user
        self.verdict = verdict
        self.findings = findings
        self.plan = plan
    }
}

/// What was found under one reference.
package struct CheckReport: Sendable {
    /// The reference as the user wrote it.
    package let source: String
    /// The index or manifest that it names.
    package let digest: Digest
    /// In the index's order.
    package let images: [ImageCheck]

    package init(source: String, digest: Digest, images: [ImageCheck]) {
        self.source = source
        self.digest = digest
        self.images = images
    }
}
