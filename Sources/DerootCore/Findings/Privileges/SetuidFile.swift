import DerootTar

/// NR050: files with the setuid bit.
package enum SetuidFile: ImageRule {
    package static let rule = Rule(
        "NR050", "setuid-file", .error, "A file has the setuid bit",
        help: """
            Whoever runs such a file becomes its owner, mostly root. CIS Docker 4.8 and DISA 2.3 want \
            the bit gone, and under no_new_privs it is dead anyway. convert clears it in every layer \
            that holds the file, hidden copies and hard links included; --keep PATH spares a file that \
            is needed.
            """,
        classes: [27])

    package static func findings(in image: CheckedImage) -> [Finding] {
        SetidFinding.all(rule, bit: 0o4000, in: image)
    }
}

/// NR051: files with the setgid bit.
package enum SetgidFile: ImageRule {
    package static let rule = Rule(
        "NR051", "setgid-file", .error, "A file has the setgid bit",
        help: """
            Whoever runs such a file gets its group, such as shadow or tty. CIS Docker 4.8 and DISA \
            2.3 want the bit gone, and under no_new_privs it is dead anyway. convert clears it in \
            every layer that holds the file; --keep PATH spares a file that is needed.
            """,
        classes: [27])

    package static func findings(in image: CheckedImage) -> [Finding] {
        SetidFinding.all(rule, bit: 0o2000, in: image)
    }
}

/// What both rules look for.
enum SetidFinding {
    static func all(_ rule: Rule, bit: UInt16, in image: CheckedImage) -> [Finding] {
        var shown: [Finding.Evidence] = []
        var hidden: [Finding.Evidence] = []
        let kept = KeptEntries(image)
        for reference in image.census.setid where image.tree[reference].mode & bit != 0 {
            guard !kept.contains(reference) else { continue }
            let mode = image.tree[reference].mode
            let place = image.evidence(
                reference, before: image.status(reference),
                after: image.isConverted ? nil : PlanJSON.octal(mode & ~0o6000))
            if image.isShown(reference) { shown.append(place) } else { hidden.append(place) }
        }
        let name = bit == 0o4000 ? "setuid" : "setgid"
        let fix = Finding.Fix.automatic("the bit is cleared in every layer")
        var findings: [Finding] = []
        if !shown.isEmpty {
            let what = shown.count == 1 ? "1 file has" : "\(shown.count) files have"
            findings.append(Finding(rule, "\(what) the \(name) bit", fix: fix).with(shown))
        }
        if !hidden.isEmpty {
            let what = hidden.count == 1 ? "1 hidden file has" : "\(hidden.count) hidden files have"
            findings.append(
                Finding(
                    rule, severity: .warn,
                    "\(what) the \(name) bit; containers do not see them, the blobs hold them",
                    fix: image.options.layers == .append
                        ? .option("--layers rewrite clears it below as well") : fix
                ).with(hidden))
        }
        return findings
    }
}

/// Privileged entries that `--keep` spares.
struct KeptEntries {
    private let policy: EntryPolicy
    private let image: CheckedImage

    init(_ image: CheckedImage) {
        self.image = image
        var policy = EntryPolicy(image.options)
        // A recipe may keep some as well.
        let more = (image.plan?.recipe?.keep ?? []).compactMap { try? PathPattern($0) }
        policy.keptPatterns = image.options.keep + more
        policy.keptPaths = Set(policy.keptPatterns.flatMap { $0.expand(in: image.tree) })
        self.policy = policy
    }

    /// True where one of the names of the entry's inode is on the list.
    func contains(_ reference: EntryRef) -> Bool {
        guard !policy.keptPatterns.isEmpty else { return false }
        return image.tree.linkGroup(of: reference).contains { policy.keeps(image.path($0)) }
    }
}
