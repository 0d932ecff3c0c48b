package import DerootBytes

/// A mapping of a YAML file whose keys are known: looked at once when it is made, then read by name.
package struct YAMLMapping: Sendable, Hashable {
    /// The mapping as a value, for errors that speak of all of it.
    package let value: YAMLValue
    private let members: [YAMLValue.Member]

    /// Takes a mapping apart.
    ///
    /// - Throws: `.malformed` where it is none, and for a key that is not among `keys`.
    package init(_ value: YAMLValue, keys: [String]) throws(DerootError) {
        self.value = value
        members = try value.members()
        for member in members where !keys.contains(member.name) {
            let name = printable(member.name.utf8.prefix(80))
            let meant = keys.first { isNear(member.name, $0) }
            throw DerootError(
                .malformed, "line \(member.line): unknown key '\(name)'",
                at: .init(file: value.file),
                advice: meant.map { "'\($0)' was probably meant" }
                    ?? "known here: \(keys.joined(separator: ", "))")
        }
    }

    /// The line where it begins.
    package var line: Int { value.line }

    /// True where the key is there, with or without a value.
    package func has(_ key: String) -> Bool { members.contains { $0.name == key } }

    /// The value of a key; nil where the key is absent.
    package subscript(key: String) -> YAMLValue? { members.first { $0.name == key }?.value }

    /// The value of a key that must be there.
    ///
    /// - Throws: `.malformed` where the key is absent.
    package func required(_ key: String) throws(DerootError) -> YAMLValue {
        guard let found = self[key] else { throw value.error("'\(key)' is missing") }
        return found
    }

    /// A text; nil where the key is absent.
    package func text(_ key: String) throws(DerootError) -> String? {
        try read(key) { (value) throws(DerootError) in try value.text() }
    }

    /// A boolean; nil where the key is absent.
    package func flag(_ key: String) throws(DerootError) -> Bool? {
        try read(key) { (value) throws(DerootError) in try value.flag() }
    }

    /// A whole number; nil where the key is absent.
    package func integer(
        _ key: String, in range: ClosedRange<Int64> = .min ... .max
    ) throws(DerootError) -> Int64? {
        try read(key) { (value) throws(DerootError) in try value.integer(in: range) }
    }

    /// A list of texts, or a single text as a list of one; nil where the key is absent.
    package func texts(_ key: String) throws(DerootError) -> [String]? {
        try read(key) { (value) throws(DerootError) in try value.texts() }
    }

    /// A list; nil where the key is absent.
    package func list(_ key: String) throws(DerootError) -> [YAMLValue]? {
        try read(key) { (value) throws(DerootError) in try value.list() }
    }

    /// A mapping with known keys; nil where the key is absent.
    package func mapping(_ key: String, keys: [String]) throws(DerootError) -> YAMLMapping? {
        try read(key) { (value) throws(DerootError) in try value.mapping(keys: keys) }
    }

    /// One of the known words of `Choice`; nil where the key is absent.
    package func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ key: String, _ type: Choice.Type = Choice.self
    ) throws(DerootError) -> Choice? {
        try read(key) { (value) throws(DerootError) in try value.choice(type) }
    }

    /// Reads a value and says of which key a complaint speaks.
    private func read<Out>(
        _ key: String, _ body: (YAMLValue) throws(DerootError) -> Out
    ) throws(DerootError) -> Out? {
        guard let value = self[key] else { return nil }
        do throws(DerootError) {
            return try body(value)
        } catch {
            var located = error
            if error.message.hasPrefix("line \(value.line): ") {
                let rest = error.message.dropFirst("line \(value.line): ".count)
                located.message = "line \(value.line): '\(key)': \(rest)"
            }
            throw located
        }
    }
}

/// True where one text becomes the other by at most two single changes, or by a change of case.
private func isNear(_ a: String, _ b: String) -> Bool {
    let (left, right) = (Array(a.lowercased().utf8.prefix(64)), Array(b.lowercased().utf8))
    var row = Array(0...right.count)
    for (i, x) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in right.enumerated() {
            let best = min(min(row[j], row[j + 1]) + 1, diagonal + (x == y ? 0 : 1))
            diagonal = row[j + 1]
            row[j + 1] = best
        }
    }
    return row[right.count] <= min(2, right.count / 2)
}
