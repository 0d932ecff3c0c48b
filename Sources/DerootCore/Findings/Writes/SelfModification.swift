import DerootBytes
import DerootTar

/// NR039: start scripts that write below /etc, /usr or /opt.
package enum SelfModification: ImageRule {
    package static let rule = Rule(
        "NR039", "self-modifying-config", .warn,
        "The start script changes its configuration or code",
        help: """
            The script writes below /etc, /usr or /opt, where files belong to root for good \
            reason: as another user it fails, under set -e for good. --own PATH hands a file \
            over; better is a recipe that makes the change once, at conversion.
            """,
        classes: [26])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access else { return [] }
        let writes = image.chain.writes.filter { write in
            !write.circumstances.isGuarded && isConfiguration(write.path)
                && !access.mayMake(write.path)
        }
        return found(
            "the start script writes \(count(writes.count, "file", "files")) of the configuration or code",
            at: writes.map { $0.at.evidence(in: image, before: "\($0.tool) \($0.path)") },
            confidence: .seen,
            fix: .option("--own PATH hands it over; a recipe makes the change once"))
    }

    /// True for paths that hold configuration or programs, not data.
    static func isConfiguration(_ path: TarPath) -> Bool {
        let trees: [TarPath] = ["etc", "usr", "opt", "bin", "sbin", "lib"]
        return trees.contains { path.isAt(orBelow: $0) }
    }
}
