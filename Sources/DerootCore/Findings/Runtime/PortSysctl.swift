import DerootBytes
import DerootOCI
import DerootTar

/// NR074: the sysctl that low ports need.
package enum PortSysctl: ImageRule {
    package static let rule = Rule(
        "NR074", "sysctl", .info, "Low ports need a sysctl on some platforms",
        help: """
            Where the platform does not lower it by itself (CRI-O, containerd before 2.0, host \
            networks), the pod has to set net.ipv4.ip_unprivileged_port_start. Pod Security \
            "baseline" allows this sysctl.
            """,
        classes: [7])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let low = image.config.exposedPorts.compactMap { Port.number($0) }.filter { $0 < 1024 }
        guard let lowest = low.min() else { return [] }
        return found(
            "ports from \(lowest) up have to be open to users",
            at: [
                Finding.Evidence(
                    .config("config.ExposedPorts"), before: "\(lowest)",
                    after: "net.ipv4.ip_unprivileged_port_start=\(lowest)")
            ], fix: .none("set the sysctl in the pod's securityContext"))
    }
}
