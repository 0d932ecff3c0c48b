import DerootBytes

/// Writes a JSON value as UTF-8, numbers and strings as they were spelled.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private let indented: Bool
    private var level = 0

    init(indented: Bool) { self.indented = indented }

    mutating func write(_ json: JSON) {
        switch json.kind {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let value): bytes.append(contentsOf: value.lexeme.utf8)
        case .string(let value): write(value)
        case .array(let elements):
            open("[")
            for (index, element) in elements.enumerated() {
                separate(index)
                write(element)
            }
            close("]", isEmpty: elements.isEmpty)
        case .object(let object):
            open("{")
            for (index, member) in object.members.enumerated() {
                begin(member.name, index)
                write(member.value)
            }
            close("}", isEmpty: object.members.isEmpty)
        }
    }

    /// Writes an object with a list that may be long among its members.
    mutating func write(
        _ head: JSONObject, list: String, of elements: some Sequence<JSON>, _ tail: JSONObject,
        to sink: ([UInt8]) throws(DerootError) -> Void
    ) throws(DerootError) {
        open("{")
        for (index, member) in head.members.enumerated() {
            begin(member.name, index)
            write(member.value)
        }
        begin(JSONString(list), head.members.count)
        open("[")
        var count = 0
        for element in elements {
            separate(count)
            write(element)
            count += 1
            guard bytes.count >= 1 << 20 else { continue }
            try sink(bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        close("]", isEmpty: count == 0)
        for (index, member) in tail.members.enumerated() {
            begin(member.name, head.members.count + 1 + index)
            write(member.value)
        }
        close("}", isEmpty: false)
        try sink(bytes)
        bytes.removeAll()
    }

    /// Writes the name of an object's member.
    private mutating func begin(_ name: JSONString, _ index: Int) {
        separate(index)
        write(name)
        bytes.append(contentsOf: (indented ? ": " : ":").utf8)
    }

    private mutating func write(_ string: JSONString) {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: string.lexeme.utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func open(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        level += 1
    }

    private mutating func separate(_ index: Int) {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        if indented { newLine() }
    }

    private mutating func close(_ bracket: Unicode.Scalar, isEmpty: Bool) {
        level -= 1
        if indented, !isEmpty { newLine() }
        bytes.append(UInt8(ascii: bracket))
        if indented, level == 0 { bytes.append(UInt8(ascii: "\n")) }
    }

    private mutating func newLine() {
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
    }
}
