/// A JSON number as it was spelled: 1.10, 1e2 and 2⁶⁴−1 stay what they are.
///
/// Equal means equally spelled: 1.0 and 1 are different, since Go reads only one of them as an int.
package struct JSONNumber: Sendable, Hashable {
    /// The spelling, grammatical by RFC 8259, section 6.
    package let lexeme: String

    /// Wraps a spelling that the parser has checked.
    init(checked lexeme: String) { self.lexeme = lexeme }

    /// Spells an integer.
    package init(_ value: some BinaryInteger) { lexeme = String(value) }

    /// The value, if spelled as an integer (no fraction, no exponent) that fits; else nil.
    package var integer: Int64? { Int64(lexeme) }
}
