import DerootBytes
import DerootOCI
import DerootTar

/// NR071: the sockets of container engines.
package enum HostSocket: ImageRule {
    package static let rule = Rule(
        "NR071", "needs-host-socket", .warn, "The image talks to the engine on the host",
        help: """
            The command line or the environment names the socket of Docker or containerd. On the \
            host it belongs to root and a group such as docker (0660): the user needs that group \
            (group_add, supplementalGroups), and whoever has it is root on the host.
            """,
        classes: [37])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let sockets = ["docker.sock", "containerd.sock", "crio.sock", "podman.sock"]
        func isNamed(_ text: String) -> Bool { sockets.contains { text.contains($0) } }
        var places = image.config.env.filter(isNamed).map {
            Finding.Evidence(.config("config.Env"), before: printable($0.utf8.prefix(300)))
        }
        places += (image.start.entrypoint + image.start.cmd).filter(isNamed).map {
            Finding.Evidence(.config("config.Cmd"), before: printable($0.utf8.prefix(300)))
        }
        places += image.config.volumes.filter(isNamed).map {
            Finding.Evidence(.config("config.Volumes"), before: printable($0.utf8.prefix(300)))
        }
        return found(
            "the socket of a container engine is named", at: places, confidence: .likely,
            fix: .none("give the container the group of the socket"))
    }
}
