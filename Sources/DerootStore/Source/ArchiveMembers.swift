package import DerootBytes
package import DerootTar

/// The files of an archive by their names, links followed inside the archive only.
///
/// Of several members with one name the last one counts, as for tar; what is read through a digest
/// is verified anyway (hostile input A24).
package struct ArchiveMembers: LayoutFiles {
    private let archive: ArchiveFile
    private let members: [TarPath: TarIndex.Member]
    private static let mostLinks = 32

    /// Reads the archive's headers.
    ///
    /// - Throws: what `TarIndex` refuses.
    package init(_ archive: ArchiveFile, limits: Limits) throws(DerootError) {
        self.archive = archive
        var members: [TarPath: TarIndex.Member] = [:]
        do throws(DerootError) {
            let index = try TarIndex(reading: archive.slice(), limits: limits)
            for member in index.members { members[member.path] = member }
        } catch { throw error.located(in: .init(file: archive.name)) }
        self.members = members
    }

    /// Whether anything has that name.
    package func contains(_ path: String) -> Bool { members[TarPath(path)] != nil }

    /// Opens a file.
    package func file(_ path: String) throws(DerootError) -> FileSlice {
        let member = try member(path)
        return try archive.slice(from: member.bodyStart, count: member.bodySize)
    }

    /// The regular file that a name leads to.
    ///
    /// `docker save` of old stored a layer that occurs twice as a link to the first one.
    ///
    /// - Throws: `.notFound`; `.unsupported` for what is no file; `.hostile` for a link that leads
    ///   out of the archive or in a circle.
    package func member(_ path: String) throws(DerootError) -> TarIndex.Member {
        let place = DerootError.Location(file: archive.name, entry: path)
        var path = TarPath(path)
        for _ in 0..<Self.mostLinks {
            guard let member = members[path] else {
                throw DerootError(.notFound, "the archive has no \(path)", at: place)
            }
            switch member.type {
            case .file: return member
            case .hardLink: path = TarPath(member.link)
            case .symlink:
                guard let target = path.parent.following(member.link) else {
                    throw DerootError(
                        .hostile, "the link leads out of the archive", at: place)
                }
                path = target
            default:
                throw DerootError(
                    .unsupported, "the archive's \(path) is not a regular file", at: place)
            }
        }
        throw DerootError(.hostile, "the link leads in a circle", at: place)
    }
}

extension TarPath {
    /// Where a link in this directory leads; nil where that is not below the root.
    fileprivate func following(_ link: [UInt8]) -> TarPath? {
        guard link.first != UInt8(ascii: "/") else { return nil }
        var path = self
        for component in TarPath(link).components {
            if component.elementsEqual("..".utf8) {
                guard !path.isRoot else { return nil }
                path = path.parent
            } else {
                path = path.appending(component)
            }
        }
        return path
    }
}
