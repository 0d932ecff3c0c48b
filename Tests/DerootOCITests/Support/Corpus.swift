import FoundationEssentials

/// Files of other projects, where the environment variable DEROOT_CORPUS names a folder of them.
enum Corpus {
    static let root = ProcessInfo.processInfo.environment["DEROOT_CORPUS"]

    static func has(_ folder: String) -> Bool {
        guard let root else { return false }
        return FileManager.default.fileExists(atPath: "\(root)/\(folder)")
    }

    /// Regular files under a folder, with names below it, sorted.
    static func files(_ folder: String, largest: Int) throws -> [(name: String, bytes: [UInt8])] {
        let base = (root ?? "") + "/" + folder
        var found: [(name: String, bytes: [UInt8])] = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: base).sorted() {
            let path = "\(base)/\(name)"
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            guard attributes[.type] as? FileAttributeType == .typeRegular,
                let size = attributes[.size] as? UInt64
                    ?? (attributes[.size] as? Int).map(UInt64.init),
                size <= UInt64(largest)
            else { continue }
            found.append((name, try [UInt8](Data(contentsOf: URL(filePath: path)))))
        }
        return found
    }
}
