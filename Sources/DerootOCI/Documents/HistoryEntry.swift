package import DerootBytes

/// One step of an image's history (OCI image-spec, config.md, "history").
package struct HistoryEntry: Sendable, Equatable {
    /// When, RFC 3339, as the document says it; not checked.
    package let created: String?
    /// By which command.
    package let createdBy: String?
    /// A note.
    package let comment: String?
    /// Who.
    package let author: String?
    /// Whether the step made no layer.
    package let isEmptyLayer: Bool

    /// Makes an entry.
    package init(
        created: String? = nil, createdBy: String? = nil, comment: String? = nil,
        author: String? = nil, isEmptyLayer: Bool = false
    ) {
        self.created = created
        self.createdBy = createdBy
        self.comment = comment
        self.author = author
        self.isEmptyLayer = isEmptyLayer
    }

    /// Reads an entry; null reads as an empty one, as in Go.
    ///
    /// - Throws: `.malformed` for a wrong type, `.hostile` for a member twice.
    package init(_ json: JSON) throws(DerootError) {
        guard let object = json.isNull ? JSONObject() : json.object else {
            throw DerootError(.malformed, "a history entry is \(json.typeName), not an object")
        }
        created = try object.text("created")
        createdBy = try object.text("created_by")
        comment = try object.text("comment")
        author = try object.text("author")
        isEmptyLayer = try object.flag("empty_layer") ?? false
    }

    /// Whether both say the same, byte for byte.
    package static func == (a: HistoryEntry, b: HistoryEntry) -> Bool { a.json == b.json }

    /// The JSON object; absent parts are left out.
    package var json: JSON {
        var object = JSONObject()
        if let created { object["created"] = .string(created) }
        if let createdBy { object["created_by"] = .string(createdBy) }
        if let author { object["author"] = .string(author) }
        if let comment { object["comment"] = .string(comment) }
        if isEmptyLayer { object["empty_layer"] = .bool(true) }
        return .object(object)
    }
}
