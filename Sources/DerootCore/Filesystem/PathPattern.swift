package import DerootBytes
package import DerootTar

/// A path with wildcards: `*` and `?` inside one component, `**` for any number of them.
///
/// `[` has no meaning: names with brackets are more common in images than character classes in
/// command lines.
package struct PathPattern: Sendable, Hashable {
    private let components: [[UInt8]]
    /// As it was given.
    package let text: String

    /// Reads a pattern.
    ///
    /// - Throws: `.usage` for an empty one, one with `..`, or one with a NUL.
    package init(_ text: String) throws(DerootError) {
        let components = TarPath(text).components.map(Array.init)
        let isBad = components.contains { $0.elementsEqual("..".utf8) || $0.contains(0) }
        guard !text.isEmpty, !isBad else {
            throw DerootError(.usage, "'\(printable(text.utf8))' is no path inside an image")
        }
        self.components = components
        self.text = text
    }

    /// True where the pattern has no wildcard and so names one path.
    package var isLiteral: Bool {
        !components.contains { $0.contains(UInt8(ascii: "*")) || $0.contains(UInt8(ascii: "?")) }
    }

    /// The path itself, wildcards taken as letters.
    package var literal: TarPath { TarPath(text) }

    /// True where the whole path fits.
    package func matches(_ path: TarPath) -> Bool {
        Self.match(components[...], path.components[...])
    }

    /// All components; as for one, going back to the last `**` is enough, and quick on any path.
    private static func match(
        _ pattern: ArraySlice<[UInt8]>, _ path: ArraySlice<ArraySlice<UInt8>>
    ) -> Bool {
        var p = pattern.startIndex
        var n = path.startIndex
        var stars: (p: Int, n: Int)?
        while n < path.endIndex {
            if p < pattern.endIndex, pattern[p].elementsEqual("**".utf8) {
                stars = (p, n)
                p += 1
            } else if p < pattern.endIndex, match(pattern[p], path[n]) {
                p += 1
                n += 1
            } else if let (starsP, starsN) = stars {
                p = starsP + 1
                n = starsN + 1
                stars = (starsP, n)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0.elementsEqual("**".utf8) }
    }

    /// One component; linear, going back to the last star only.
    private static func match(_ pattern: [UInt8], _ name: ArraySlice<UInt8>) -> Bool {
        var p = 0
        var n = name.startIndex
        var star: (p: Int, n: Int)?
        while n < name.endIndex {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let (starP, starN) = star {
                p = starP + 1
                n = starN + 1
                star = (starP, n)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// The paths of the tree that fit, with symbolic links followed in every component.
    ///
    /// A literal that does not exist gives its resolved path all the same: it may be created there.
    package func expand(in tree: FileTree) -> [TarPath] {
        if isLiteral { return [tree.resolve(literal).path] }
        let fixed = components.prefix { component in
            !component.contains(UInt8(ascii: "*")) && !component.contains(UInt8(ascii: "?"))
        }
        let base = tree.resolve(TarPath(Array(fixed.joined(separator: [UInt8(ascii: "/")]))))
        guard let node = base.node else { return [] }
        let rest = components[fixed.count...]
        var out: [TarPath] = []
        let depth = base.path.components.count
        tree.walk(node) { node in
            let path = tree.path(of: node)
            if Self.match(rest, path.components[depth...]) {
                out.append(tree.resolve(path).path)
            }
        }
        return out
    }
}
