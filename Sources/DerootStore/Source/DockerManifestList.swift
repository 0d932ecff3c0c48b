package import DerootBytes
import DerootOCI

/// The `manifest.json` of an archive that `docker save` wrote: one entry an image
/// (moby's image/spec, "Combined Image JSON + Filesystem Changeset Format").
package struct DockerManifestList: Sendable, Equatable {
    /// The file's name in the archive.
    package static let fileName = "manifest.json"
    /// How large it may be in bytes (containers/image: 1 MiB).
    package static let mostBytes = 1 << 20

    /// One image.
    package struct Entry: Sendable, Equatable {
        /// The config's name in the archive.
        package var config: String
        /// Full names with tags; may be empty.
        package var repoTags: [String]
        /// The layers' names in the archive, lowest first.
        package var layers: [String]

        /// Makes an entry.
        package init(config: String, repoTags: [String], layers: [String]) {
            self.config = config
            self.repoTags = repoTags
            self.layers = layers
        }
    }

    /// The images, in order.
    package var entries: [Entry]

    /// Makes a list.
    package init(entries: [Entry]) { self.entries = entries }

    /// Reads a list.
    ///
    /// - Throws: `.malformed`, naming the member; `.hostile` for a member twice.
    package init(parsing bytes: [UInt8]) throws(DerootError) {
        let json = try JSON.parse(bytes)
        guard let elements = json.array else {
            throw DerootError(.malformed, "the document is \(json.typeName), not an array")
        }
        var entries: [Entry] = []
        for (position, element) in elements.enumerated() {
            do throws(DerootError) {
                entries.append(try Self.entry(element))
            } catch { throw error.inside("[\(position)]") }
        }
        self.entries = entries
    }

    private static func entry(_ json: JSON) throws(DerootError) -> Entry {
        guard let object = json.object else {
            throw DerootError(.malformed, "an image is \(json.typeName), not an object")
        }
        guard let config = try object.text("Config"), !config.isEmpty else {
            throw DerootError(.malformed, "an image has no 'Config'")
        }
        return Entry(
            config: config, repoTags: try object.texts("RepoTags") ?? [],
            layers: try object.texts("Layers") ?? [])
    }

    /// The document as Docker writes it.
    package var bytes: [UInt8] {
        JSON.array(
            entries.map { entry in
                .object([
                    "Config": .string(entry.config),
                    "RepoTags": entry.repoTags.isEmpty ? .null : .strings(entry.repoTags),
                    "Layers": .strings(entry.layers),
                ])
            }
        ).serialized()
    }

    /// The image that was asked for, and which of its names was meant.
    ///
    /// - Throws: `.notFound` or `.ambiguous`, listing what there is; `.usage` for a digest.
    func entry(
        _ selection: LocalReference.Selection
    ) throws(DerootError) -> (entry: Entry, name: String?) {
        switch selection {
        case .only:
            guard entries.count > 1 else {
                guard let only = entries.first else {
                    throw DerootError(.notFound, "the archive holds no image")
                }
                return (only, only.repoTags.first)
            }
            throw DerootError(
                .ambiguous, "the archive holds \(entries.count) images: \(listing)",
                advice: choiceAdvice)
        case .position(let position):
            guard entries.indices.contains(position) else {
                throw DerootError(
                    .notFound, "there is no image @\(position), the archive has: \(listing)",
                    advice: choiceAdvice)
            }
            return (entries[position], entries[position].repoTags.first)
        case .name(let name):
            let shown = printable(name.utf8.prefix(200))
            guard !name.utf8.contains(UInt8(ascii: "@")), let wanted = normalized(name) else {
                throw DerootError(
                    .usage, "'\(shown)' is not a name with a tag, as archives have them")
            }
            for entry in entries {
                if let tag = entry.repoTags.first(where: { normalized($0) == wanted }) {
                    return (entry, tag)
                }
            }
            throw DerootError(
                .notFound, "no image is named '\(shown)', the archive has: \(listing)",
                advice: choiceAdvice)
        }
    }

    private var choiceAdvice: String {
        "choose one by name, PATH:NAME:TAG, or by position, PATH:@0"
    }

    private var listing: String {
        let shown = entries.prefix(20).enumerated().map { position, entry in
            let names = entry.repoTags.prefix(3).map { "'\(printable($0.utf8.prefix(100)))'" }
            return "@\(position) " + (names.isEmpty ? "(no name)" : names.joined(separator: " "))
        }
        let more = entries.count > 20 ? ", and \(entries.count - 20) more" : ""
        return shown.isEmpty ? "none" : shown.joined(separator: ", ") + more
    }
}
