package import DerootBytes
package import DerootTar

/// The account files of an image, each found through the image's own symbolic links.
package struct Accounts: Sendable {
    /// Which file.
    package enum Kind: String, Sendable, CaseIterable {
        case passwd = "etc/passwd"
        case group = "etc/group"
        case shadow = "etc/shadow"
        case gshadow = "etc/gshadow"
    }

    /// Where one of the files is, and the entry that made it.
    package struct Place: Sendable, Hashable {
        /// Without symbolic links.
        package let path: TarPath
        /// The entry with the body; nil where the file does not exist.
        package let entry: EntryRef?
    }

    /// A file larger than this is no account file; runtimes cap theirs likewise.
    package static let sizeLimit: UInt64 = 1 << 20

    package let places: [Kind: Place]
    package let files: [Kind: AccountFile]

    /// Finds and parses the files.
    ///
    /// - Parameters:
    ///   - tree: The merged view.
    ///   - body: Reads the body of an entry.
    /// - Throws: `.hostile` for a file that is none, that is too large, or that lies behind links that
    ///   loop or leave the root.
    package init(
        in tree: FileTree, body: (EntryRef) throws(DerootError) -> [UInt8]
    ) throws(DerootError) {
        var places: [Kind: Place] = [:]
        var files: [Kind: AccountFile] = [:]
        for kind in Kind.allCases {
            let place = try Self.locate(kind, in: tree)
            places[kind] = place
            guard let entry = place.entry else { continue }
            do throws(DerootError) {
                files[kind] = try AccountFile(try body(entry))
            } catch {
                throw error.located(in: .init(entry: printable(place.path.bytes)))
            }
        }
        self.places = places
        self.files = files
    }

    private static func locate(_ kind: Kind, in tree: FileTree) throws(DerootError) -> Place {
        let resolved = tree.resolve(TarPath(kind.rawValue))
        func refuse(_ what: String) -> DerootError {
            DerootError(.hostile, "/\(kind.rawValue) \(what)", at: .init(entry: kind.rawValue))
        }
        guard !resolved.loops else { throw refuse("is a symbolic link that loops") }
        guard !resolved.escapes else { throw refuse("is a symbolic link that leaves the root") }
        guard let node = resolved.node else {
            guard tree.obstacle(above: resolved.path) == nil else {
                throw refuse("leads through something that is no directory")
            }
            return Place(path: resolved.path, entry: nil)
        }
        guard let entry = tree.entry(of: node) else { throw refuse("is a directory") }
        // A link's body is where the first of its names is.
        let origin = tree.linkGroup(of: entry).first { tree[$0].type == .file } ?? entry
        guard tree[origin].type == .file, !tree[origin].isSparse else {
            throw refuse("is no regular file")
        }
        guard tree[origin].bodySize <= sizeLimit else { throw refuse("has more than 1 MiB") }
        return Place(path: resolved.path, entry: origin)
    }

    /// The rows of passwd; empty where there is none.
    package var passwd: AccountFile { files[.passwd] ?? .empty }
    /// The rows of group; empty where there is none.
    package var group: AccountFile { files[.group] ?? .empty }
}
