/// A version as tags spell it: `1.27`, `v1.27.3`, `1.27.3-alpine` (Semantic Versioning 2.0.0, with
/// the parts that are left out being zero).
package struct TagVersion: Sendable, Hashable, Comparable {
    /// Major, minor and patch.
    package let numbers: [UInt64]
    /// How many of them were written, 1 to 3.
    package let written: Int
    /// What follows the dash; empty for a release.
    package let prerelease: [String]

    /// Reads a version; nil for a tag that is none.
    package init?(_ text: some StringProtocol) {
        var rest = Substring(text)
        if rest.hasPrefix("v") || rest.hasPrefix("V") { rest = rest.dropFirst() }
        // Build metadata says nothing about the order; tags cannot hold it anyway.
        rest = rest.prefix { $0 != "+" }
        let core = rest.prefix { $0 != "-" }
        let parts = core.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count) else { return nil }
        var numbers: [UInt64] = []
        for part in parts {
            guard !part.isEmpty, part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt64(part)
            else { return nil }
            numbers.append(number)
        }
        written = numbers.count
        self.numbers = numbers + Array(repeating: 0, count: 3 - numbers.count)
        guard core.endIndex < rest.endIndex else {
            prerelease = []
            return
        }
        prerelease = rest[rest.index(after: core.endIndex)...].split(
            separator: ".", omittingEmptySubsequences: false
        ).map(String.init)
        guard prerelease.allSatisfy({ !$0.isEmpty }) else { return nil }
    }

    private init(numbers: [UInt64]) {
        self.numbers = numbers
        written = 3
        prerelease = []
    }

    /// The release whose number at a place is one more, and zero after it.
    func next(at place: Int) -> TagVersion {
        var numbers = numbers
        numbers[place] += 1
        for later in (place + 1)..<3 { numbers[later] = 0 }
        return TagVersion(numbers: numbers)
    }

    /// The order of Semantic Versioning, section 11.
    package static func < (a: TagVersion, b: TagVersion) -> Bool {
        if a.numbers != b.numbers { return a.numbers.lexicographicallyPrecedes(b.numbers) }
        if a.prerelease.isEmpty || b.prerelease.isEmpty {
            return !a.prerelease.isEmpty && b.prerelease.isEmpty
        }
        for (left, right) in zip(a.prerelease, b.prerelease) where left != right {
            switch (UInt64(left), UInt64(right)) {
            case (let one?, let other?): return one < other
            case (.some, nil): return true
            case (nil, .some): return false
            case (nil, nil): return left.utf8.lexicographicallyPrecedes(right.utf8)
            }
        }
        return a.prerelease.count < b.prerelease.count
    }

    /// Equal in the order: how many numbers were written does not matter.
    package static func == (a: TagVersion, b: TagVersion) -> Bool {
        a.numbers == b.numbers && a.prerelease == b.prerelease
    }

    /// Hashes what `==` compares.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(numbers)
        hasher.combine(prerelease)
    }
}
