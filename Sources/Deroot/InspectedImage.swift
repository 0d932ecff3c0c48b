import DerootCore
import DerootOCI
import DerootStore
import DerootTar

/// An image as a rule sees it: its config, and its files as a container would see them.
public struct InspectedImage {
    /// A file, a directory or anything else that has a path.
    public struct File: Sendable, Hashable {
        /// What kind it is.
        public enum Kind: Sendable, Hashable {
            /// A regular file, by any of its names.
            case file
            /// A directory.
            case directory
            /// A symbolic link.
            case symlink
            /// A device, a pipe or something unknown.
            case other
        }

        /// From the root; bytes that are no text are escaped.
        public let path: String
        /// What kind it is.
        public let kind: Kind
        /// Permissions, setuid, setgid and sticky: of 0o7777.
        public let mode: UInt16
        /// The owner's number.
        public let uid: UInt32
        /// The group's number.
        public let gid: UInt32
        /// Bytes of its content.
        public let size: UInt64
        /// Whether it has file capabilities.
        public let hasCapabilities: Bool
    }

    private let image: CheckedImage

    init(_ image: CheckedImage) { self.image = image }

    /// True for the image as a conversion would make it.
    public var isConverted: Bool { image.isConverted }
    /// `os/architecture[/variant]`.
    public var platform: String { image.image.platform.description }
    /// The config's User; nil is root.
    public var user: String? { image.config.user }
    /// Who the converted image runs as; nil where nobody is found.
    public var uid: UInt32? { image.identity?.uid }
    /// The group that the converted image runs as; nil where nobody is found.
    public var gid: UInt32? { image.identity?.gid }
    /// `NAME=value`, in the config's order.
    public var environment: [String] { image.config.env }
    /// The config's Entrypoint; nil where there is none.
    public var entrypoint: [String]? { image.config.entrypoint }
    /// The config's Cmd; nil where there is none.
    public var command: [String]? { image.config.cmd }
    /// The config's WorkingDir; nil where there is none.
    public var workingDirectory: String? { image.config.workingDirectory }
    /// Paths of volumes.
    public var volumes: [String] { image.config.volumes }
    /// `port[/protocol]`.
    public var exposedPorts: [String] { image.config.exposedPorts }
    /// The config's labels.
    public var labels: [String: String] {
        Dictionary(
            image.config.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    /// What is at a path, symbolic links followed inside the image; nil where there is nothing.
    public func file(at path: String) -> File? {
        let resolved = image.tree.resolve(TarPath(path))
        return resolved.node.flatMap { file($0) }
    }

    /// What fits a pattern, in the order of their paths' bytes; links are followed.
    ///
    /// `*` and `?` stand for characters of one component, `**` for any number of components.
    ///
    /// - Throws: `.usage` for what is no pattern.
    public func files(matching pattern: String) throws(DerootError) -> [File] {
        let paths = Set(try PathPattern(pattern).expand(in: image.tree)).sorted()
        return paths.compactMap { image.tree.find($0).flatMap { file($0) } }
    }

    /// The node as a value; nil for a directory that no entry made.
    private func file(_ node: FileTree.NodeID) -> File? {
        guard let reference = image.tree.entry(of: node) else { return nil }
        let entry = image.tree[reference]
        let kind: File.Kind =
            switch entry.type {
            case .file, .hardLink: .file
            case .directory: .directory
            case .symlink: .symlink
            default: .other
            }
        return File(
            path: image.tree.path(of: node).description, kind: kind, mode: entry.mode,
            uid: entry.uid, gid: entry.gid, size: entry.bodySize,
            hasCapabilities: entry.hasCapabilities)
    }
}
