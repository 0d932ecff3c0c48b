package import DerootBytes

// Objects that Go programs read into a struct. encoding/json takes a member for a field if the names
// are equal after folding case, so `"user": "root"` sets User; of several, the last one wins. A tool
// that compares exactly sees something else. So: look up as Go does, and refuse two spellings.
extension JSONObject {
    /// The value of a struct's field; nil where it is absent or null.
    ///
    /// - Throws: `.hostile` where two members would set the same field.
    package func field(_ name: String) throws(DerootError) -> JSON? {
        let folded = goFolded(name)
        var found: Member?
        for member in members where isField(member, folded) {
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
            let folded = goFolded(name)
            let value = members.last { isField($0, folded) && !$0.value.isNull }?.value
            return value
        }
        set {
            let folded = goFolded(name)
            replace(with: newValue, appending: name) { goFolded($0) == folded }
        }
    }

    private func isField(_ member: Member, _ folded: [UInt8]) -> Bool {
        // Folding shortens 'ſ' (2 bytes) and the Kelvin sign (3 bytes) to one; nothing grows.
        let spelled = member.name.lexeme.utf8.count
        guard spelled >= folded.count, spelled <= 6 * folded.count else { return false }
        return goFolded(member.name.value) == folded
    }
}

/// A name with case folded as Go's encoding/json does: ASCII letters, 'ſ' (U+017F), 'K' (U+212A).
///
/// No other scalar folds to an ASCII letter, and all field names are ASCII.
package func goFolded(_ name: String) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(name.utf8.count)
    for scalar in name.unicodeScalars {
        switch scalar {
        case "A"..."Z": out.append(UInt8(truncatingIfNeeded: scalar.value) | 0x20)
        case "\u{017F}": out.append(UInt8(ascii: "s"))
        case "\u{212A}": out.append(UInt8(ascii: "k"))
        default: out.append(contentsOf: String(scalar).utf8)
        }
    }
    return out
}
