package import DerootBytes

/// A range of versions: `>=1.24 <2`, `^1.2`, `~1.2.3`, `1.x`, alternatives after `||`.
///
/// Versions with a prerelease, as `1.27-alpine` is one by the letter, are in it only where a bound of
/// the same three numbers has one too (the rule of npm and of regsync).
package struct VersionRange: Sendable, Hashable {
    private enum Relation: Sendable, Hashable { case less, atMost, equal, atLeast, more, not }

    private struct Bound: Sendable, Hashable {
        let relation: Relation
        let version: TagVersion

        func holds(_ other: TagVersion) -> Bool {
            switch relation {
            case .less: other < version
            case .atMost: !(version < other)
            case .equal: other == version
            case .atLeast: !(other < version)
            case .more: version < other
            case .not: other != version
            }
        }
    }

    /// As it was written.
    package let text: String
    private let alternatives: [[Bound]]

    /// Reads a range.
    ///
    /// - Throws: `.malformed` for what is none.
    package init(_ text: String) throws(DerootError) {
        self.text = text
        var alternatives: [[Bound]] = []
        for part in Self.alternatives(text) {
            var bounds: [Bound] = []
            var words = part.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
            guard !words.isEmpty else { throw Self.bad(text) }
            // A sign may stand apart from its version.
            for index in words.indices.dropLast().reversed()
            where words[index].allSatisfy({ "<>=!^~".contains($0) }) {
                words[index] += words.remove(at: index + 1)
            }
            for word in words { bounds += try Self.bounds(word, in: text) }
            alternatives.append(bounds)
        }
        self.alternatives = alternatives
    }

    /// Whether a version is in the range.
    package func contains(_ version: TagVersion) -> Bool {
        alternatives.contains { bounds in
            guard bounds.allSatisfy({ $0.holds(version) }) else { return false }
            return version.prerelease.isEmpty
                || bounds.contains {
                    !$0.version.prerelease.isEmpty && $0.version.numbers == version.numbers
                }
        }
    }

    private static func alternatives(_ text: String) -> [String] {
        var parts = [""]
        var rest = text[...]
        while let character = rest.first {
            if rest.hasPrefix("||") {
                parts.append("")
                rest = rest.dropFirst(2)
            } else {
                parts[parts.count - 1].append(character)
                rest = rest.dropFirst()
            }
        }
        return parts
    }

    private static func bad(_ text: String) -> DerootError {
        DerootError(
            .malformed, "'\(printable(text.utf8.prefix(200)))' is not a range of versions",
            advice: "write such as '>=1.24 <2', '^1.2', '~1.2' or '1.x'")
    }

    private static func bounds(_ word: String, in text: String) throws(DerootError) -> [Bound] {
        let sign = word.prefix { "<>=!^~".contains($0) }
        var name = word.dropFirst(sign.count)
        // 1.x, 1.2.*, and * alone say only where the range begins and what may vary.
        var isOpen = false
        while let last = name.split(separator: ".", omittingEmptySubsequences: false).last,
            ["x", "X", "*"].contains(last)
        {
            isOpen = true
            name = name.dropLast(last.count)
            if name.hasSuffix(".") { name = name.dropLast() }
        }
        if isOpen, name.isEmpty, sign.isEmpty {
            return TagVersion("0").map { [Bound(relation: .atLeast, version: $0)] } ?? []
        }
        // Beyond what semver's readers take for a number, and one more is still one.
        guard let version = TagVersion(name), !isOpen || version.written < 3,
            version.numbers.allSatisfy({ $0 < 1 << 53 })
        else { throw bad(text) }
        let from = Bound(relation: .atLeast, version: version)
        let series = [
            from, Bound(relation: .less, version: version.next(at: version.written - 1)),
        ]
        switch sign {
        case "", "=":
            return isOpen || version.written < 3
                ? series : [.init(relation: .equal, version: version)]
        case "!=": return [Bound(relation: .not, version: version)]
        case ">=": return [from]
        case "<=":
            return version.written < 3
                ? [series[1]] : [Bound(relation: .atMost, version: version)]
        case "<": return [Bound(relation: .less, version: version)]
        case ">":
            return version.written < 3
                ? [Bound(relation: .atLeast, version: version.next(at: version.written - 1))]
                : [Bound(relation: .more, version: version)]
        case "~":
            return [
                from,
                Bound(relation: .less, version: version.next(at: min(version.written, 2) - 1)),
            ]
        case "^":
            let place = version.numbers.prefix(version.written).firstIndex { $0 > 0 }
            return [
                from,
                Bound(relation: .less, version: version.next(at: place ?? version.written - 1)),
            ]
        default: throw bad(text)
        }
    }
}
