/// HTTP fields in their order; names are compared without case (RFC 9110, 5.1).
package struct Headers: Sendable, ExpressibleByDictionaryLiteral {
    /// One field.
    package struct Field: Sendable {
        package let name: String
        package let value: String
    }

    /// All fields, as they came or will go.
    package private(set) var fields: [Field] = []

    package init(dictionaryLiteral fields: (String, String)...) {
        for (name, value) in fields { add(name, value) }
    }

    /// The first field of that name; setting replaces all of them, nil removes them.
    package subscript(_ name: String) -> String? {
        get { all(name).first }
        set {
            let wanted = name.lowercased()
            fields.removeAll { $0.name.lowercased() == wanted }
            if let newValue { add(name, newValue) }
        }
    }

    /// The values of every field of that name.
    package func all(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    /// Adds a field behind the others.
    package mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// As they go over the wire.
    var text: String {
        fields.map { "\($0.name): \($0.value)\r\n" }.joined()
    }
}

/// The parts of a request's target after the `?`, decoded, in their order.
struct Query: Sendable {
    let items: [(name: String, value: String)]

    init(_ text: some StringProtocol) {
        items = text.split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (percentDecoded(parts[0]), parts.count > 1 ? percentDecoded(parts[1]) : "")
        }
    }

    subscript(_ name: String) -> String? { items.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }
}

/// Text with `%41` and `+` resolved, as forms and queries write it.
func percentDecoded(_ text: some StringProtocol) -> String {
    var out: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        let pair = String(decoding: rest.prefix(2), as: UTF8.self)
        if byte == UInt8(ascii: "%"), pair.utf8.count == 2, let value = UInt8(pair, radix: 16) {
            out.append(value)
            rest = rest.dropFirst(2)
        } else {
            out.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(decoding: out, as: UTF8.self)
}
