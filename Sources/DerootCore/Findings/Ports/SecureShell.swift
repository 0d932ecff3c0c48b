import DerootBytes
import DerootOCI
import DerootTar

/// NR013: port 22 or sshd in the start chain.
package enum SecureShell: ImageRule {
    package static let rule = Rule(
        "NR013", "expose-22", .error, "The image is an SSH server",
        help: """
            NIST SP 800-190 and DISA 2.1 want no sshd in containers. As a user other than root \
            it cannot read its host keys, separate privileges or log in anybody but itself. Take \
            it out of the image; use kubectl exec or docker exec.
            """,
        classes: [13])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let exposed = image.config.exposedPorts.filter { Port.number($0) == 22 }
        var findings = found(
            "port 22 is exposed",
            at: exposed.map {
                Finding.Evidence(.config("config.ExposedPorts"), before: printable($0.utf8))
            }, fix: .none("take the SSH server out of the image"))
        let started = image.chain.services.filter {
            $0.kind == .sshd && !$0.circumstances.isGuarded
        }
        let isCertain = started.contains { !$0.circumstances.isConditional }
        findings += found(
            "sshd is started", at: started.map { $0.at.evidence(in: image) },
            severity: isCertain ? .block : .error, confidence: isCertain ? .seen : .likely,
            fix: .none("take the SSH server out of the image"))
        return findings
    }
}
