import DerootBytes
import DerootTar

/// NR070: programs of the start that need capabilities.
package enum NeededCapability: ImageRule {
    package static let rule = Rule(
        "NR070", "needs-capability", .warn, "The start uses programs that need capabilities",
        help: """
            Firewalls, tunnels, mounts, tracing and raw sockets are the kernel's business: no \
            change of the image lets another user do that. Give the container the capability, \
            where the platform allows it, or leave the function out.
            """,
        classes: [37])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let needs = [
            "iptables": "NET_ADMIN", "ip6tables": "NET_ADMIN", "nft": "NET_ADMIN",
            "ipset": "NET_ADMIN",
            "tc": "NET_ADMIN", "wg": "NET_ADMIN", "wg-quick": "NET_ADMIN", "openvpn": "NET_ADMIN",
            "tailscaled": "NET_ADMIN", "mount": "SYS_ADMIN", "umount": "SYS_ADMIN",
            "fusermount": "SYS_ADMIN", "fusermount3": "SYS_ADMIN", "unshare": "SYS_ADMIN",
            "dockerd": "everything", "containerd": "everything", "buildkitd": "SYS_ADMIN",
            "strace": "SYS_PTRACE", "perf": "PERFMON", "bpftrace": "BPF", "tcpdump": "NET_RAW",
            "ping": "NET_RAW", "keepalived": "NET_ADMIN", "modprobe": "SYS_MODULE",
            "ntpd": "SYS_TIME", "chronyd": "SYS_TIME", "hwclock": "SYS_TIME",
        ]
        let places = image.chain.commands.filter { needs[$0.key] != nil }.sorted { $0.key < $1.key }
            .map { name, place in
                var evidence = place.evidence(in: image, before: printable(name.utf8))
                evidence.after = needs[name]
                return evidence
            }
        return found(
            count(places.count, "program needs", "programs need") + " capabilities", at: places,
            confidence: .guess,
            fix: .none("the container needs the capability; the image cannot help"))
    }
}
