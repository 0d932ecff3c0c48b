package import DerootBytes

/// What is kept of one tar entry after its layer was read: about sixty bytes and its names.
package struct TarEntry: Sendable, Hashable {
    /// Where its header group starts in the raw stream.
    package let offset: UInt64
    /// Bytes of body in the archive.
    package let bodySize: UInt64
    package let type: EntryType
    /// Permission bits with setuid, setgid and sticky.
    package fileprivate(set) var mode: UInt16
    package fileprivate(set) var uid: UInt32
    package fileprivate(set) var gid: UInt32
    /// True where a record sets file capabilities.
    package fileprivate(set) var hasCapabilities: Bool
    /// True where one of those is effective.
    package fileprivate(set) var hasEffectiveCapabilities: Bool
    package let isSparse: Bool
    /// Which of the listing's `owners` names it.
    fileprivate var ownerNames: UInt16
    fileprivate let nameStart: UInt32
    fileprivate let nameCount: UInt32
    fileprivate let linkCount: UInt32

    /// True for a setuid or setgid bit that reaches a file's inode.
    package var isSetid: Bool { type.carriesPrivilege && mode & 0o6000 != 0 }
}

/// The names of an owner as headers spell them; empty where they do not.
package struct OwnerNames: Sendable, Hashable {
    package let user: [UInt8]
    package let group: [UInt8]
}

/// The entries of one layer in archive order; names in one buffer, so that memory stays flat.
package struct LayerListing: Sendable {
    package private(set) var entries: [TarEntry] = []
    /// The values of file capabilities by entry, as the kernel would get them, for showing; the
    /// first thousand of a layer.
    package private(set) var capabilities: [Int: [UInt8]] = [:]
    /// The entries with attributes to be told of, by kind; the first thousand of each.
    package private(set) var oddAttributes: [OddAttribute: [Int]] = [:]
    private var names: [UInt8] = []
    private var owners: [OwnerNames] = []
    private var ownerNumbers: [OwnerNames: UInt16] = [:]

    /// An empty layer.
    package init() {}

    /// How many entries.
    package var count: Int { entries.count }

    /// The entry's path, normalised.
    package func path(_ index: Int) -> TarPath {
        TarPath(normalized: Array(pathBytes(index)))
    }

    /// The entry's normalised path as bytes.
    package func pathBytes(_ index: Int) -> ArraySlice<UInt8> {
        let entry = entries[index]
        return names[Int(entry.nameStart)..<Int(entry.nameStart + entry.nameCount)]
    }

    /// A link's target as the archive spells it; empty for others.
    package func linkBytes(_ index: Int) -> ArraySlice<UInt8> {
        let entry = entries[index]
        let start = Int(entry.nameStart + entry.nameCount)
        return names[start..<(start + Int(entry.linkCount))]
    }

    /// The owner's names that the entry's headers hold.
    package func ownerNames(_ index: Int) -> OwnerNames { owners[Int(entries[index].ownerNames)] }

    private mutating func intern(_ owner: OwnerNames) throws(DerootError) -> UInt16 {
        if let last = entries.last, owners[Int(last.ownerNames)] == owner { return last.ownerNames }
        if let number = ownerNumbers[owner] { return number }
        guard owners.count < Int(UInt16.max) else {
            throw DerootError(.limit, "more than 65535 different owners in one layer")
        }
        let number = UInt16(owners.count)
        owners.append(owner)
        ownerNumbers[owner] = number
        return number
    }

    /// Adds what a header group says.
    ///
    /// - Throws: `.limit` where the names alone take 4 GiB; `.hostile` for a name that leaves the root.
    package mutating func append(_ group: borrowing HeaderGroup) throws(DerootError) {
        let path: [UInt8]
        do throws(DerootError) {
            path = try TarPath(group.meaning.name).cleaned().bytes
        } catch { throw error.located(in: .init(offset: group.offset)) }
        let link = group.meaning.link
        let isLink = group.meaning.type == .hardLink || group.meaning.type == .symlink
        guard !path.isEmpty || group.meaning.type == .directory else {
            throw DerootError(
                .hostile, "an entry that would put something else in the place of the root",
                at: .init(entry: printable(group.meaning.name), offset: group.offset))
        }
        guard path.count <= Int(UInt16.max) else {
            throw DerootError(
                .limit, "a path of \(path.count) bytes",
                at: .init(entry: printable(path.prefix(60)) + "…", offset: group.offset))
        }
        guard names.count + path.count + link.count <= Int(UInt32.max) else {
            throw DerootError(.limit, "the names of one layer take more than 4 GiB")
        }
        var hasCapabilities = false
        var isEffective = false
        for record in group.meaning.records where FileCapability.isCapability(record) {
            hasCapabilities = true
            isEffective = isEffective || FileCapability.isEffective(record)
            if capabilities.count < 1000 {
                capabilities[entries.count] = FileCapability.value(of: record)
            }
        }
        for record in group.meaning.records {
            guard let kind = OddAttribute(record) else { continue }
            let known = oddAttributes[kind] ?? []
            if known.count < 1000, known.last != entries.count {
                oddAttributes[kind, default: []].append(entries.count)
            }
        }
        let owner = try intern(
            OwnerNames(user: group.meaning.userName, group: group.meaning.groupName))
        entries.append(
            TarEntry(
                offset: group.offset, bodySize: group.meaning.bodySize, type: group.meaning.type,
                mode: group.meaning.mode, uid: group.meaning.uid, gid: group.meaning.gid,
                hasCapabilities: hasCapabilities, hasEffectiveCapabilities: isEffective,
                isSparse: group.meaning.isSparse, ownerNames: owner, nameStart: UInt32(names.count),
                nameCount: UInt32(path.count), linkCount: UInt32(isLink ? link.count : 0)))
        names += path
        if isLink { names += link }
    }
}

extension LayerListing {
    /// Describes an entry as it is after a change of its headers.
    ///
    /// - Throws: `.limit` for too many different owners.
    package mutating func apply(_ change: HeaderChange, to index: Int) throws(DerootError) {
        entries[index].mode = change.mode(from: entries[index].mode)
        if let owner = change.owner {
            entries[index].uid = owner.uid
            entries[index].gid = owner.gid
            entries[index].ownerNames = try intern(
                OwnerNames(user: owner.userName, group: owner.groupName))
        }
        switch change.capabilities {
        case .strip:
            entries[index].hasCapabilities = false
            entries[index].hasEffectiveCapabilities = false
            capabilities[index] = nil
        case .permit: entries[index].hasEffectiveCapabilities = false
        case nil: break
        }
    }

    /// Adds an entry that no archive holds yet.
    ///
    /// - Throws: `.limit` for a path of more than 65535 bytes or too many different owners.
    package mutating func append(
        _ path: TarPath, type: EntryType, mode: UInt16, owner: HeaderChange.Owner,
        bodySize: UInt64 = 0, link: [UInt8] = []
    ) throws(DerootError) {
        guard path.bytes.count <= Int(UInt16.max), link.count <= Int(UInt16.max) else {
            throw DerootError(.limit, "a path of \(path.bytes.count) bytes")
        }
        let names = try intern(OwnerNames(user: owner.userName, group: owner.groupName))
        entries.append(
            TarEntry(
                offset: 0, bodySize: bodySize, type: type, mode: mode, uid: owner.uid,
                gid: owner.gid, hasCapabilities: false, hasEffectiveCapabilities: false,
                isSparse: false, ownerNames: names, nameStart: UInt32(self.names.count),
                nameCount: UInt32(path.bytes.count), linkCount: UInt32(link.count)))
        self.names += path.bytes + link
    }
}
