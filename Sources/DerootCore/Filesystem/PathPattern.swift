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
        return matches(of: Array(components[fixed.count...]), below: node, in: tree).map {
            tree.resolve(tree.path(of: $0)).path
        }
    }

    /// The nodes at or below one whose way from there fits, parents first, children in byte order.
    ///
    /// Goes only where something can still fit: `/usr/bin/x*` looks at one directory.
    private func matches(
        of pattern: [[UInt8]], below start: FileTree.NodeID, in tree: FileTree
    ) -> [FileTree.NodeID] {
        let ways = Self.passing([0], pattern)
        var stack = [(node: start, ways: ways)]
        var out: [FileTree.NodeID] = []
        while let (node, ways) = stack.popLast() {
            if ways.last == pattern.count { out.append(node) }
            guard ways != [pattern.count] else { continue }
            let below = tree.children(of: node).compactMap {
                child -> (node: FileTree.NodeID, ways: [Int])? in
                let name = tree.name(of: child)
                let next = Self.step(ways, over: name, pattern)
                return next.isEmpty ? nil : (child, next)
            }
            stack += below.sorted {
                tree.name(of: $1.node).lexicographicallyPrecedes(tree.name(of: $0.node))
            }
        }
        return out
    }

    /// The places in a pattern after one more component, ascending; none where it does not fit.
    private static func step(
        _ places: [Int], over name: ArraySlice<UInt8>, _ pattern: [[UInt8]]
    ) -> [Int] {
        var next: [Int] = []
        for place in places where place < pattern.count {
            let isAny = pattern[place].elementsEqual("**".utf8)
            guard isAny || match(pattern[place], name) else { continue }
            let new = isAny ? place : place + 1
            if next.last != new { next.append(new) }
        }
        return passing(next, pattern)
    }

    /// Adds the places that a `**` of no component leads to; ascending, each once.
    private static func passing(_ places: [Int], _ pattern: [[UInt8]]) -> [Int] {
        var out: [Int] = []
        for place in places {
            var place = place
            while out.last.map({ $0 < place }) ?? true {
                out.append(place)
                guard place < pattern.count, pattern[place].elementsEqual("**".utf8) else { break }
                place += 1
            }
        }
        return out
    }
}
