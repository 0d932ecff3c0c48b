package import DerootBytes

/// A JSON document whose root is an object, with the bytes that it came from.
///
/// A document that is what it was gives its original bytes back, white space and all, and with them
/// its digest; one that was changed is written compactly. Changing a value to what it was before is
/// not a change.
package struct Document: Sendable {
    private struct Origin: Sendable {
        let bytes: [UInt8]
        let root: JSONObject
    }

    private let origin: Origin?
    /// The tree, to look at and to edit.
    package var root: JSONObject

    /// Parses a document.
    ///
    /// - Throws: `.malformed` with the byte's offset, `.limit` for too deep a nesting.
    package init(parsing bytes: [UInt8]) throws(DerootError) {
        let json = try JSON.parse(bytes)
        guard let root = json.object else {
            throw DerootError(.malformed, "the document is \(json.typeName), not an object")
        }
        self.root = root
        origin = Origin(bytes: bytes, root: root)
    }

    /// Makes a new document.
    package init(_ root: JSONObject) {
        self.root = root
        origin = nil
    }

    /// Whether the document is not (or no longer) the one that was parsed.
    package var isEdited: Bool { origin?.root != root }

    /// The document as bytes: the original ones, if it was not changed.
    package var bytes: [UInt8] {
        if let origin, origin.root == root { return origin.bytes }
        return JSON.object(root).serialized()
    }

    /// The digest of `bytes`.
    package var digest: Digest { Digest.of(bytes) }
}
