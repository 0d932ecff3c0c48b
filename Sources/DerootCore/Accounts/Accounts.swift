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
            try Self.refuseOtherView(of: place.path, in: tree)
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

    /// Refuses an image that writes or hides an account file through a symbolic link in the file's path:
    /// runtimes that follow the link would read other rows than those that replace it.
    private static func refuseOtherView(
        of place: TarPath, in tree: FileTree
    ) throws(DerootError) {
        let written = tree.behindLinks.sorted {
            ($0.key.layer, $0.key.index) < ($1.key.layer, $1.key.index)
        }
        for (reference, real) in written {
            let entry = tree[reference]
            let touched: TarPath
            switch try Whiteout(real.bytes[...], at: entry.offset) {
            // A directory in the place of one changes nothing of what is in it.
            case nil where entry.type == .directory && real != place: continue
            case nil: touched = real
            case .file(let hidden): touched = hidden
            case .opaque(let directory): touched = directory
            case .metadata: continue
            }
            guard place.isAt(orBelow: touched) else { continue }
            let spelled = tree.layers[reference.layer].path(reference.index)
            throw DerootError(
                .disagreement,
                "an entry that is \(real) for runtimes that follow the symbolic link in its path",
                at: .init(entry: printable(spelled.bytes), offset: entry.offset),
                advice:
                    "they would read other accounts than runtimes that replace the link; refused")
        }
    }

    /// The rows of passwd; empty where there is none.
    package var passwd: AccountFile { files[.passwd] ?? .empty }
    /// The rows of group; empty where there is none.
    package var group: AccountFile { files[.group] ?? .empty }
}
