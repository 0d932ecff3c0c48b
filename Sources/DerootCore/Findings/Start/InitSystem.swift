import DerootBytes
import DerootTar

/// NR022: init systems in the start chain.
package enum InitSystem: ImageRule {
    package static let rule = Rule(
        "NR022", "init-system", .warn, "An init system starts the image's services",
        help: """
            s6-overlay, s6, runit and supervisord are made to run as root and to give each \
            service a user. As another user they need their scan and run directories to be \
            theirs, cannot change users, and some helpers fail. systemd does not run without \
            root at all.
            """,
        classes: [10, 11])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let kinds: [StartChain.Service.Kind] = [.s6Overlay, .s6, .supervisord, .runit, .systemd]
        let services = image.chain.services.filter { kinds.contains($0.kind) }
        return kinds.flatMap { kind in
            found(
                "\(kind.rawValue) starts the services",
                at: services.filter { $0.kind == kind }.map { $0.at.evidence(in: image) },
                severity: kind == .systemd ? .block : .warn, confidence: .seen,
                fix: kind == .systemd
                    ? .none("systemd needs root; run one service a container")
                    : .recipe(
                        "--own PATH hands over its directories; a recipe may start the service itself"
                    ))
        }
    }
}
