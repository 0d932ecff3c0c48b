import DerootBytes
import DerootOCI

/// The annotation by which containerd and Docker name an image in full.
let containerdName = "io.containerd.image.name"

extension ImageIndex {
    /// The entry of a layout's index that was asked for.
    ///
    /// A name is compared with the entries' reference names; where none has it, with the full names
    /// that containerd and Docker write, both normalised.
    ///
    /// - Throws: `.notFound` or `.ambiguous`, listing what there is.
    func entry(_ selection: LocalReference.Selection) throws(DerootError) -> Descriptor {
        switch selection {
        case .only:
            // What is attached to an image is listed beside it, with its kind.
            let images = manifests.filter { $0.artifactType == nil }
            let candidates = images.isEmpty ? manifests : images
            guard candidates.count > 1 else {
                guard let only = candidates.first else {
                    throw DerootError(.notFound, "the layout holds no image")
                }
                return only
            }
            throw DerootError(
                .ambiguous, "the layout holds \(candidates.count) images: \(listing)",
                advice: choiceAdvice)
        case .position(let position):
            guard manifests.indices.contains(position) else {
                throw DerootError(
                    .notFound, "there is no entry @\(position), the layout has: \(listing)",
                    advice: choiceAdvice)
            }
            return manifests[position]
        case .name(let name):
            return try entry(named: name)
        }
    }

    private func entry(named name: String) throws(DerootError) -> Descriptor {
        var found = manifests.filter { entry in
            entry.annotations[OCILayout.referenceName].map { sameBytes($0, name) } ?? false
        }
        if found.isEmpty, let wanted = normalized(name) {
            found = manifests.filter { entry in
                [containerdName, OCILayout.referenceName].contains { key in
                    entry.annotations[key].flatMap { isFullName($0) ? normalized($0) : nil }
                        == wanted
                }
            }
        }
        guard let first = found.first else {
            throw DerootError(
                .notFound,
                "no image is named '\(printable(name.utf8.prefix(200)))', the layout has: \(listing)",
                advice: choiceAdvice)
        }
        // The same entry twice is odd, but leaves no doubt about what is meant.
        guard found.allSatisfy({ $0.digest == first.digest && $0.size == first.size }) else {
            throw DerootError(
                .ambiguous,
                "\(found.count) different images are named '\(printable(name.utf8.prefix(200)))': "
                    + listing, advice: "choose by position, such as PATH:@0")
        }
        return first
    }

    private var choiceAdvice: String { "choose one by name, PATH:NAME, or by position, PATH:@0" }

    private var listing: String {
        let shown = manifests.prefix(20).enumerated().map { position, entry in
            let name =
                entry.annotations[OCILayout.referenceName] ?? entry.annotations[containerdName]
            let title = name.map { "'\(printable($0.utf8.prefix(100)))'" } ?? "(no name)"
            let platform = entry.platform.map { " \($0)" } ?? ""
            return "@\(position) \(title)\(platform)"
        }
        let more = manifests.count > 20 ? ", and \(manifests.count - 20) more" : ""
        return shown.isEmpty ? "none" : shown.joined(separator: ", ") + more
    }
}

/// Whether a name has a repository; a bare tag would normalise to a repository of that name.
func isFullName(_ name: String) -> Bool {
    name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") }
}

/// An image name in its normal form; nil for what is none.
func normalized(_ name: String) -> String? {
    do throws(DerootError) {
        return try ImageName(parsing: name).description
    } catch { return nil }
}
