/// A rule together with its check; one file each.
package protocol ImageRule: SendableMetatype {
    /// What there is to say about the rule.
    static var rule: Rule { get }
    /// What the rule finds in an image.
    static func findings(in image: CheckedImage) -> [Finding]
}

extension ImageRule {
    /// One finding of the rule with its places; none where there are no places.
    static func found(
        _ message: String, at places: [Finding.Evidence], severity: Rule.Severity? = nil,
        confidence: Finding.Confidence? = nil, fix: Finding.Fix
    ) -> [Finding] {
        guard !places.isEmpty else { return [] }
        return [
            Finding(rule, severity: severity, confidence: confidence, message, fix: fix)
                .with(places)
        ]
    }

    /// `1 file` or `3 files`.
    static func count(_ number: Int, _ one: String, _ many: String) -> String {
        number == 1 ? "1 \(one)" : "\(number) \(many)"
    }
}

extension StartChain.Place {
    /// The place as evidence.
    func evidence(in image: CheckedImage, before: String? = nil) -> Finding.Evidence {
        guard case .file(let path) = place else {
            return Finding.Evidence(place, before: before)
        }
        return image.evidence(at: path, line: line, before: before)
    }
}

/// The catalogue.
package enum Rules {
    /// Every rule with a check, by id.
    package static let checks: [any ImageRule.Type] = [
        RootUser.self, NamedUser.self, UnresolvableUser.self, UserWithoutGroup.self,
        RootGroup.self, LostGroups.self, NumberRange.self, IDCollision.self, BrokenAccounts.self,
        LowPort.self, LowListen.self, PortClash.self, SecureShell.self,
        GuardedStep.self, UnguardedStep.self, InitSystem.self, CronDaemon.self,
        RootOnlyCommand.self, ClosedStart.self, MissingStart.self, RootFlag.self,
        BinaryStart.self,
        ClosedVolume.self, AbsentVolume.self, AbsentWorkdir.self, ClosedWorkdir.self,
        ClosedState.self, ClosedPID.self, LogLink.self, ClosedTemporary.self, OwnerChecked.self,
        SelfModification.self,
        UnreadableFile.self, ClosedDirectory.self, RootHome.self, PinnedHome.self, NoRow.self,
        SetuidFile.self, SetgidFile.self, FileCapabilities.self, EffectiveStart.self,
        SetgidDirectory.self, OddBits.self, KeptPrivileges.self, NeededPrivilege.self,
        KeptAndOwned.self, SplitLinks.self,
        HighIDs.self, DeviceNode.self, ManyAccounts.self, OnBuild.self, WindowsImage.self,
        SignedImage.self, OddLayer.self, LayerGrowth.self, LostSharing.self,
        HistoryMismatch.self,
        NeededCapability.self, HostSocket.self, ExistingVolume.self, WritableSet.self,
        PortSysctl.self,
    ]

    /// What there is to say about every rule, by id.
    package static let all: [Rule] = checks.map { $0.rule }

    /// Everything that is found in an image: the worst first, then by id, then by place.
    package static func findings(
        in image: CheckedImage, and extra: [ExtraRule] = []
    ) -> [Finding] {
        let own = extra.flatMap { $0.findings(image) }
        return (checks.flatMap { $0.findings(in: image) } + own).sorted { a, b in
            a.severity != b.severity ? a.severity > b.severity : a.rule.id < b.rule.id
        }
    }
}

/// A rule of a program that uses the library; it counts like those of the catalogue.
package struct ExtraRule: Sendable {
    /// What it finds in an image.
    package let findings: @Sendable (CheckedImage) -> [Finding]

    package init(_ findings: @escaping @Sendable (CheckedImage) -> [Finding]) {
        self.findings = findings
    }
}
