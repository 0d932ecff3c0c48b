import DerootBytes
import DerootTar

/// The entries of all layers that some rule may be interested in, found in one walk.
///
/// Hidden entries are among them: blobs are read by scanners too.
struct EntryCensus {
    /// Files with setuid or setgid, and names of such files.
    private(set) var setid: [EntryRef] = []
    private(set) var withCapabilities: [EntryRef] = []
    private(set) var setgidDirectories: [EntryRef] = []
    /// Directories with setuid, and files with the sticky bit.
    private(set) var oddBits: [EntryRef] = []
    private(set) var devices: [EntryRef] = []
    /// Entries whose uid or gid is 65536 or more.
    private(set) var highIDs: [EntryRef] = []
    /// Files and directories that not everybody may read, or enter.
    private(set) var closed: [EntryRef] = []
    /// Symbolic links to /dev/std*, /proc/…/fd/* and the like.
    private(set) var streams: [EntryRef] = []
    /// Files and directories of names that programs want to own: keys, cookies, databases.
    private(set) var owned: [EntryRef] = []

    init(_ tree: FileTree) {
        for (layer, listing) in tree.layers.enumerated() {
            for index in 0..<listing.count {
                add(EntryRef(layer: layer, index: index), listing.entries[index], in: listing)
            }
        }
    }

    private mutating func add(_ reference: EntryRef, _ entry: TarEntry, in listing: LayerListing) {
        if entry.isSetid { setid.append(reference) }
        if entry.hasCapabilities { withCapabilities.append(reference) }
        if entry.uid >= 65536 || entry.gid >= 65536 { highIDs.append(reference) }
        switch entry.type {
        case .directory:
            if entry.mode & 0o2000 != 0 { setgidDirectories.append(reference) }
            if entry.mode & 0o4000 != 0 { oddBits.append(reference) }
            if entry.mode & 0o001 == 0 { closed.append(reference) }
        case .file, .hardLink, .other:
            if entry.mode & 0o1000 != 0 { oddBits.append(reference) }
            if entry.mode & 0o004 == 0 { closed.append(reference) }
            let path = listing.pathBytes(reference.index)
            if Self.ownerChecks(path) { owned.append(reference) }
        case .characterDevice, .blockDevice: devices.append(reference)
        case .symlink:
            let target = listing.linkBytes(reference.index)
            if target.starts(with: "/dev/std".utf8) || target.starts(with: "/proc/".utf8) {
                streams.append(reference)
            }
        case .fifo: break
        }
    }

    private static let ownedNames: [[UInt8]] = [
        ".erlang.cookie", "acme.json", ".pgpass", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519",
        "PG_VERSION", "authorized_keys", "secring.gpg", "trustdb.gpg", ".rhosts",
    ].map { Array($0.utf8) }

    /// True for a name of which programs demand that it is their own.
    private static func ownerChecks(_ path: ArraySlice<UInt8>) -> Bool {
        ownedNames.contains { ends(path, with: $0) }
    }

    private static func ends(_ path: ArraySlice<UInt8>, with name: [UInt8]) -> Bool {
        guard path.count >= name.count, path.last == name.last,
            path.suffix(name.count).elementsEqual(name)
        else { return false }
        return path.count == name.count || path[path.endIndex - name.count - 1] == 0x2F
    }
}
