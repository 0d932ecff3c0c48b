import DerootBytes
import DerootTestSupport

/// Files of the repository that are checked against the code.
enum Repository {
    /// The repository's root, found from this file.
    static let root = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/")
    }()

    /// A file's bytes.
    static func read(_ path: String) throws(DerootError) -> [UInt8] {
        try fileBytes("\(root)/\(path)")
    }

    /// The names in a folder.
    static func names(in path: String) throws(DerootError) -> [String] {
        try Directory.names(in: "\(root)/\(path)")
    }
}
