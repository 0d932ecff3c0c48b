import DerootBytes
import DerootOCI

/// Moves staged files into an existing layout, and back out if that fails half-way.
///
/// To be used under the layout's lock.
struct LayoutAdditions {
    private let layout: LayoutDirectory
    private let staging: Staging
    private var newFiles: [String] = []
    private var newDirectories: [String] = []
    private var touched: Set<String> = []

    init(to layout: LayoutDirectory, from staging: Staging) {
        self.layout = layout
        self.staging = staging
    }

    /// Moves a kept blob to its place; a damaged one of that name is replaced.
    mutating func add(_ digest: Digest) throws(DerootError) {
        let folder = "blobs/\(digest.algorithm.rawValue)"
        for directory in ["blobs", folder] where !touched.contains(directory) {
            let path = "\(layout.path)/\(directory)"
            if try Directory.ensure(path, permissions: staging.directoryPermissions) {
                newDirectories.append(path)
            }
            touched.insert(directory)
        }
        // Refuses a folder that is a link to somewhere outside.
        let target = "\(try layout.location(of: folder))/\(digest.hex)"
        let isNew = try File.kind(of: target, followingLinks: false) == nil
        try File.rename(staging.location(of: digest), to: target)
        if isNew { newFiles.append(target) }
    }

    /// Publishes the index, after all that it leads to.
    mutating func finish(_ index: ImageIndex) throws(DerootError) {
        for directory in touched { try Directory.sync("\(layout.path)/\(directory)") }
        let marker = "\(layout.path)/\(OCILayout.fileName)"
        if try File.kind(of: marker, followingLinks: false) == nil {
            let staged = try staging.write(OCILayout.bytes, as: OCILayout.fileName)
            try staging.syncFiles()
            try File.rename(staged, to: marker)
            newFiles.append(marker)
        }
        let place = "\(layout.path)/\(OCILayout.indexName)"
        let isNew = try File.kind(of: place, followingLinks: false) == nil
        if isNew || index.document.isEdited {
            let staged = try staging.write(index.document.bytes, as: OCILayout.indexName)
            try staging.syncFiles()
            try File.rename(staged, to: place)
        }
        // From here on the result is visible and complete; undoing it would be the worse failure.
        (newFiles, newDirectories) = ([], [])
        try Directory.sync(layout.path)
    }

    /// Removes what was added; what was there before is there still.
    mutating func undo() {
        for file in newFiles {
            do throws(DerootError) {
                try File.remove(file)
            } catch {
                // A blob that nothing refers to does no harm.
            }
        }
        for directory in newDirectories.reversed() {
            do throws(DerootError) {
                try Directory.remove(directory)
            } catch {
                // Nor does an empty directory.
            }
        }
    }
}
