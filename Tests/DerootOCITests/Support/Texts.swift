import DerootBytes
import DerootOCI

/// Parses a JSON text.
func parsed(_ text: String) throws -> JSON { try JSON.parse(Array(text.utf8)) }

/// Parses an object.
func object(_ text: String) throws -> JSONObject {
    guard let object = try parsed(text).object else {
        throw DerootError(.usage, "the test's text is not an object")
    }
    return object
}

/// A value's compact text.
func text(_ json: JSON) -> String { String(decoding: json.serialized(), as: UTF8.self) }

/// A document's text.
func text(_ document: Document) -> String { String(decoding: document.bytes, as: UTF8.self) }

/// A digest of 64 times the same hex digit.
func digest(_ digit: Character) throws -> Digest {
    try Digest(parsing: "sha256:" + String(repeating: digit, count: 64))
}

/// The error that something throws; nil where it throws none.
func failure(_ body: () throws -> Void) -> DerootError? {
    do {
        try body()
        return nil
    } catch {
        return error as? DerootError
    }
}
