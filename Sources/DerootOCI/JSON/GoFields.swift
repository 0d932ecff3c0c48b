package import DerootBytes

// Objects that Go programs read into a struct. encoding/json takes a member for a field if the names
// are equal after folding case, so `"user": "root"` sets User; of several, the last one wins. A tool
// that compares exactly sees something else. So: look up as Go does, and refuse two spellings.
extension JSONObject {
    /// The value of a struct's field; nil where it is absent or null.
    ///
    /// - Throws: `.hostile` where two members would set the same field.
    package func field(_ name: String) throws(DerootError) -> JSON? {
        var found: Member?
        for member in members where isField(member, name) {
            if let first = found {
                throw DerootError(
                    .hostile,
                    "members '\(printable(first.name.value.utf8))' and "
                        + "'\(printable(member.name.value.utf8))' are the same field, "
                        + "and readers differ in which one they take")
            }
            found = member
        }
        guard let value = found?.value, !value.isNull else { return nil }
        return value
    }

    /// The value of a struct's field; nil where it is absent or null; of several the last, as in Go.
    ///
    /// For documents whose fields were checked with `field(_:)` before.
    package subscript(field name: String) -> JSON? {
        get {
            members.last { isField($0, name) && !$0.value.isNull }?.value
        }
        set {
            replace(with: newValue, appending: name) { goFolds($0, to: name) }
        }
    }

    private func isField(_ member: Member, _ name: String) -> Bool {
        let spelled = member.name
        // Resolving escapes and folding only ever shorten.
        guard spelled.lexeme.utf8.count >= name.utf8.count else { return false }
        return goFolds(spelled.isEscaped ? spelled.value : spelled.lexeme, to: name)
    }
}

/// Whether Go's encoding/json takes a member's name for a field's: equal after folding the case of
/// ASCII letters, with 'ſ' (U+017F) for s and the Kelvin sign (U+212A) for k.
///
/// No other scalar folds to an ASCII letter, and `field` must be ASCII, as all our fields are.
package func goFolds(_ name: String, to field: String) -> Bool {
    var left = name.utf8.makeIterator()
    var right = field.utf8.makeIterator()
    while true {
        let byte = nextFolded(&left)
        guard byte == nextFolded(&right) else { return false }
        if byte == nil { return true }
    }
}

private func nextFolded(_ bytes: inout String.UTF8View.Iterator) -> UInt8? {
    let byte = bytes.next()
    switch byte {
    case (UInt8(ascii: "A")...UInt8(ascii: "Z"))?: return byte.map { $0 | 0x20 }
    // What follows another lead byte is swallowed here: the lead byte equals no ASCII byte anyway.
    case 0xC5: return bytes.next() == 0xBF ? UInt8(ascii: "s") : byte
    case 0xE2: return bytes.next() == 0x84 && bytes.next() == 0xAA ? UInt8(ascii: "k") : byte
    default: return byte
    }
}
