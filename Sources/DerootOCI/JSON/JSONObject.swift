/// A JSON object: members in their order, duplicates and unknown ones included.
///
/// The subscript is exact, for objects that are maps (labels, annotations, volumes). Objects that
/// are Go structs are read with `field(_:)`, which folds case as Go does.
package struct JSONObject: Sendable, Equatable {
    /// A name and its value.
    package struct Member: Sendable, Equatable {
        /// The name, as it was spelled.
        package var name: JSONString
        /// The value.
        package var value: JSON

        /// Makes a member.
        package init(name: JSONString, value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The members, in order.
    package var members: [Member]

    /// Makes an object of members.
    package init(members: [Member] = []) { self.members = members }

    /// The value of the member with exactly this name; the last one where there are several, as in Go.
    ///
    /// Setting keeps the member's place and spelling, or appends; where there were several, one stays.
    /// Setting nil removes.
    package subscript(_ name: String) -> JSON? {
        get {
            members.last { sameBytes($0.name.value, name) }?.value
        }
        set {
            replace(with: newValue, appending: name) { sameBytes($0, name) }
        }
    }

    /// Sets the first member that matches and removes the others, so that all readers see one value.
    mutating func replace(
        with value: JSON?, appending name: String, where matches: (String) -> Bool
    ) {
        let found = members.indices.filter { matches(members[$0].name.value) }
        guard let value else {
            for index in found.reversed() { members.remove(at: index) }
            return
        }
        guard let first = found.first else {
            members.append(Member(name: JSONString(name), value: value))
            return
        }
        // An equal value keeps its lexeme: setting what is there is not a change. The name becomes
        // the specification's, since readers that do not fold case would not see another.
        if members[first].value != value { members[first].value = value }
        if !sameBytes(members[first].name.value, name) { members[first].name = JSONString(name) }
        for index in found.dropFirst().reversed() { members.remove(at: index) }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Makes an object; members in the order given.
    package init(dictionaryLiteral members: (String, JSON)...) {
        self.members = members.map { Member(name: JSONString($0.0), value: $0.1) }
    }
}
