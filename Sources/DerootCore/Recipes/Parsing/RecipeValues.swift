import DerootBytes
import DerootTar

// Values of a recipe as YAML holds them; every complaint says its line.
extension YAMLValue {
    /// Reads the value with something that knows no lines.
    func reading<Out>(
        _ body: (YAMLValue) throws(DerootError) -> Out
    ) throws(DerootError) -> Out {
        do throws(DerootError) {
            return try body(self)
        } catch {
            guard error.location.file == nil else { throw error }
            var located = self.error(error.message, advice: error.advice)
            if error.code == .limit { located.code = .limit }
            throw located
        }
    }

    /// One line of text for people.
    func sentence() throws(DerootError) -> String {
        let text = try text()
        guard text.utf8.count <= 2000, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw error("not one line of at most 2000 bytes") }
        return text
    }

    func linePattern() throws(DerootError) -> LinePattern {
        try reading { (value) throws(DerootError) in try LinePattern(try value.text()) }
    }

    func recipeText(groups: Int? = nil) throws(DerootError) -> RecipeText {
        if case .scalar("", isPlain: false) = kind {
            return try reading { (_) throws(DerootError) in try RecipeText("", groups: groups) }
        }
        return try reading { (value) throws(DerootError) in
            try RecipeText(try value.text(), groups: groups)
        }
    }

    func recipeWords() throws(DerootError) -> [RecipeText] {
        var words: [RecipeText] = []
        for value in try list() { words.append(try value.recipeText()) }
        return words
    }

    func words() throws(DerootError) -> [String] {
        let words = try texts()
        guard !words.isEmpty, !words.contains("") else { throw error("no words") }
        return words
    }

    /// A path inside the image, which may begin with a variable of the environment.
    func recipePath() throws(DerootError) -> RecipeText {
        let text = try recipeText()
        guard text.text.hasPrefix("/") || text.text.hasPrefix("{{env ") else {
            throw error("'\(printable(text.text.utf8.prefix(80)))' does not begin with /")
        }
        try checkPath(text.text)
        return text
    }

    func imagePattern() throws(DerootError) -> PathPattern {
        let text = try text()
        guard text.hasPrefix("/") else {
            throw error("'\(printable(text.utf8.prefix(80)))' does not begin with /")
        }
        try checkPath(text)
        return try reading { (_) throws(DerootError) in try PathPattern(text) }
    }

    func imagePath() throws(DerootError) -> TarPath {
        let pattern = try imagePattern()
        guard pattern.isLiteral else { throw error("a path with wildcards; use glob") }
        return pattern.literal
    }

    private func checkPath(_ text: String) throws(DerootError) {
        do throws(DerootError) { try RecipePath.check(Array(text.utf8)) } catch {
            throw self.error(error.message)
        }
    }
}

/// What a path of a recipe must be, before and after its variables are filled in.
enum RecipePath {
    /// - Throws: `.malformed` for `..`, control characters, and more than 1024 bytes.
    static func check(_ bytes: [UInt8]) throws(DerootError) {
        let shown = printable(bytes.prefix(80))
        guard bytes.count <= 1024, !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw DerootError(.malformed, "'\(shown)' is no path inside an image")
        }
        let parts = bytes.split(separator: UInt8(ascii: "/"))
        guard !parts.contains(where: { $0.elementsEqual("..".utf8) }) else {
            throw DerootError(.malformed, "'\(shown)' has '..', which recipes may not use")
        }
    }
}

extension YAMLMapping {
    /// The list of a key, each element read; empty where the key is absent.
    func items<Item>(
        _ key: String, _ read: (YAMLValue) throws(DerootError) -> Item
    ) throws(DerootError) -> [Item] {
        let values = try list(key) ?? []
        guard values.count <= Recipe.mostItems else {
            throw value.error("'\(key)' has more than \(Recipe.mostItems) items")
        }
        var items: [Item] = []
        for value in values { items.append(try read(value)) }
        return items
    }

    /// The lines of text of a key.
    func lines(_ key: String) throws(DerootError) -> [String] {
        guard let value = self[key] else { return [] }
        if case .scalar = value.kind { return [try value.sentence()] }
        return try items(key) { (value) throws(DerootError) in try value.sentence() }
    }

    /// The octal mode of `mode`; nil where the key is absent.
    func mode() throws(DerootError) -> UInt16? {
        try self["mode"]?.reading { (value) throws(DerootError) in
            try SymbolicMode.octal(try value.text())
        }
    }
}
