package import DerootTar

/// Paths that are never chowned, whatever a glob says: who owns them could become root again.
///
/// Accounts, keys, the dynamic linker's configuration, package databases and programs.
package enum ProtectedPaths {
    private static let files = [
        "etc/passwd", "etc/passwd-", "etc/group", "etc/group-", "etc/sudoers", "etc/sudoers.d",
    ].map { TarPath($0) }
    private static let filePrefixes = [
        "etc/shadow", "etc/gshadow", "etc/ssh/ssh_host_", "etc/ld.so.",
    ].map { TarPath($0) }
    /// The directories themselves too.
    private static let trees = ["proc", "sys", "dev", "bin", "sbin"].map { TarPath($0) }
    /// What is below; the directory itself follows `--own`.
    private static let contents = [
        "root", "etc/sudoers.d", "etc/ssl/private", "etc/security", "etc/pam.d", "var/lib/dpkg",
        "var/lib/rpm", "lib/apk", "usr/bin", "usr/sbin",
    ].map { TarPath($0) }

    /// True where a path must keep its owner.
    package static func contains(_ path: TarPath) -> Bool {
        if files.contains(path) { return true }
        if filePrefixes.contains(where: { path.bytes.starts(with: $0.bytes) }) { return true }
        if trees.contains(where: { path.isAt(orBelow: $0) }) { return true }
        if contents.contains(where: { path != $0 && path.isAt(orBelow: $0) }) { return true }
        let components = path.components
        guard let first = components.first else { return false }
        if first.starts(with: "lib".utf8) { return true }
        return components.count > 2 && first.elementsEqual("usr".utf8)
            && components[1].starts(with: "lib".utf8)
    }
}

/// Directories that a VOLUME or WORKDIR does not hand over, since too much else lives in them.
package enum SharedDirectories {
    private static let top: Set<TarPath> = [
        "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "libexec", "media",
        "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var", "var/lib",
        "var/log", "var/cache", "var/spool", "var/run", "var/tmp", "var/lock",
    ]

    /// True for `/`, the top-level directories of the FHS, everything directly below /usr, and the
    /// shared directories below /var.
    package static func contains(_ path: TarPath) -> Bool {
        if path.isRoot || top.contains(path) { return true }
        let components = path.components
        return components.count == 2 && components[0].elementsEqual("usr".utf8)
    }
}
