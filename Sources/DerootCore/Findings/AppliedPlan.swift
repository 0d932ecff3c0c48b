package import DerootBytes
package import DerootOCI
import DerootTar

extension ImagePlan {
    /// The merged view as it is after the plan, without reading a byte.
    ///
    /// With `appending`, the changed entries are copies in the layer on top; layers below stay.
    package func applied(
        to tree: FileTree, appending: Bool
    ) throws(DerootError) -> FileTree {
        var result = tree
        var top = LayerListing()
        for (number, layer) in layers.enumerated() where !layer.changes.isEmpty {
            var listing = tree.layers[number]
            for change in layer.changes { try listing.apply(change.change, to: change.index) }
            if appending {
                for change in layer.changes { try top.copy(change.index, of: listing) }
            } else {
                result.replaceListing(of: number, with: listing)
            }
        }
        for entry in added {
            let (type, size, link): (EntryType, UInt64, [UInt8]) =
                switch entry.kind {
                case .directory: (.directory, 0, [])
                case .file(let content): (.file, UInt64(content.count), [])
                case .symlink(let target): (.symlink, 0, target)
                case .whiteout: (.file, 0, [])
                }
            try top.append(
                entry.entryPath, type: type, mode: entry.mode, owner: entry.owner, bodySize: size,
                link: link)
        }
        if top.count > 0 { try result.apply(top) }
        return result
    }

    /// Changes a config as the conversion does, its layers apart.
    package func edit(_ config: inout ImageConfig) {
        if userBefore != userAfter { config.setUser(userAfter) }
        if let home = homeAfter, home != homeBefore { config.setEnv("HOME", home) }
        config.apply(self.config)
    }
}

extension LayerListing {
    fileprivate mutating func copy(_ index: Int, of other: LayerListing) throws(DerootError) {
        let entry = other.entries[index]
        let names = other.ownerNames(index)
        try append(
            other.path(index), type: entry.type, mode: entry.mode,
            owner: .init(
                uid: entry.uid, gid: entry.gid, userName: names.user, groupName: names.group),
            bodySize: entry.bodySize, link: Array(other.linkBytes(index)))
    }
}

extension ImageConfig {
    /// Makes the changes of a plan.
    fileprivate mutating func apply(_ changes: ConfigChanges) {
        if let change = changes.entrypoint { setEntrypoint(change.after) }
        if let change = changes.cmd { setCmd(change.after) }
        if let change = changes.workingDirectory { setWorkingDirectory(change.after) }
        if let change = changes.exposedPorts { setExposedPorts(change.after) }
        for variable in changes.environment { setEnv(variable.name, variable.after) }
    }
}
