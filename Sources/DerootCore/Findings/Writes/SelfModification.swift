import DerootBytes
import DerootTar

/// NR039: start scripts that write below /etc, /usr or /opt.
package enum SelfModification: ImageRule {
    package static let rule = Rule(
        "NR039", "self-modifying-config", .warn,
        "The start script changes its configuration or code",
        help: """
            The script writes below /etc, /usr or /opt, where files belong to root for good \
            reason: as another user it fails, and blocks where set -e ends the script there. \
            --own PATH hands a file over; better is a recipe that makes the change once, at \
            conversion.
            """,
        classes: [26])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access else { return [] }
        let writes = image.chain.writes.filter { write in
            !write.circumstances.isGuarded && isConfiguration(write.path)
                && !access.mayMake(write.path)
        }
        return ClosedWrites.findings(rule, writes, in: image) { count in
            "the start script writes \(Self.count(count, "file", "files")) of the configuration or code"
        }
    }

    /// True for paths that hold configuration or programs, not data.
    static func isConfiguration(_ path: TarPath) -> Bool {
        let trees: [TarPath] = ["etc", "usr", "opt", "bin", "sbin", "lib"]
        return trees.contains { path.isAt(orBelow: $0) }
    }
}
