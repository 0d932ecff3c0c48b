import DerootOCI

extension JSON {
    /// All trees that differ from this one in one place, where `value` stands.
    func replacing(with value: JSON) -> [JSON] {
        var results = [value]
        if let elements = array {
            for index in elements.indices {
                for changed in elements[index].replacing(with: value) {
                    var copy = elements
                    copy[index] = changed
                    results.append(.array(copy))
                }
            }
        } else if let object {
            for index in object.members.indices {
                for changed in object.members[index].value.replacing(with: value) {
                    var copy = object
                    copy.members[index].value = changed
                    results.append(.object(copy))
                }
            }
        }
        return results
    }
}
