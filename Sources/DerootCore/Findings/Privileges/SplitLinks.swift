import DerootTar

/// NR059: hard links whose entries disagree.
package enum SplitLinks: ImageRule {
    package static let rule = Rule(
        "NR059", "hardlink-split", .error, "The names of one file have different modes or owners",
        help: """
            Hard links share one inode, and runtimes apply every entry's mode and owner to it: \
            the last one wins, so a setuid bit on one forgotten name comes back. convert changes \
            all names alike.
            """,
        classes: [42])

    package static func findings(in image: CheckedImage) -> [Finding] {
        var privileged: [Finding.Evidence] = []
        var plain: [Finding.Evidence] = []
        for group in image.tree.linkGroups {
            guard let first = group.first(where: { image.isShown($0) }) else { continue }
            let same = group.filter { $0.layer == first.layer }
            let odd = same.filter { reference in
                let (a, b) = (image.tree[first], image.tree[reference])
                return a.mode != b.mode || a.uid != b.uid || a.gid != b.gid
            }
            guard let second = odd.first else { continue }
            let isPrivileged = same.contains { image.tree[$0].isSetid }
            let places = [first, second].map { image.evidence($0, before: image.status($0)) }
            if isPrivileged { privileged += places } else { plain += places }
        }
        return found(
            "names of one file disagree on a setuid or setgid bit", at: privileged,
            fix: .automatic("the bit is cleared on every name"))
            + found(
                "names of one file have different modes or owners", at: plain, severity: .warn,
                fix: .none("the last name counts; repair it in the image's own build"))
    }
}
