import DerootBytes
import DerootOCI
import DerootTar

/// NR010: EXPOSE of ports below 1024.
package enum LowPort: ImageRule {
    package static let rule = Rule(
        "NR010", "low-port", .warn, "The image wants a port below 1024",
        help: """
            Docker since 20.10 and containerd since 2.0 let everybody bind low ports in a \
            container's own network; CRI-O, older containerd and host networks do not, and there \
            the server ends with "bind: permission denied". DISA 2.5 and Trivy KSV-0117 forbid \
            such ports. --ports remap moves the port where a recipe knows how; otherwise the \
            port stays and the pod needs the sysctl net.ipv4.ip_unprivileged_port_start.
            """,
        classes: [7])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let low = image.config.exposedPorts.filter { Port.number($0).map { $0 < 1024 } ?? false }
        return found(
            "\(count(low.count, "port", "ports")) below 1024: \(low.map { printable($0.utf8) }.joined(separator: ", "))",
            at: low.map { port in
                Finding.Evidence(.config("config.ExposedPorts"), before: printable(port.utf8))
            }, fix: .recipe("--ports remap moves it with a recipe that knows the server"))
    }
}
