package import DerootTar

// What becomes of an entry's owner and mode where a rule speaks of it.
extension EntryPolicy {
    /// Where ids that rootless engines cannot map go (65536 and more).
    package struct Squashing: Sendable, Hashable {
        /// Files of this account, the image's own, go to the new user; nil: of none.
        package var uid: UInt32?
        package var gid: UInt32?

        package init(uid: UInt32?, gid: UInt32?) {
            self.uid = uid
            self.gid = gid
        }
    }

    /// The first id that a range of 65536 subordinate ids does not hold.
    package static let firstHighID: UInt32 = 65536

    /// Adds to a change what a rule makes of an entry.
    func apply(
        _ rule: OwnRule, to index: Int, in listing: LayerListing, _ change: inout HeaderChange
    ) {
        change.owner = ownerChange(of: index, in: listing, rule)
        let entry = listing.entries[index]
        guard entry.type != .symlink else { return }
        let old = entry.mode & ~change.clear
        let new = mode(old, isDirectory: entry.type == .directory, rule)
        change.clear |= old & ~new
        change.set |= new & ~old
    }

    /// The mode of something that a rule speaks of; never more privileged than before.
    func mode(_ mode: UInt16, isDirectory: Bool, _ rule: OwnRule) -> UInt16 {
        var new = rule.mode?.applied(to: mode, isDirectory: isDirectory) ?? mode
        if sharesWithGroup, rule.owner == nil { new = new & ~0o070 | new >> 3 & 0o070 }
        return new & 0o1777 | mode & 0o6000
    }

    /// The new owner of an entry; nil where it has that owner already, by number and by name.
    package func ownerChange(
        of index: Int, in listing: LayerListing, _ rule: OwnRule = OwnRule()
    ) -> HeaderChange.Owner? {
        guard var owner = rule.owner ?? owner else { return nil }
        let entry = listing.entries[index]
        let names = listing.ownerNames(index)
        if rule.part == .group { (owner.uid, owner.userName) = (entry.uid, names.user) }
        if rule.part == .user { (owner.gid, owner.groupName) = (entry.gid, names.group) }
        let isSame =
            entry.uid == owner.uid && entry.gid == owner.gid
            && (names.user.isEmpty || names.user == owner.userName)
            && (names.group.isEmpty || names.group == owner.groupName)
        return isSame ? nil : owner
    }

    /// Owner and mode of something new at a path: root's, or what a rule says.
    package func status(
        ofNew path: TarPath, mode: UInt16, isDirectory: Bool
    ) -> (owner: HeaderChange.Owner, mode: UInt16) {
        guard let owner, let rule = rule(for: path.bytes[...]), !protects(path) else {
            return (.root, mode)
        }
        var new = rule.owner ?? owner
        if rule.part == .group { (new.uid, new.userName) = (0, HeaderChange.Owner.root.userName) }
        if rule.part == .user { (new.gid, new.groupName) = (0, HeaderChange.Owner.root.groupName) }
        return (new, self.mode(mode, isDirectory: isDirectory, rule))
    }

    /// True for an entry with an id that is squashed.
    package func squashes(_ entry: TarEntry) -> Bool {
        squashing != nil && (entry.uid >= Self.firstHighID || entry.gid >= Self.firstHighID)
    }

    /// The owner of an entry whose ids are too high: each high one by itself.
    func squashed(_ index: Int, in listing: LayerListing) -> HeaderChange.Owner? {
        guard let squashing, let owner else { return nil }
        let entry = listing.entries[index]
        let names = listing.ownerNames(index)
        let isFree = !protects(listing.path(index))
        var new = HeaderChange.Owner(
            uid: entry.uid, gid: entry.gid, userName: names.user, groupName: names.group)
        if entry.uid >= Self.firstHighID {
            let isOwn = isFree && entry.uid == squashing.uid
            new.uid = isOwn ? owner.uid : 0
            new.userName = isOwn ? owner.userName : HeaderChange.Owner.root.userName
        }
        if entry.gid >= Self.firstHighID {
            let isOwn = isFree && entry.gid == squashing.gid
            new.gid = isOwn ? owner.gid : 0
            new.groupName = isOwn ? owner.groupName : HeaderChange.Owner.root.groupName
        }
        return new
    }
}

extension HeaderChange.Owner {
    /// `root:root`.
    package static var root: HeaderChange.Owner {
        .init(uid: 0, gid: 0, userName: Array("root".utf8), groupName: Array("root".utf8))
    }
}
