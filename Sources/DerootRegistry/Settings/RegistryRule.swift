import DerootBytes
import DerootOCI

/// A `[[registry]]` table of registries.conf: what is done with names of a prefix
/// (containers-registries.conf(5)).
struct RegistryRule: Sendable, Hashable {
    /// Another place for the same images.
    struct Mirror: Sendable, Hashable {
        /// What takes the prefix's place: a host, and a path or not.
        var location: String
        /// Whether plain HTTP and certificates of nobody will do.
        var isInsecure = false
        /// For which names it is asked.
        var scope = Scope.all
    }

    /// For which names a mirror is asked (`pull-from-mirror`).
    enum Scope: String, Sendable, Hashable, CaseIterable {
        /// All of them.
        case all
        /// Those with a digest.
        case digestOnly = "digest-only"
        /// Those with a tag and no digest.
        case tagOnly = "tag-only"

        func holds(_ name: ImageName) -> Bool {
            switch self {
            case .all: true
            case .digestOnly: name.digest != nil
            case .tagOnly: name.digest == nil
            }
        }
    }

    /// `host[:port][/path]`, perhaps with a tag or digest, or `*.host`.
    var prefix: String
    /// What takes the prefix's place; nil: nothing does.
    var location: String?
    /// Whether plain HTTP and certificates of nobody will do.
    var isInsecure = false
    /// Whether nothing of this prefix may be used.
    var isBlocked = false
    /// Where to look first, in this order.
    var mirrors: [Mirror] = []
    /// The file that says so, for messages.
    var file: String

    /// How much of a full name the prefix covers, in UTF-8 bytes; nil where it does not fit.
    func covered(_ name: String) -> Int? {
        let bytes = Array(name.utf8)
        let wanted = Array(prefix.utf8)
        var end = wanted.count
        if prefix.hasPrefix("*.") {
            // Some part before the domain, however many dots it has, but never a part of the path.
            let domain = wanted.dropFirst()
            let host = bytes.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
            guard host.count > domain.count, host.reversed().starts(with: domain.reversed())
            else { return nil }
            end = host.count
        } else {
            guard bytes.starts(with: wanted) else { return nil }
        }
        guard end < bytes.count else { return end }
        return Array("/:@".utf8).contains(bytes[end]) ? end : nil
    }

    /// The name with something else in the prefix's place.
    ///
    /// - Throws: `.malformed` where no image name comes out of it.
    func replaced(
        _ name: ImageName, by location: String
    ) throws(DerootError) -> ImageName {
        let text = name.description
        let rest = text.utf8.dropFirst(covered(text) ?? 0)
        do throws(DerootError) {
            return try ImageName(parsing: location + String(decoding: rest, as: UTF8.self))
        } catch {
            throw DerootError(
                .malformed,
                "with the location '\(printable(location.utf8))' the image "
                    + "'\(printable(text.utf8))' has no name: \(error.message)",
                at: .init(file: file))
        }
    }
}
