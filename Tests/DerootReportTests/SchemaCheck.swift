import DerootBytes
import DerootOCI

/// As much of JSON Schema 2020-12 as our own schemas use; the live suite asks a real validator.
struct SchemaCheck {
    private let root: JSON
    private(set) var faults: [String] = []

    init(_ schema: JSON) { root = schema }

    mutating func check(_ value: JSON) { check(value, root, "$") }

    private mutating func check(_ value: JSON, _ schema: JSON, _ place: String) {
        guard let rules = schema.object else { return }
        for member in rules.members {
            let content = member.value
            switch member.name.value {
            case "$schema", "$id", "$defs", "title", "description": break
            case "$ref":
                let name = String((content.string ?? "").dropFirst("#/$defs/".count))
                guard let target = root.object?["$defs"]?.object?[name] else {
                    faults.append("\(place): no definition \(name)")
                    continue
                }
                check(value, target, place)
            case "type": checkType(value, content.string ?? "", place)
            case "const": if value != content { faults.append("\(place): not the constant") }
            case "enum":
                if content.array?.contains(value) != true { faults.append("\(place): not listed") }
            case "anyOf", "oneOf":
                let hits = (content.array ?? []).count { option in
                    var trial = SchemaCheck(root)
                    trial.check(value, option, place)
                    return trial.faults.isEmpty
                }
                let isRight = member.name.value == "anyOf" ? hits > 0 : hits == 1
                if !isRight { faults.append("\(place): \(hits) of the options fit") }
            case "required":
                for name in content.array ?? [] where value.object?[name.string ?? ""] == nil {
                    faults.append("\(place): \(name.string ?? "") is missing")
                }
            case "properties":
                for property in content.object?.members ?? [] {
                    let name = property.name.value
                    guard let found = value.object?[name] else { continue }
                    check(found, property.value, "\(place).\(name)")
                }
            case "additionalProperties":
                let known = rules["properties"]?.object
                for found in value.object?.members ?? [] where known?[found.name.value] == nil {
                    faults.append("\(place): unknown member \(found.name.value)")
                }
            case "items":
                for (index, element) in (value.array ?? []).enumerated() {
                    check(element, content, "\(place)[\(index)]")
                }
            case "minimum":
                guard let least = content.integer, let number = value.integer, number < least else {
                    continue
                }
                faults.append("\(place): too small")
            case "pattern": checkPattern(value, content.string ?? "", place)
            case let name: faults.append("the schema uses \(name), which this check does not know")
            }
        }
    }

    private mutating func checkType(_ value: JSON, _ type: String, _ place: String) {
        let isRight =
            switch type {
            case "object": value.object != nil
            case "array": value.array != nil
            case "string": value.string != nil
            case "integer": value.integer != nil
            case "boolean": value.bool != nil
            case "null": value.isNull
            default: false
            }
        if !isRight { faults.append("\(place): \(value.typeName), not \(type)") }
    }

    private mutating func checkPattern(_ value: JSON, _ pattern: String, _ place: String) {
        guard let text = value.string else { return }
        guard let regex = try? Regex(pattern) else {
            faults.append("\(place): the pattern \(pattern) is none")
            return
        }
        if text.wholeMatch(of: regex) == nil { faults.append("\(place): '\(text)' does not fit") }
    }
}
