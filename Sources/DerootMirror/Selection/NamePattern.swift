package import DerootBytes

/// A regular expression over tags and repositories, in Swift's dialect; `^` and `$` are the ends.
package struct NamePattern: Sendable, Hashable {
    /// As it was written.
    package let text: String

    /// Reads a pattern.
    ///
    /// - Throws: `.malformed` for what is no regular expression.
    package init(_ text: String) throws(DerootError) {
        self.text = text
        _ = try Self.compiled(text)
    }

    /// The names in which it is found.
    package func filter(_ names: [String]) throws(DerootError) -> Set<String> {
        let expression = try Self.compiled(text)
        var found: Set<String> = []
        for name in names {
            let isFound: Bool
            do {
                isFound = try expression.firstMatch(in: name) != nil
            } catch {
                throw DerootError(
                    .malformed, "'\(printable(text.utf8))' cannot be looked for", cause: error)
            }
            if isFound { found.insert(name) }
        }
        return found
    }

    private static func compiled(_ text: String) throws(DerootError) -> Regex<AnyRegexOutput> {
        do {
            return try Regex(text)
        } catch {
            throw DerootError(
                .malformed, "'\(printable(text.utf8.prefix(200)))' is not a regular expression")
        }
    }
}
