package import DerootBytes
import DerootOCI

/// An OCI image layout in a directory, existing or new.
///
/// An existing layout keeps its other images. Where the destination has a reference, the entry of
/// that name is replaced; where it has none, the image keeps the name of its source.
package struct LayoutDestination: ImageDestination {
    private let reference: LocalReference
    private let limits: Limits

    /// Names a layout; nothing is looked at yet.
    package init(_ reference: LocalReference, limits: Limits) {
        self.reference = reference
        self.limits = limits
    }

    /// What is written, as the user would write it.
    package var name: String { reference.description }

    /// Starts a transaction.
    package func begin() throws(DerootError) -> any DestinationTransaction {
        try layoutTransaction()
    }

    func layoutTransaction() throws(DerootError) -> LayoutTransaction {
        do throws(DerootError) {
            return try LayoutTransaction(reference, limits: limits)
        } catch { throw error.located(in: .init(file: name)) }
    }
}

/// Where a destination's files go, and where they are gathered before.
struct DestinationPlace {
    /// The directory that the destination is in.
    let parent: String
    /// The destination's own name in it.
    let name: String

    /// Splits a path, whose directory must exist.
    init(_ path: String) throws(DerootError) {
        if let slash = path.lastIndex(of: "/") {
            parent = slash == path.startIndex ? "/" : String(path[..<slash])
            name = String(path[path.index(after: slash)...])
        } else {
            parent = "."
            name = path
        }
        guard try File.kind(of: parent) == .directory else {
            throw DerootError(
                .notFound, "there is no directory '\(printable(parent.utf8))'",
                advice: "create it first")
        }
        guard !name.isEmpty, name != ".", name != ".." else {
            throw DerootError(.usage, "the destination has no name")
        }
    }

    /// How the names of folders for staged files begin.
    var stagingPrefix: String { ".\(name).deroot-" }
}

extension LayoutDirectory {
    /// How the names of folders for staged files inside a layout begin.
    static let stagingPrefix = ".deroot-"

    /// Makes sure that one may add to what is here: a layout, or nothing at all.
    ///
    /// - Throws: `.unsupported` for a directory with other things, and whatever is wrong with the
    ///   layout's documents.
    func checkWritable(limits: Limits) throws(DerootError) {
        let names = try Directory.names(in: path).filter { !$0.hasPrefix(Self.stagingPrefix) }
        guard !names.isEmpty else { return }
        let hasIndex = names.contains(OCILayout.indexName)
        guard hasIndex || names.contains(OCILayout.fileName) else {
            throw DerootError(
                .unsupported, "the directory holds other things and is not an image layout",
                advice: "choose a path that does not exist yet")
        }
        if names.contains(OCILayout.fileName) {
            let marker = try file(OCILayout.fileName)
            try OCILayout.check(marker.bytes(atMost: limits.manifestBytes, OCILayout.fileName))
        }
        _ = try index(limits: limits)
    }

    /// The index; a new one where there is none.
    func index(limits: Limits) throws(DerootError) -> ImageIndex {
        guard try File.kind(of: "\(path)/\(OCILayout.indexName)", followingLinks: false) != nil
        else { return ImageIndex() }
        do throws(DerootError) {
            let file = try file(OCILayout.indexName)
            return try ImageIndex(parsing: file.bytes(atMost: limits.manifestBytes, "the document"))
        } catch { throw error.inside(OCILayout.indexName) }
    }
}
