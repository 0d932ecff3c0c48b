/// A map of strings (labels, annotations) in its order, with names compared byte for byte.
///
/// Not a Dictionary: that orders at random and takes canonically equivalent names for one.
package struct TextMap: Sendable, Equatable, RandomAccessCollection {
    /// A name and its value.
    package struct Entry: Sendable, Equatable {
        /// The name.
        package let name: String
        /// The value.
        package let value: String

        /// Whether both have the same bytes.
        package static func == (a: Entry, b: Entry) -> Bool {
            sameBytes(a.name, b.name) && sameBytes(a.value, b.value)
        }
    }

    private let entries: [Entry]

    init(entries: [Entry]) { self.entries = entries }

    /// The first position, 0.
    package var startIndex: Int { entries.startIndex }
    /// The position after the last.
    package var endIndex: Int { entries.endIndex }
    /// The entry at a position.
    package subscript(position: Int) -> Entry { entries[position] }
    /// The value for a name.
    package subscript(name: String) -> String? {
        entries.first { sameBytes($0.name, name) }?.value
    }
}

extension JSONObject {
    /// Sets or removes (nil) an entry of a map of strings, which was checked with `textMap`.
    ///
    /// A map that is absent is created and one that becomes empty goes. Gives the map as it then is.
    mutating func setText(in map: String, _ name: String, _ value: String?) -> TextMap {
        var object = self[field: map]?.object ?? JSONObject()
        let before = object.members.count
        object[name] = value.map(JSON.string)
        if !object.members.isEmpty {
            self[field: map] = .object(object)
        } else if before > 0 {
            self[field: map] = nil
        }
        return TextMap(
            entries: object.members.map {
                .init(name: $0.name.value, value: $0.value.string ?? "")
            })
    }
}
