package import DerootBytes
import DerootCore

/// A regular expression over tags and repositories, in the dialect of recipes: its time is bounded,
/// whatever the pattern and the names.
package struct NamePattern: Sendable, Hashable {
    private let pattern: LinePattern

    /// Reads a pattern.
    ///
    /// - Throws: `.malformed` for what is no regular expression, `.limit` for one that is too large.
    package init(_ text: String) throws(DerootError) { pattern = try LinePattern(text) }

    /// The names in which it is found.
    ///
    /// - Throws: `.limit` where looking for it would take too long.
    package func filter(_ names: [String]) throws(DerootError) -> Set<String> {
        var found: Set<String> = []
        for name in names {
            var work = 1_000_000
            if try pattern.fits(Array(name.utf8)[...], work: &work) { found.insert(name) }
        }
        return found
    }
}
