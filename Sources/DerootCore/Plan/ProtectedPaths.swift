package import DerootTar

/// Paths that are never chowned, whatever a glob says: who owns them could become root again.
///
/// Accounts, keys, the dynamic linker's configuration, package databases and programs.
package enum ProtectedPaths {
    /// The paths themselves.
    private static let files = bytes([
        "etc/passwd", "etc/passwd-", "etc/group", "etc/group-", "etc/sudoers",
    ])
    /// Everything that begins so.
    private static let prefixes = bytes([
        "etc/shadow", "etc/gshadow", "etc/ssh/ssh_host_", "etc/ld.so.", "etc/sudoers.d/",
        "etc/ssl/private/", "etc/security/", "etc/pam.d/", "root/", "var/lib/dpkg/", "var/lib/rpm/",
        "usr/bin/", "usr/sbin/", "lib",
    ])
    /// The directories themselves, and what is below.
    private static let trees = bytes(["proc", "sys", "dev", "bin", "sbin"])
    /// `/usr/lib`, `/usr/lib64`, `/usr/libexec` and the like: what is below.
    private static let libraries = Array("usr/lib".utf8)

    /// The first two bytes of all of these.
    private static let beginnings = Set(
        (files + prefixes + trees + [libraries]).map { beginning(of: $0) })

    private static func beginning(of path: [UInt8]) -> UInt16 {
        UInt16(path[0]) << 8 | UInt16(path[1])
    }

    /// Where protected paths are when the image's own links are followed, if that is elsewhere.
    package static func behindLinks(in tree: FileTree) -> Set<TarPath> {
        var found: Set<TarPath> = []
        for spelled in (files + prefixes + trees).map({ TarPath($0) }) {
            let resolved = tree.resolve(spelled).path
            if resolved != spelled, !resolved.isRoot, !contains(resolved.appending("x".utf8)) {
                found.insert(resolved)
            }
        }
        return found
    }

    private static func bytes(_ paths: [String]) -> [[UInt8]] { paths.map { Array($0.utf8) } }

    /// True where something protected lies below a path: who owns such a directory could replace it.
    package static func lie(below path: TarPath) -> Bool {
        if path.isRoot { return true }
        let directory = path.bytes + [UInt8(ascii: "/")]
        return (files + prefixes + trees + [libraries + [UInt8(ascii: "/")]]).contains {
            $0.starts(with: directory)
        }
    }

    /// True where a path must keep its owner.
    package static func contains(_ path: TarPath) -> Bool {
        let path = path.bytes
        // Most paths of an image begin otherwise, and there may be millions.
        guard path.count > 1, beginnings.contains(beginning(of: path)) else { return false }
        if prefixes.contains(where: { path.starts(with: $0) }) { return true }
        let isTree = trees.contains { tree in
            path.starts(with: tree) && (path.count == tree.count || path[tree.count] == 0x2F)
        }
        if isTree || files.contains(path) { return true }
        return path.starts(with: libraries) && path[libraries.count...].contains(0x2F)
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
