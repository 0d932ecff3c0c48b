import DerootTar

/// NR052: files with capabilities.
package enum FileCapabilities: ImageRule {
    package static let rule = Rule(
        "NR052", "file-caps", .error, "A file has capabilities",
        help: """
            The extended attribute security.capability gives a program powers of root whoever runs it. \
            With the effective flag the program does not even start where a runtime drops those \
            capabilities, as Pod Security "restricted" demands. convert removes the attribute, \
            whichever way the layer spells it; --caps permit clears only the effective flag, --caps \
            keep leaves it.
            """,
        classes: [28])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let kept = KeptEntries(image)
        let places = image.census.withCapabilities.compactMap { reference -> Finding.Evidence? in
            guard !kept.contains(reference) else { return nil }
            let value = image.tree.layers[reference.layer].capabilities[reference.index]
            return image.evidence(reference, before: CapabilityText.of(value ?? []))
        }
        guard !places.isEmpty else { return [] }
        let what = places.count == 1 ? "1 file has" : "\(places.count) files have"
        let fix: Finding.Fix =
            switch image.options.capabilities {
            case .strip: .automatic("the capabilities are removed")
            case .permit: .automatic("the effective flag is cleared")
            case .keep: .option("--caps strip removes them")
            }
        let isAsked = image.isConverted && image.options.capabilities != .strip
        return [
            Finding(rule, severity: isAsked ? .warn : nil, "\(what) capabilities", fix: fix)
                .with(places)
        ]
    }
}

/// Capabilities as getcap(8) shows them.
enum CapabilityText {
    /// linux/capability.h, in the order of the bits.
    private static let names = [
        "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
        "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
        "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
        "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
        "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
        "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
    ]

    /// `cap_net_raw=ep` for the kernel's vfs_cap_data; hexadecimal where it is none.
    static func of(_ value: [UInt8]) -> String {
        func word(_ index: Int) -> UInt64 {
            (0..<4).reduce(0) { $0 | UInt64(value[index * 4 + $1]) << UInt64($1 * 8) }
        }
        guard [12, 20, 24].contains(value.count) else {
            return "an unreadable value of \(value.count) bytes"
        }
        let isWide = value.count > 12
        let permitted = word(1) | (isWide ? word(3) << 32 : 0)
        let inheritable = word(2) | (isWide ? word(4) << 32 : 0)
        let all = permitted | inheritable
        let listed = names.indices.filter { all & 1 << UInt64($0) != 0 }.map { "cap_" + names[$0] }
        let flags =
            (word(0) & 1 != 0 ? "e" : "") + (inheritable != 0 ? "i" : "")
            + (permitted != 0 ? "p" : "")
        let unknown = all >> UInt64(names.count) != 0 ? ["others"] : []
        return (listed + unknown).joined(separator: ",") + "=" + flags
    }
}
