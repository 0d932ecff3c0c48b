import DerootBytes

extension Verdict {
    /// Decides from what `convert` would do and what is still found afterwards.
    ///
    /// Without a plan, an account that does not resolve can be helped by an option; all else that
    /// stops a conversion cannot.
    init(plan: ImagePlan?, refusal: DerootError?, findings: [Finding]) {
        if let refusal {
            self = refusal.code == .blocked ? .needsRecipe : .refused(refusal.message)
            return
        }
        if let plan, plan.isEmpty {
            self = .already
            return
        }
        let blocking = findings.filter { $0.severity == .block }
        for finding in blocking {
            guard case .none = finding.fix else { continue }
            self = .refused(finding.message)
            return
        }
        if !blocking.isEmpty {
            self = .needsRecipe
        } else if findings.contains(where: { $0.rule.id == "NR010" }) {
            self = .readyOn(["docker", "containerd2"])
        } else {
            self = .ready
        }
    }
}
