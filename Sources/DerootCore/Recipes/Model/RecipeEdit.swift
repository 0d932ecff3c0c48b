package import DerootBytes

/// A change of the lines of one file, and how often it must hit.
///
/// Without a count edits rot unseen: nginx moved its pid file between two releases, and every `sed` in
/// the wild went on without finding it.
package struct RecipeEdit: Sendable, Hashable {
    package enum Action: Sendable, Hashable {
        /// Every match of the pattern becomes the text; hits are matches.
        case substitute(LinePattern, RecipeText)
        /// Every occurrence of the bytes becomes the text; hits are occurrences.
        case replace([UInt8], RecipeText)
        /// Lines that fit go; hits are lines, as below.
        case delete(LinePattern)
        /// The text follows each line that fits.
        case insertAfter(LinePattern, RecipeText)
        /// The text precedes each line that fits.
        case insertBefore(LinePattern, RecipeText)
        /// The text at the end; one hit.
        case append(RecipeText)
        /// The text at the start; one hit.
        case prepend(RecipeText)
    }

    /// The part of a file that an edit looks at: after a line that fits `from`, up to one that fits
    /// `to`; several such parts count.
    package struct Section: Sendable, Hashable {
        package let from: LinePattern
        package let to: LinePattern
    }

    /// How many hits are right.
    package struct Count: Sendable, Hashable, CustomStringConvertible {
        package let least: Int
        /// nil: any number.
        package let most: Int?

        /// Reads `1`, `0..2` or `1..`.
        ///
        /// - Throws: `.malformed`.
        package init(_ text: String) throws(DerootError) {
            let bad = DerootError(
                .malformed,
                "'\(printable(text.utf8.prefix(40)))' is no count such as 1, 0..2 or 1..")
            func number(_ part: Substring) throws(DerootError) -> Int {
                guard (1...6).contains(part.utf8.count),
                    part.utf8.allSatisfy({ ByteSet.digits.contains($0) }), let value = Int(part)
                else { throw bad }
                return value
            }
            guard let dots = text.firstRange(of: "..") else {
                least = try number(text[...])
                most = least
                return
            }
            least = try number(text[..<dots.lowerBound])
            let rest = text[dots.upperBound...]
            most = rest.isEmpty ? nil : try number(rest)
            guard most.map({ $0 >= least }) ?? true else { throw bad }
        }

        package func contains(_ hits: Int) -> Bool { hits >= least && hits <= most ?? .max }

        package var description: String {
            guard let most else { return "\(least).." }
            return most == least ? "\(least)" : "\(least)..\(most)"
        }
    }

    /// Unique in its recipe.
    package let id: String
    /// Wildcards are allowed; hits count over all files that fit.
    package let files: [RecipeText]
    package let action: Action
    package let count: Count
    /// True: a file that is not there is no miss.
    package var isOptional = false
    /// Lines that say that the edit was made already, by an earlier conversion or by hand.
    package var done: LinePattern?
    package var section: Section?
    package var condition = RecipeCondition()
    /// Where it stands in the recipe.
    package let line: Int
}
