package import DerootBytes

/// A JSON value that loses nothing: member order, unknown members, duplicate members, and the
/// spelling of every number and string survive a round trip (only white space does not).
///
/// Why not a Codable model: it drops unknown keys, turns 1.10 into 1.1 and reorders members, and
/// with that changes the digests of documents that other tools own.
package struct JSON: Sendable, Equatable {
    /// The value by its type, for `switch`.
    package enum Kind: Sendable, Equatable {
        /// `null`.
        case null
        /// `true` or `false`.
        case bool(Bool)
        /// A number, as it was spelled.
        case number(JSONNumber)
        /// A string, as it was spelled.
        case string(JSONString)
        /// An array.
        case array([JSON])
        /// An object.
        case object(JSONObject)
    }

    /// The value.
    package let kind: Kind

    /// Wraps a value.
    package init(_ kind: Kind) { self.kind = kind }

    /// Parses one RFC 8259 text, strictly: no byte order mark, no trailing bytes, valid UTF-8.
    ///
    /// Lone surrogate escapes and duplicate members are legal JSON and are kept. `depth` is how many
    /// arrays and objects may be nested (at most 2000, since destruction recurses).
    ///
    /// - Throws: `.malformed` with the byte's offset, or `.limit` for too deep a nesting.
    package static func parse(
        _ bytes: [UInt8], depth: Int = 512
    ) throws(DerootError) -> JSON {
        var parser = JSONParser(bytes, depth: min(depth, 2000))
        return try parser.parse()
    }

    /// Parses an object with a long list as one of its members, the tree of which is never held: its
    /// elements are given to `take` one by one, in order, and the member is an empty array in the result.
    ///
    /// - Throws: As `parse`, and what `take` throws; `.malformed` where there are two such members.
    package static func parse(
        _ bytes: [UInt8], list: String, depth: Int = 512,
        take: (JSON) throws(DerootError) -> Void
    ) throws(DerootError) -> JSONObject {
        var parser = JSONParser(bytes, depth: min(depth, 2000), list: list)
        let json = try parser.parse(take)
        guard let root = json.object else {
            throw DerootError(.malformed, "the document is \(json.typeName), not an object")
        }
        guard root.members.count(where: { sameBytes($0.name.value, list) }) < 2 else {
            throw DerootError(.malformed, "the document has '\(list)' twice")
        }
        return root
    }

    /// Writes an object with a long list as one of its members, neither of which is ever held as a
    /// whole: `sink` gets the text in pieces of about a megabyte.
    ///
    /// - Throws: What `sink` throws.
    package static func write(
        _ head: JSONObject, list: String, of elements: some Sequence<JSON>, _ tail: JSONObject,
        to sink: ([UInt8]) throws(DerootError) -> Void
    ) throws(DerootError) {
        var writer = JSONWriter(indented: true)
        try writer.write(head, list: list, of: elements, tail, to: sink)
    }

    /// The value as UTF-8 text, compact unless `indented` (two spaces a level, for people).
    package func serialized(indented: Bool = false) -> [UInt8] {
        var writer = JSONWriter(indented: indented)
        writer.write(self)
        return writer.bytes
    }
}

// Making values.
extension JSON {
    /// `null`.
    package static let null = JSON(.null)

    /// `true` or `false`.
    package static func bool(_ value: Bool) -> JSON { JSON(.bool(value)) }

    /// An integer.
    package static func number(_ value: some BinaryInteger) -> JSON {
        JSON(.number(JSONNumber(value)))
    }

    /// A string.
    package static func string(_ value: String) -> JSON { JSON(.string(JSONString(value))) }

    /// An array.
    package static func array(_ elements: [JSON]) -> JSON { JSON(.array(elements)) }

    /// An array of strings.
    package static func strings(_ elements: some Sequence<String>) -> JSON {
        JSON(.array(elements.map(JSON.string)))
    }

    /// An object, also as a literal: members in the order given.
    package static func object(_ object: JSONObject) -> JSON { JSON(.object(object)) }
}

// Looking at values: nil where the type is another.
extension JSON {
    /// Whether this is `null`.
    package var isNull: Bool { kind == .null }

    /// The boolean.
    package var bool: Bool? {
        guard case .bool(let value) = kind else { return nil }
        return value
    }

    /// The string, escapes resolved; a lone surrogate reads as U+FFFD, as in Go.
    package var string: String? {
        guard case .string(let value) = kind else { return nil }
        return value.value
    }

    /// The number, if it is spelled as an integer (no fraction, no exponent) and fits.
    package var integer: Int64? {
        guard case .number(let value) = kind else { return nil }
        return value.integer
    }

    /// The elements.
    package var array: [JSON]? {
        guard case .array(let value) = kind else { return nil }
        return value
    }

    /// The object.
    package var object: JSONObject? {
        guard case .object(let value) = kind else { return nil }
        return value
    }

    /// What type it is, with an article, for messages.
    package var typeName: String {
        switch kind {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
