package import DerootBytes

/// An image's config: how it is run, and of which layers it is made (OCI image-spec, config.md;
/// moby's image/spec for the members that only Docker has).
///
/// A lens on the document: members that deroot does not know are kept. All members below are
/// checked once, when the document is read; absent and null are the same.
package struct ImageConfig: Sendable {
    /// The document.
    package internal(set) var document: Document
    /// What the image runs on.
    package let platform: Platform
    /// When it was made, RFC 3339, as the document says it; not checked.
    package internal(set) var created: String?
    /// Digests of the uncompressed layers, lowest first.
    package internal(set) var diffIDs: [DiffID]
    /// How the layers came to be, lowest first; need not fit the layers.
    package internal(set) var history: [HistoryEntry]

    /// `User`: `name`, `uid`, `name:group`, `uid:gid` …; nil or empty is root.
    package internal(set) var user: String?
    /// `Env`: `NAME=value`, in order, duplicates included.
    package internal(set) var env: [String]
    /// `WorkingDir`.
    package internal(set) var workingDirectory: String?
    /// `Entrypoint`; nil where there is none.
    package internal(set) var entrypoint: [String]?
    /// `Cmd`; nil where there is none.
    package internal(set) var cmd: [String]?
    /// `Volumes`: the paths, in order.
    package internal(set) var volumes: [String]
    /// `ExposedPorts`: `port[/protocol]`, in order.
    package internal(set) var exposedPorts: [String]
    /// `Labels`.
    package internal(set) var labels: TextMap
    /// `OnBuild`: instructions for builds on top (Docker only).
    package let onBuild: [String]
    /// `Shell`: the shell of Dockerfile instructions (Docker only).
    package let shell: [String]?
    /// `Healthcheck.Test` (Docker only); its first word is NONE, CMD or CMD-SHELL.
    package let healthcheckTest: [String]?
    /// `StopSignal`.
    package let stopSignal: String?

    /// Reads and checks a config.
    ///
    /// - Throws: `.malformed`, `.unsupported` or `.hostile`, naming the member.
    package init(parsing bytes: [UInt8]) throws(DerootError) {
        try self.init(Document(parsing: bytes))
    }

    /// Reads and checks a config; see `init(parsing:)`.
    package init(_ document: Document) throws(DerootError) {
        let root = document.root
        self.document = document
        platform = try Platform(root)
        created = try root.text("created")
        diffIDs = try Self.diffIDs(root)
        history = try Self.history(root)
        let config = try root.object("config") ?? JSONObject()
        do throws(DerootError) {
            user = try config.text("User")
            env = try config.texts("Env") ?? []
            workingDirectory = try config.text("WorkingDir")
            entrypoint = try config.texts("Entrypoint")
            cmd = try config.texts("Cmd")
            volumes = try config.nameSet("Volumes")
            exposedPorts = try config.nameSet("ExposedPorts")
            labels = try config.textMap("Labels")
            onBuild = try config.texts("OnBuild") ?? []
            shell = try config.texts("Shell")
            healthcheckTest = try config.object("Healthcheck")?.texts("Test")
            stopSignal = try config.text("StopSignal")
        } catch { throw error.inside("config") }
    }

    /// Makes the config of an image without layers.
    package init(platform: Platform) {
        var root: JSONObject = [
            "architecture": .string(platform.architecture), "os": .string(platform.os),
        ]
        if let variant = platform.variant { root["variant"] = .string(variant) }
        root["config"] = .object([:])
        root["rootfs"] = .object(["type": .string("layers"), "diff_ids": .array([])])
        document = Document(root)
        self.platform = platform
        (created, user, workingDirectory, stopSignal) = (nil, nil, nil, nil)
        (entrypoint, cmd, shell, healthcheckTest) = (nil, nil, nil, nil)
        (env, volumes, exposedPorts, onBuild) = ([], [], [], [])
        (diffIDs, history, labels) = ([], [], TextMap(entries: []))
    }

    private static func diffIDs(_ root: JSONObject) throws(DerootError) -> [DiffID] {
        guard let rootfs = try root.object("rootfs") else { return [] }
        do throws(DerootError) {
            if let type = try rootfs.text("type"), type != "layers" {
                throw DerootError(
                    .unsupported,
                    "the type is '\(printable(type.utf8.prefix(40)))', not 'layers'")
            }
            var ids: [DiffID] = []
            for (index, text) in (try rootfs.texts("diff_ids") ?? []).enumerated() {
                do throws(DerootError) {
                    ids.append(DiffID(try Digest(parsing: text)))
                } catch { throw error.inside("diff_ids[\(index)]") }
            }
            return ids
        } catch { throw error.inside("rootfs") }
    }

    private static func history(_ root: JSONObject) throws(DerootError) -> [HistoryEntry] {
        var entries: [HistoryEntry] = []
        for (index, element) in (try root.array("history") ?? []).enumerated() {
            do throws(DerootError) {
                entries.append(try HistoryEntry(element))
            } catch { throw error.inside("history[\(index)]") }
        }
        return entries
    }
}

extension ImageConfig {
    /// `User` where it is spelled as the specification spells it; nil for `user` and the like.
    ///
    /// Go folds case when it reads; to readers that do not, such an image runs as root.
    package var exactUser: String? { document.root["config"]?.object?["User"]?.string }
}
