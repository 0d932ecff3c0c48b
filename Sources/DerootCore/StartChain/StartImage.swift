package import DerootOCI
package import DerootTar

/// What the start of a container depends on, and how programs are found in it.
package struct StartImage: Sendable {
    package let entrypoint: [String]
    package let cmd: [String]
    package let healthcheck: [String]
    let env: [String: String]
    let workingDirectory: String
    let searchPath: [String]
    package let tree: FileTree

    /// The start of an image.
    package init(_ config: ImageConfig, in tree: FileTree) {
        entrypoint = config.entrypoint ?? []
        cmd = config.cmd ?? []
        healthcheck = config.healthcheckTest ?? []
        var env: [String: String] = [:]
        for entry in config.env {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            env[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        self.env = env
        workingDirectory = config.workingDirectory ?? "/"
        // What runtimes set where the image does not.
        let path = env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        searchPath = path.split(separator: ":").map(String.init)
        self.tree = tree
    }

    /// Where a command is found, as a shell or a runtime would look; nil where it is nowhere.
    package func find(_ word: String) -> TarPath? {
        guard !word.isEmpty else { return nil }
        if word.utf8.contains(UInt8(ascii: "/")) {
            let path = absolute(word)
            return tree.resolve(path).node == nil ? nil : path
        }
        for directory in searchPath.prefix(64) {
            let path = TarPath(absolute(directory).bytes + [0x2F] + Array(word.utf8))
            if let node = tree.resolve(path).node, let entry = tree.entry(of: node),
                tree[entry].type != .directory
            {
                return path
            }
        }
        return nil
    }

    /// A path as the image's working directory makes it absolute.
    package func absolute(_ word: String) -> TarPath {
        if word.utf8.first == UInt8(ascii: "/") { return TarPath(word) }
        return TarPath(workingDirectory + "/" + word)
    }

    /// The entry of a regular file behind links.
    func file(at path: TarPath) -> EntryRef? {
        guard let node = tree.resolve(path).node, let entry = tree.entry(of: node),
            tree[entry].type == .file || tree[entry].type == .hardLink
        else { return nil }
        return entry
    }
}
