import DerootBytes
import DerootOCI

/// The list of what speaks of an image, without I/O.
///
/// It is what the referrers API answers, or what the fallback tag holds (distribution-spec, "Listing
/// Referrers" and "Unavailable Referrers API").
struct ReferrersIndex {
    private var index: ImageIndex

    /// An empty list.
    init() { index = ImageIndex() }

    /// Reads a list.
    ///
    /// - Throws: `.malformed` for something else than an index.
    init(parsing bytes: [UInt8]) throws(DerootError) {
        do throws(DerootError) {
            index = try ImageIndex(parsing: bytes)
        } catch {
            throw DerootError(.malformed, "the list of referrers is not an index", cause: error)
        }
    }

    /// The documents.
    var manifests: [Descriptor] { index.manifests }

    /// Adds a document; false where it is in the list.
    mutating func add(_ descriptor: Descriptor) -> Bool {
        guard !index.manifests.contains(where: { $0.digest == descriptor.digest }) else {
            return false
        }
        index.appendManifest(descriptor)
        return true
    }

    /// The list as it is stored.
    var bytes: [UInt8] { index.document.bytes }

    /// The tag under which the list is kept where there is no API for it.
    ///
    /// Tags have at most 128 characters, so that of a long digest is cut (the same section).
    static func tag(_ subject: Digest) -> String {
        String("\(subject.algorithm.rawValue)-\(subject.hex)".prefix(128))
    }
}

/// The tags that cosign used before there were referrers (cosign, specs/SIGNATURE_SPEC.md, "Storage").
enum CosignTag: String, CaseIterable {
    case sig, att, sbom

    /// The tag for a digest.
    func tag(_ subject: Digest) -> String {
        "\(subject.algorithm.rawValue)-\(subject.hex).\(rawValue)"
    }

    /// What it holds, for people.
    var what: String {
        switch self {
        case .sig: "a signature of cosign"
        case .att: "an attestation of cosign"
        case .sbom: "an SBOM of cosign"
        }
    }

    /// Whether a tag is one of these, or a list of referrers, and no image of its own.
    static func isDocument(_ tag: String) -> Bool {
        Digest.Algorithm.allCases.contains { tag.hasPrefix("\($0.rawValue)-") }
    }
}
