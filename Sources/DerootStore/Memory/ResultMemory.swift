package import DerootBytes
package import DerootOCI
import Glibc

/// Remembers which result came out of which source: a small file for each, in a cache folder.
///
/// It may be lost at any time and only saves work. What it says is a digest: whoever uses it still
/// has to find the content under that digest.
package struct ResultMemory: Sendable {
    /// All that decides what a result is, as one digest.
    package struct Key: Sendable, Hashable {
        let digest: Digest

        /// `name` is the source's without its tag, since recipes look at it; `version` is the tool's,
        /// `options` their one canonical text, `platform` nil for all.
        package init(
            source: Digest, name: String, version: String, options: String, platform: Platform?
        ) {
            var hasher = DigestHasher()
            let platform = platform?.description ?? "all"
            for part in [source.description, name, version, options, platform] {
                // A length before each, so that no two lists of parts read the same.
                hasher.update(Array("\(part.utf8.count):\(part)".utf8))
            }
            digest = hasher.digest()
        }
    }

    /// A result and where it was put.
    package struct Entry: Sendable, Equatable {
        /// The index or manifest.
        package let root: Descriptor
        /// The repository that has it.
        package let place: ImageName

        /// Names a result.
        package init(root: Descriptor, place: ImageName) {
            self.root = root
            self.place = place
        }
    }

    private let folder: String
    /// Bytes of one entry at most.
    private static let most: UInt64 = 1 << 16

    /// Remembers in a folder, which is made when the first result is kept.
    package init(folder: String) { self.folder = "\(folder)/results" }

    /// `$XDG_CACHE_HOME/deroot`, else `~/.cache/deroot`; nil where there is no home
    /// (XDG Base Directory Specification).
    package static var defaultFolder: String? {
        if let cache = environment("XDG_CACHE_HOME"), cache.hasPrefix("/") {
            return "\(cache)/deroot"
        }
        return environment("HOME").map { "\($0)/.cache/deroot" }
    }

    private static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// What is remembered; nil for nothing, and for what cannot be read.
    package func entry(for key: Key) -> Entry? {
        do throws(DerootError) {
            let file = try FileSlice(File.reading(path(of: key)))
            guard file.count <= Self.most else { return nil }
            guard let object = try JSON.parse(file.bytes()).object,
                try object.integer("version") == 1, let place = try object.text("place"),
                let root = try object.descriptor("root")
            else { return nil }
            return Entry(root: root, place: try ImageName(parsing: place))
        } catch { return nil }
    }

    /// Remembers a result; readers see the whole entry or none.
    ///
    /// - Throws: `.io`.
    package func keep(_ entry: Entry, for key: Key) throws(DerootError) {
        try makeFolder()
        let document = JSON.object([
            "version": .number(1), "place": .string(entry.place.name),
            "root": .object(entry.root.json),
        ])
        let temporary = "\(path(of: key)).\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let file = try File.creating(temporary)
        do throws(DerootError) {
            try file.write(document.serialized())
            try File.rename(temporary, to: path(of: key))
        } catch {
            _ = try? File.remove(temporary)
            throw error
        }
    }

    private func path(of key: Key) -> String { "\(folder)/\(key.digest.hex).json" }

    private func makeFolder() throws(DerootError) {
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
            path += part
            if !path.isEmpty { _ = try Directory.ensure(path, permissions: 0o700) }
            path += "/"
        }
    }
}
