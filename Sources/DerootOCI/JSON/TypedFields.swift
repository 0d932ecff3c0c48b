package import DerootBytes

// Fields with their types checked. Every error is `.malformed` and names the field.
extension JSONObject {
    /// A string field; nil where absent or null.
    package func text(_ name: String) throws(DerootError) -> String? {
        guard let value = try field(name) else { return nil }
        guard let text = value.string else { throw wrongType(name, value, "a string") }
        return text
    }

    /// A boolean field; nil where absent or null.
    package func flag(_ name: String) throws(DerootError) -> Bool? {
        guard let value = try field(name) else { return nil }
        guard let flag = value.bool else { throw wrongType(name, value, "a boolean") }
        return flag
    }

    /// A field that is a count of bytes, 0…2⁶³−1; nil where absent or null.
    ///
    /// Go reads an int64, so 1e2 and 1.0 are refused, as Go refuses them.
    package func size(_ name: String) throws(DerootError) -> UInt64? {
        guard let value = try field(name) else { return nil }
        guard case .number(let number) = value.kind else {
            throw wrongType(name, value, "a number")
        }
        guard let integer = number.integer, integer >= 0, !number.lexeme.utf8.starts(with: "-".utf8)
        else {
            let shown = printable(number.lexeme.utf8.prefix(40))
            throw DerootError(
                .malformed, "'\(name)' is \(shown), which is not an integer from 0 to 2^63-1")
        }
        return UInt64(integer)
    }

    /// A field that is an integer; nil where absent or null.
    package func integer(_ name: String) throws(DerootError) -> Int64? {
        guard let value = try field(name) else { return nil }
        guard let integer = value.integer else { throw wrongType(name, value, "an integer") }
        return integer
    }

    /// A field that is an array; nil where absent or null.
    package func array(_ name: String) throws(DerootError) -> [JSON]? {
        guard let value = try field(name) else { return nil }
        guard let array = value.array else { throw wrongType(name, value, "an array") }
        return array
    }

    /// A field that is an array of strings; nil where absent or null.
    package func texts(_ name: String) throws(DerootError) -> [String]? {
        guard let elements = try array(name) else { return nil }
        var texts: [String] = []
        texts.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard let text = element.string else {
                throw wrongType("\(name)[\(index)]", element, "a string")
            }
            texts.append(text)
        }
        return texts
    }

    /// A field that is an object; nil where absent or null.
    package func object(_ name: String) throws(DerootError) -> JSONObject? {
        guard let value = try field(name) else { return nil }
        guard let object = value.object else { throw wrongType(name, value, "an object") }
        return object
    }

    /// A field that is a map of strings (labels, annotations): exact names; empty where absent.
    ///
    /// - Throws: also where a name occurs twice, since readers differ in which one they take.
    package func textMap(_ name: String) throws(DerootError) -> TextMap {
        var entries: [TextMap.Entry] = []
        for member in try map(name) {
            // Go leaves the zero value for null.
            guard let text = member.value.isNull ? "" : member.value.string else {
                throw wrongType(
                    "\(name).\(shown(member.name))", member.value, "a string")
            }
            entries.append(.init(name: member.name.value, value: text))
        }
        return TextMap(entries: entries)
    }

    /// A field that is a set, spelled as a map of empty objects (Volumes, ExposedPorts).
    ///
    /// - Throws: also where a name occurs twice.
    package func nameSet(_ name: String) throws(DerootError) -> [String] {
        var names: [String] = []
        for member in try map(name) {
            guard member.value.isNull || member.value.object != nil else {
                throw wrongType(
                    "\(name).\(shown(member.name))", member.value, "an object")
            }
            names.append(member.name.value)
        }
        return names
    }

    private func map(_ name: String) throws(DerootError) -> [Member] {
        guard let object = try object(name) else { return [] }
        var seen: Set<[UInt8]> = []
        for member in object.members {
            let spelled = member.name.value
            guard seen.insert(Array(spelled.utf8)).inserted else {
                throw DerootError(
                    .malformed, "'\(name)' has the member '\(shown(member.name))' twice")
            }
        }
        return object.members
    }
}

private func shown(_ name: JSONString) -> String { printable(name.value.utf8.prefix(100)) }

private func wrongType(_ name: String, _ value: JSON, _ expected: String) -> DerootError {
    DerootError(.malformed, "'\(name)' is \(value.typeName), not \(expected)")
}

extension DerootError {
    /// The same error with the name of the enclosing part before the message.
    package func inside(_ part: String) -> DerootError {
        var copy = self
        copy.message = "\(part): \(message)"
        return copy
    }
}
