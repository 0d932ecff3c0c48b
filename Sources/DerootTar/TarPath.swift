package import DerootBytes

/// A path inside an image: bytes, relative to its root, without empty or `.` components.
///
/// Names in tar archives are bytes; two that differ only in Unicode normalisation, or in bytes that
/// are no UTF-8, are different files, while Swift's String holds them equal. `..` stays where it
/// stands: only a tree with its symbolic links can say what it means.
package struct TarPath: Sendable, Hashable, Comparable {
    /// The normalised bytes; empty for the root.
    package let bytes: [UInt8]

    /// The image's root.
    package static let root = TarPath(normalized: [])

    /// Takes bytes that are normalised already.
    init(normalized: [UInt8]) { bytes = normalized }

    /// Normalises a name as an archive, a config or a user spells it: `./a//b/`, `/a/b` → `a/b`.
    package init(_ name: some Collection<UInt8>) {
        bytes = Self.normalized(ArraySlice(name))
    }

    /// Normalises a name; one that is normal already keeps its memory.
    package init(_ name: [UInt8]) {
        bytes = Self.isNormalized(name) ? name : Self.normalized(name[...])
    }

    private static func isNormalized(_ name: [UInt8]) -> Bool {
        let name = name.span
        // 0: at the start of a component, 1: after a single dot at its start, 2: within it.
        var state = 0
        for index in name.indices {
            if name[index] == UInt8(ascii: "/") {
                guard state == 2 else { return false }
                state = 0
            } else {
                state = state == 0 && name[index] == UInt8(ascii: ".") ? 1 : 2
            }
        }
        return state == 2 || name.isEmpty
    }

    /// One pass, one allocation: this is done for every entry of every layer.
    private static func normalized(_ name: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(name.count)
        var index = name.startIndex
        while index < name.endIndex {
            let isDot =
                name[index] == UInt8(ascii: ".")
                && (index + 1 == name.endIndex || name[index + 1] == UInt8(ascii: "/"))
            if isDot || name[index] == UInt8(ascii: "/") {
                index += 1
                continue
            }
            let start = index
            while index < name.endIndex, name[index] != UInt8(ascii: "/") { index += 1 }
            if !out.isEmpty { out.append(UInt8(ascii: "/")) }
            out.append(contentsOf: name[start..<index])
        }
        return out
    }

    /// Normalises text from a document or the command line.
    package init(_ text: String) { self.init(Array(text.utf8)) }

    /// The path with `..` taken away lexically, as runtimes clean an entry's name before they use it.
    ///
    /// - Throws: `.hostile` where it would leave the root.
    package func cleaned() throws(DerootError) -> TarPath {
        var hasDots = false
        var before: UInt8 = 0
        for byte in bytes {
            hasDots = hasDots || (byte == UInt8(ascii: ".") && before == byte)
            before = byte
        }
        guard hasDots else { return self }
        var out: [ArraySlice<UInt8>] = []
        for component in components {
            guard component.elementsEqual("..".utf8) else {
                out.append(component)
                continue
            }
            guard out.popLast() != nil else {
                throw DerootError(
                    .hostile, "a path that leaves the image's root",
                    at: .init(entry: printable(bytes)))
            }
        }
        return TarPath(normalized: Array(out.joined(separator: [UInt8(ascii: "/")])))
    }

    /// True for the image's root itself.
    package var isRoot: Bool { bytes.isEmpty }

    /// The components, first one first.
    package var components: [ArraySlice<UInt8>] { bytes.split(separator: UInt8(ascii: "/")) }

    /// Everything above the last component.
    package var parent: TarPath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return .root }
        return TarPath(normalized: Array(bytes[..<slash]))
    }

    /// The last component; empty for the root.
    package var name: ArraySlice<UInt8> {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return bytes[...] }
        return bytes[(slash + 1)...]
    }

    /// This path with one component more.
    package func appending(_ component: some Collection<UInt8>) -> TarPath {
        guard !bytes.isEmpty else { return TarPath(normalized: Array(component)) }
        var out = bytes
        out.reserveCapacity(out.count + 1 + component.count)
        out.append(UInt8(ascii: "/"))
        out.append(contentsOf: component)
        return TarPath(normalized: out)
    }

    /// True where this is `other` or lies below it.
    package func isAt(orBelow other: TarPath) -> Bool {
        if other.bytes.isEmpty { return true }
        guard bytes.starts(with: other.bytes) else { return false }
        return bytes.count == other.bytes.count
            || bytes[other.bytes.count] == UInt8(ascii: "/")
    }

    /// Byte order.
    package static func < (left: TarPath, right: TarPath) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension TarPath: CustomStringConvertible {
    /// `/a/b`, harmless on a terminal.
    package var description: String { "/" + printable(bytes) }
}

extension TarPath: ExpressibleByStringLiteral {
    /// A path written in the source code.
    package init(stringLiteral text: String) { self.init(text) }
}
