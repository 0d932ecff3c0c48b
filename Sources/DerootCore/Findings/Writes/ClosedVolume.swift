import DerootBytes
import DerootOCI
import DerootTar

/// NR030: VOLUME directories that the user may not write.
package enum ClosedVolume: ImageRule {
    package static let rule = Rule(
        "NR030", "volume-root-owned", .error, "A volume's directory does not belong to the user",
        help: """
            Runtimes give a new volume the owner and mode of the image's directory, so the \
            program cannot write its data. convert hands VOLUME paths over, except directories \
            that much else lives in, such as /var/log; those need --own PATH.
            """,
        classes: [19])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access else { return [] }
        var findings: [Finding] = []
        for volume in image.config.volumes {
            let path = image.start.absolute(volume)
            guard let node = image.tree.resolve(path).node, !access.mayMake(path) else { continue }
            let status = image.tree.entry(of: node).map { image.status($0) } ?? "0755 0:0"
            let isMended = image.futureAccess?.mayMake(path) ?? false
            findings += found(
                "volume \(path) cannot be written by the user",
                at: [image.evidence(at: image.tree.resolve(path).path, before: status)],
                severity: isMended ? nil : .warn,
                fix: isMended
                    ? .automatic("it is handed over") : .option("--own \(path) hands it over"))
        }
        return findings
    }
}
