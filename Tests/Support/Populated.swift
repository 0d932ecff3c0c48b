package import DerootBytes
import DerootOCI
package import DerootStore

/// A layout that holds an image already, as the destination of conversions that may fail.
///
/// Whatever is tried, the image stays; and a refused conversion leaves every byte as it was.
package struct Populated: Sendable {
    package let directory: TemporaryDirectory
    private let name: String
    private let before: [String: [UInt8]]
    private let digest: Digest
    /// What the image there is called.
    private static let oldName = "old"

    /// Writes a small image into a directory of a test's own, beside whatever is there.
    package init(
        beside directory: TemporaryDirectory, name: String = "result"
    ) throws(DerootError) {
        self.directory = directory
        self.name = name
        let image = ImageFixture([try LayerFixture { $0.file("old", "content", mode: 0o4755) }])
        let note = ",\"annotations\":{\"\(OCILayout.referenceName)\":\"\(Self.oldName)\"}"
        let index = LayoutFixture.index([image.entry(note)])
        try directory.write("\(name)/oci-layout", OCILayout.bytes)
        try directory.write("\(name)/index.json", Array(index.utf8))
        for blob in image.blobs {
            try directory.write("\(name)/blobs/sha256/\(Digest.of(blob).hex)", blob)
        }
        digest = image.digest
        before = try directory.snapshot()
    }

    /// The place for a new image beside the old one.
    package func destination(_ new: String = "new") throws(DerootError) -> any ImageDestination {
        let reference = LocalReference(.oci, path: directory(name), selection: .name(new))
        return try TransportReference.local(reference).openDestination()
    }

    /// Opens what was written, by its name.
    package func result(_ new: String = "new") throws(DerootError) -> any ImageSource {
        let reference = LocalReference(.oci, path: directory(name), selection: .name(new))
        return try TransportReference.local(reference).openSource()
    }

    /// What differs from before, everything below the directory included; nil: not one byte.
    package func difference() throws(DerootError) -> String? {
        let now = try directory.snapshot()
        let paths = Set(before.keys).union(now.keys).filter { before[$0] != now[$0] }
        return paths.isEmpty ? nil : paths.sorted().joined(separator: ", ")
    }

    /// What became of the image that was there; nil: nothing, and every other file is a blob that is
    /// what its name says.
    package func harm() throws(DerootError) -> String? {
        guard try result(Self.oldName).root().digest == digest else { return "another image" }
        for (path, bytes) in try directory.snapshot(name) where !path.hasSuffix("/") {
            let parts = path.split(separator: "/").map(String.init)
            if parts.contains("blobs") {
                let named = try Digest(parsing: parts.suffix(2).joined(separator: ":"))
                let found = Digest.of(bytes, algorithm: named.algorithm)
                if found != named { return "\(path) is not what its name says" }
            } else if let old = before["./\(path)"] {
                if !path.hasSuffix("index.json"), old != bytes { return "\(path) has changed" }
            } else {
                return "\(path) is new"
            }
        }
        return nil
    }
}
