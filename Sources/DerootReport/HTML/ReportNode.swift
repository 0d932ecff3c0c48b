import DerootBytes
import DerootOCI

/// A value of a report's JSON and where it stands, so that complaints can say what is missing.
///
/// Reports may come from anywhere: nothing is taken for granted, and nothing of them is trusted.
struct ReportNode {
    private let json: JSON
    private let place: String
    private let file: String

    init(_ json: JSON, file: String) {
        self.json = json
        place = ""
        self.file = file
    }

    private init(_ json: JSON, _ place: String, _ file: String) {
        self.json = json
        self.place = place
        self.file = file
    }

    /// An error about this value.
    func error(_ message: String) -> DerootError {
        DerootError(
            .malformed, place.isEmpty ? message : "'\(place)': \(message)", at: .init(file: file))
    }

    /// A member; null where it is absent.
    func member(_ name: String) throws(DerootError) -> ReportNode {
        guard let object = json.object else { throw error("\(json.typeName), not an object") }
        let below = place.isEmpty ? name : "\(place).\(name)"
        return ReportNode(object[name] ?? .null, below, file)
    }

    /// A member that must be a string.
    func text(_ name: String) throws(DerootError) -> String {
        let value = try member(name)
        guard let text = value.json.string else {
            throw value.error("\(value.json.typeName), not a string")
        }
        return text
    }

    /// A member that is a string, or nil.
    func optionalText(_ name: String) throws(DerootError) -> String? {
        let value = try member(name)
        return value.json.isNull ? nil : try text(name)
    }

    /// A member that is a count, or nil.
    func count(_ name: String) throws(DerootError) -> UInt64? {
        let value = try member(name)
        guard !value.json.isNull else { return nil }
        guard let integer = value.json.integer, integer >= 0 else {
            throw value.error("not a count")
        }
        return UInt64(integer)
    }

    /// A member that is true or false; false where it is absent.
    func flag(_ name: String) throws(DerootError) -> Bool { try member(name).json.bool ?? false }

    /// A member's elements; none where it is absent.
    func list(_ name: String) throws(DerootError) -> [ReportNode] {
        let value = try member(name)
        guard !value.json.isNull else { return [] }
        guard let elements = value.json.array else {
            throw value.error("\(value.json.typeName), not an array")
        }
        return elements.enumerated().map { index, element in
            ReportNode(element, "\(value.place)[\(index)]", file)
        }
    }

    /// A member's elements, which must be strings.
    func texts(_ name: String) throws(DerootError) -> [String] {
        var texts: [String] = []
        for node in try list(name) {
            guard let text = node.json.string else { throw node.error("not a string") }
            texts.append(text)
        }
        return texts
    }

    /// A member that is an object; nil where it is absent or null.
    func object(_ name: String) throws(DerootError) -> ReportNode? {
        let value = try member(name)
        guard !value.json.isNull else { return nil }
        guard value.json.object != nil else {
            throw value.error("\(value.json.typeName), not an object")
        }
        return value
    }

    /// A path as reports have it: text, or `{"hex": …}` for bytes that are none.
    func path(_ name: String) throws(DerootError) -> String {
        if let object = try? object(name) { return "0x" + (try object.text("hex")) }
        return try text(name)
    }
}
