package import DerootBytes

/// A value of a YAML file and the line where it stands, so that every complaint can say where.
package struct YAMLValue: Sendable, Hashable {
    /// A key of a mapping with its value.
    package struct Member: Sendable, Hashable {
        /// The key as it is written.
        package let name: String
        /// The key's line.
        package let line: Int
        /// What it stands for; null where nothing follows.
        package let value: YAMLValue

        package init(name: String, line: Int, value: YAMLValue) {
            self.name = name
            self.line = line
            self.value = value
        }
    }

    /// The value by its kind.
    package indirect enum Kind: Sendable, Hashable {
        /// A text, and whether it was written without quotes.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLValue])
        /// In the order of the file; names are unique.
        case mapping([Member])
    }

    /// What it is.
    package let kind: Kind
    /// From 1.
    package let line: Int
    /// What messages call the file.
    package let file: String

    package init(_ kind: Kind, line: Int, file: String) {
        self.kind = kind
        self.line = line
        self.file = file
    }

    /// An error about this value: `line 4: MESSAGE`.
    package func error(_ message: String, advice: String? = nil) -> DerootError {
        DerootError(.malformed, "line \(line): \(message)", at: .init(file: file), advice: advice)
    }

    /// True for a key without a value, `~` and `null`.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = kind else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }

    /// The text of a scalar, as it is written.
    ///
    /// - Throws: `.malformed` for a mapping, a list, or nothing at all.
    package func text() throws(DerootError) -> String {
        guard case .scalar(let text, _) = kind, !isNull else {
            throw error("\(kindName) where a text is expected")
        }
        return text
    }

    /// A boolean: `true` or `false`, without quotes.
    ///
    /// - Throws: `.malformed` for everything else; `yes` and `on` mean different things to different readers.
    package func flag() throws(DerootError) -> Bool {
        switch kind {
        case .scalar("true", isPlain: true): return true
        case .scalar("false", isPlain: true): return false
        default: throw error("\(shown) where true or false is expected")
        }
    }

    /// A decimal integer within `range`, without sign `+`, leading zeros or quotes.
    ///
    /// - Throws: `.malformed` for everything else.
    package func integer(
        in range: ClosedRange<Int64> = .min ... .max
    ) throws(DerootError) -> Int64 {
        guard case .scalar(let text, isPlain: true) = kind, let value = Int64(text),
            text == String(value)
        else { throw error("\(shown) where a whole number is expected") }
        guard range.contains(value) else {
            throw error("\(value) is not within \(range.lowerBound)…\(range.upperBound)")
        }
        return value
    }

    /// One of the known words of `Choice`.
    ///
    /// - Throws: `.malformed` for another word; the message lists the known ones.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ type: Choice.Type = Choice.self
    ) throws(DerootError) -> Choice {
        if case .scalar(let text, _) = kind, let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw error("\(shown) is none of \(known)")
    }

    /// The elements of a list.
    ///
    /// - Throws: `.malformed` where it is none.
    package func list() throws(DerootError) -> [YAMLValue] {
        guard case .sequence(let values) = kind else {
            throw error("\(kindName) where a list is expected")
        }
        return values
    }

    /// The texts of a list; a single text counts as a list of one.
    ///
    /// - Throws: `.malformed` for anything else.
    package func texts() throws(DerootError) -> [String] {
        if case .scalar = kind { return [try text()] }
        var texts: [String] = []
        for value in try list() { texts.append(try value.text()) }
        return texts
    }

    /// The mapping, whose keys must all be among `keys`.
    ///
    /// - Throws: `.malformed` where it is none, and for an unknown key, with what was probably meant.
    package func mapping(keys: [String]) throws(DerootError) -> YAMLMapping {
        try YAMLMapping(self, keys: keys)
    }

    /// The members of a mapping whose keys are free, such as the variables of an environment.
    ///
    /// - Throws: `.malformed` where it is none.
    package func members() throws(DerootError) -> [Member] {
        guard case .mapping(let members) = kind else {
            throw error("\(kindName) where a mapping is expected")
        }
        return members
    }

    /// What kind it is, for messages, with an article.
    package var kindName: String {
        switch kind {
        case .scalar: isNull ? "nothing" : "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    private var shown: String {
        guard case .scalar(let text, _) = kind, !isNull else { return kindName }
        return "'\(printable(text.utf8.prefix(80)))'"
    }
}
