package import DerootCore
package import DerootTar

/// One entry of a layer that `convert` would change, in words.
package struct ChangedPath: Sendable, Hashable {
    /// Where it is in the image.
    package let path: TarPath
    /// What kind of file it is.
    package let type: EntryType
    /// Mode bits with setuid, setgid and sticky.
    package let modeBefore: UInt16
    /// The same after the change.
    package let modeAfter: UInt16
    /// `uid:gid`.
    package let ownerBefore: String
    /// `uid:gid`; the same where the owner stays.
    package let ownerAfter: String
    /// What happens to file capabilities; nil where there are none.
    package let capabilities: FileCapability.Treatment?
    /// `S` privileges go, `M` only the owner or the mode changes.
    package let letter: Character
    /// What happens, in a few words.
    package let reason: String

    /// Takes a change and the entry that it changes.
    package init(_ change: EntryChange, in listing: LayerListing) {
        let entry = listing.entries[change.index]
        path = listing.path(change.index)
        type = entry.type
        modeBefore = entry.mode
        modeAfter = change.change.mode(from: entry.mode)
        ownerBefore = "\(entry.uid):\(entry.gid)"
        ownerAfter = change.change.owner.map { "\($0.uid):\($0.gid)" } ?? ownerBefore
        capabilities = change.change.capabilities
        var words: [String] = []
        let cleared = modeBefore & ~modeAfter
        if cleared & 0o4000 != 0 { words.append("setuid cleared") }
        if cleared & 0o2000 != 0 { words.append("setgid cleared") }
        switch capabilities {
        case .strip: words.append("file capabilities removed")
        case .permit: words.append("file capabilities permitted only")
        case nil: break
        }
        letter = words.isEmpty ? "M" : "S"
        if modeBefore & 0o777 != modeAfter & 0o777 { words.append("permissions") }
        if change.change.owner != nil { words.append("new owner") }
        reason = words.isEmpty ? "copied up" : words.joined(separator: ", ")
    }

    /// The changes of a layer whose entries are known, in the archive's order.
    package static func all(of plan: LayerPlan, in listing: LayerListing) -> [ChangedPath] {
        plan.changes.filter { $0.index < listing.count }.map { ChangedPath($0, in: listing) }
    }
}

/// Modes as ls(1) shows them.
package enum ModeText {
    /// `-rwsr-xr-x`.
    package static func text(_ mode: UInt16, _ type: EntryType) -> String {
        let kind: Character =
            switch type {
            case .directory: "d"
            case .symlink: "l"
            case .characterDevice: "c"
            case .blockDevice: "b"
            case .fifo: "p"
            case .file, .hardLink, .other: "-"
            }
        var text = String(kind)
        for (shift, special, letters) in [
            (6, 0o4000 as UInt16, ("s", "S")), (3, 0o2000, ("s", "S")), (0, 0o1000, ("t", "T")),
        ] {
            let bits = mode >> UInt16(shift)
            text += bits & 4 != 0 ? "r" : "-"
            text += bits & 2 != 0 ? "w" : "-"
            let isSpecial = mode & special != 0
            if isSpecial {
                text += bits & 1 != 0 ? letters.0 : letters.1
            } else {
                text += bits & 1 != 0 ? "x" : "-"
            }
        }
        return text
    }
}
