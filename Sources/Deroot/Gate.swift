import DerootCore

/// A standard that an image can be held against; its findings count as errors.
public enum Gate: String, Sendable, Hashable, CaseIterable {
    /// CIS Docker Benchmark, the items that an image decides.
    case cis
    /// dockle's defaults.
    case dockle
    /// Kubernetes Pod Security Standards, profile restricted.
    case podSecurity = "pss"
    /// DISA Container Image Creation and Deployment Guide.
    case disa
    /// OpenShift's security context constraint restricted-v2.
    case openshiftV2 = "openshift-v2"
    /// OpenShift's security context constraint restricted-v3.
    case openshiftV3 = "openshift-v3"
    /// Trivy's checks down to severity LOW.
    case trivyLow = "trivy-low"

    var core: DerootCore.Gate {
        switch self {
        case .cis: .cis
        case .dockle: .dockle
        case .podSecurity: .pss
        case .disa: .disa
        case .openshiftV2: .openshiftV2
        case .openshiftV3: .openshiftV3
        case .trivyLow: .trivyLow
        }
    }
}
