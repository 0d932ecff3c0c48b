/// A standard that an image can be held against; its findings count as errors.
package enum Gate: String, Sendable, Hashable, CaseIterable {
    /// CIS Docker Benchmark, the items that an image decides.
    case cis
    /// dockle's defaults.
    case dockle
    /// Kubernetes Pod Security Standards, profile restricted.
    case pss
    /// DISA Container Image Creation and Deployment Guide.
    case disa
    /// OpenShift's security context constraint restricted-v2.
    case openshiftV2 = "openshift-v2"
    /// OpenShift's security context constraint restricted-v3.
    case openshiftV3 = "openshift-v3"
    /// Trivy's checks of images and manifests down to severity LOW.
    case trivyLow = "trivy-low"

    /// What the gate is called in full.
    package var title: String {
        switch self {
        case .cis: "CIS Docker Benchmark"
        case .dockle: "dockle"
        case .pss: "Kubernetes Pod Security Standards, restricted"
        case .disa: "DISA Container Image Creation and Deployment Guide V2R0.6"
        case .openshiftV2: "OpenShift SCC restricted-v2"
        case .openshiftV3: "OpenShift SCC restricted-v3"
        case .trivyLow: "Trivy, severity LOW and above"
        }
    }

    /// What the gate asks for, each with the rules that see a breach of it.
    package var demands: [Demand] {
        switch self {
        case .cis: Self.cisDemands
        case .dockle: Self.dockleDemands
        case .pss: Self.pssDemands
        case .disa: Self.disaDemands
        case .openshiftV2: Self.openshiftV2Demands
        case .openshiftV3: Self.openshiftV3Demands
        case .trivyLow: Self.trivyDemands
        }
    }

    /// The demand that a finding of this rule breaks; nil where the gate does not mind.
    ///
    /// `uid` and `gid` are whom the converted image runs as; nil where nobody is known.
    package func demand(broken rule: String, uid: UInt32?, gid: UInt32?) -> Demand? {
        demands.first { $0.rules.contains(rule) && $0.range.isBroken(uid: uid, gid: gid) }
    }

    /// One demand of a gate.
    package struct Demand: Sendable, Hashable {
        /// The standard's own name for it.
        package let clause: String
        /// The rules whose findings break it.
        package let rules: [String]
        /// Which numbers break it; all do unless the demand is about numbers.
        package let range: IDRange

        init(_ clause: String, _ rules: [String], _ range: IDRange = .any) {
            self.clause = clause
            self.rules = rules
            self.range = range
        }
    }

    /// A demand on the numbers of user and group.
    package enum IDRange: Sendable, Hashable {
        /// It is not about numbers.
        case any
        /// The user's number must be within these.
        case user(ClosedRange<UInt32>)
        /// Both numbers must be at least this.
        case atLeast(UInt32)

        func isBroken(uid: UInt32?, gid: UInt32?) -> Bool {
            guard let uid, let gid else { return true }
            switch self {
            case .any: return true
            case .user(let range): return !range.contains(uid)
            case .atLeast(let least): return uid < least || gid < least
            }
        }
    }
}
