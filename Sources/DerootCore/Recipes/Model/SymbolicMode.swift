package import DerootBytes

/// A change of permissions as chmod(1) spells it: `u+rwX,g=u`, or octal digits.
///
/// Never setuid or setgid. `X` is execution for directories and for what somebody may execute already.
package struct SymbolicMode: Sendable, Hashable {
    private enum Operation: Character {
        case add = "+"
        case remove = "-"
        case assign = "="
    }

    private struct Clause: Sendable, Hashable {
        /// Shifts of the classes: 6, 3, 0.
        let classes: [UInt16]
        let operation: Operation
        /// Of 0…7.
        let bits: UInt16
        let isConditional: Bool
        /// The class whose bits are taken, as a shift.
        let source: UInt16?
    }

    /// As it was written.
    package let text: String
    private let clauses: [Clause]
    private let octal: UInt16?

    /// Reads a mode.
    ///
    /// - Throws: `.malformed`, also for a bit of 06000.
    package init(_ text: String) throws(DerootError) {
        self.text = text
        if let first = text.utf8.first, ByteSet.digits.contains(first) {
            octal = try Self.octal(text)
            clauses = []
            return
        }
        octal = nil
        var clauses: [Clause] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            clauses.append(try Self.clause(part, text))
        }
        self.clauses = clauses
    }

    /// Reads `0755`: three or four octal digits without 06000.
    ///
    /// - Throws: `.malformed`.
    package static func octal(_ text: String) throws(DerootError) -> UInt16 {
        guard (3...4).contains(text.utf8.count), let mode = UInt16(text, radix: 8),
            text.utf8.allSatisfy({ ByteSet.digits.contains($0) }), mode & ~0o1777 == 0
        else {
            throw DerootError(
                .malformed, "'\(printable(text.utf8.prefix(40)))' is no mode from 000 to 1777",
                advice: "recipes set no setuid and no setgid bit")
        }
        return mode
    }

    private static func clause(_ part: Substring, _ text: String) throws(DerootError) -> Clause {
        let bad = DerootError(
            .malformed, "'\(printable(text.utf8.prefix(80)))' is no mode such as u+rwX,g=u or 0755")
        guard let sign = part.firstIndex(where: { "+-=".contains($0) }),
            let operation = Operation(rawValue: part[sign])
        else { throw bad }
        var classes: [UInt16] = []
        for letter in part[..<sign] {
            switch letter {
            case "u": classes.append(6)
            case "g": classes.append(3)
            case "o": classes.append(0)
            case "a": classes += [6, 3, 0]
            default: throw bad
            }
        }
        guard !classes.isEmpty else { throw bad }
        let rights = part[part.index(after: sign)...]
        if let source = ["u": 6, "g": 3, "o": 0][rights] as UInt16? {
            return Clause(
                classes: classes, operation: operation, bits: 0, isConditional: false,
                source: source)
        }
        var bits: UInt16 = 0
        var isConditional = false
        for letter in rights {
            switch letter {
            case "r": bits |= 4
            case "w": bits |= 2
            case "x": bits |= 1
            case "X": isConditional = true
            default: throw bad
            }
        }
        return Clause(
            classes: classes, operation: operation, bits: bits, isConditional: isConditional,
            source: nil)
    }

    /// The mode after the change; bits of 07000 stay, unless octal digits say otherwise.
    package func applied(to mode: UInt16, isDirectory: Bool) -> UInt16 {
        if let octal { return octal | mode & 0o6000 }
        var mode = mode
        for clause in clauses {
            var bits = clause.bits
            if clause.isConditional, isDirectory || mode & 0o111 != 0 { bits |= 1 }
            if let source = clause.source { bits = mode >> source & 7 }
            for shift in clause.classes {
                switch clause.operation {
                case .add: mode |= bits << shift
                case .remove: mode &= ~(bits << shift)
                case .assign: mode = mode & ~(7 << shift) | bits << shift
                }
            }
        }
        return mode
    }
}
