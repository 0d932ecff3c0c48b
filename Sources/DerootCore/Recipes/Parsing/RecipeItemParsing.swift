import DerootBytes

extension RecipeOwn {
    init(_ value: YAMLValue) throws(DerootError) {
        if case .scalar = value.kind {
            self.init(path: try value.recipePath())
            return
        }
        let map = try value.mapping(
            keys: ["path", "recursive", "to", "mode", "optional", "when"])
        self.init(path: try map.required("path").recipePath())
        isRecursive = try map.flag("recursive") ?? true
        part = try map.choice("to") ?? .both
        mode = try map["mode"]?.reading { (value) throws(DerootError) in
            try SymbolicMode(try value.text())
        }
        isOptional = try map.flag("optional") ?? false
        condition = try RecipeCondition(map["when"])
    }
}

extension RecipeDirectory {
    init(_ value: YAMLValue) throws(DerootError) {
        if case .scalar = value.kind {
            self.init(path: try value.recipePath(), mode: 0o755, owner: .user)
            return
        }
        let map = try value.mapping(keys: ["path", "mode", "owner", "when"])
        self.init(
            path: try map.required("path").recipePath(), mode: try map.mode() ?? 0o755,
            owner: try map.choice("owner") ?? .user)
        condition = try RecipeCondition(map["when"])
    }
}

extension RecipeLink {
    init(_ value: YAMLValue) throws(DerootError) {
        let map = try value.mapping(keys: ["path", "to", "when"])
        let target = try map.required("to")
        self.init(path: try map.required("path").recipePath(), target: try target.recipeText())
        let text = self.target.text
        guard !text.isEmpty, text.utf8.count < 4096, !text.utf8.contains(where: { $0 < 0x20 })
        else { throw target.error("not the target of a link") }
        condition = try RecipeCondition(map["when"])
    }
}

extension RecipeFile {
    init(_ value: YAMLValue) throws(DerootError) {
        let map = try value.mapping(keys: ["path", "mode", "owner", "content", "when"])
        self.init(
            path: try map.required("path").recipePath(), mode: try map.mode() ?? 0o644,
            owner: try map.choice("owner") ?? .root,
            content: try map.required("content").recipeText())
        condition = try RecipeCondition(map["when"])
    }
}

extension RecipeRemoval {
    init(_ value: YAMLValue) throws(DerootError) {
        if case .scalar = value.kind {
            self.init(path: try value.recipePath())
            return
        }
        let map = try value.mapping(keys: ["path", "when"])
        self.init(path: try map.required("path").recipePath())
        condition = try RecipeCondition(map["when"])
    }
}

extension RecipePort {
    init(_ value: YAMLValue) throws(DerootError) {
        let map = try value.mapping(keys: ["from", "to"])
        self.init(from: try Self.port(map, "from"), to: try Self.port(map, "to"))
        guard from.split(separator: "/").last == to.split(separator: "/").last else {
            throw value.error("a port does not change its protocol")
        }
    }

    /// `80`, `80/tcp`, `53/udp`; with the protocol written out.
    static func port(_ map: YAMLMapping, _ key: String) throws(DerootError) -> String {
        let value = try map.required(key)
        let text = try value.text()
        guard let port = normalized(text) else {
            throw value.error("'\(printable(text.utf8.prefix(40)))' is no port such as 80/tcp")
        }
        return port
    }

    /// A port with its protocol; nil for what is none.
    static func normalized(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, let number = AccountFile.number(first.utf8),
            (1...65535).contains(number), parts.count <= 2
        else { return nil }
        let name = parts.count == 2 ? parts[1].lowercased() : "tcp"
        return ["tcp", "udp", "sctp"].contains(name) ? "\(number)/\(name)" : nil
    }
}

extension RecipeKeep {
    init(_ value: YAMLValue) throws(DerootError) {
        let map = try value.mapping(keys: ["path", "reason"])
        self.init(
            path: try map.required("path").imagePattern(),
            reason: try map.required("reason").sentence())
    }
}

extension RecipeConfig {
    init(_ value: YAMLValue) throws(DerootError) {
        self.init()
        let map = try value.mapping(keys: ["entrypoint", "cmd", "workdir", "when"])
        entrypoint = try map["entrypoint"]?.recipeWords()
        cmd = try map["cmd"]?.recipeWords()
        workingDirectory = try map["workdir"]?.recipePath()
        condition = try RecipeCondition(map["when"])
    }
}

extension RecipeAssertion {
    init(_ value: YAMLValue) throws(DerootError) {
        let map = try value.mapping(
            keys: ["path", "mode", "owner", "contains", "lacks", "absent", "port", "when"])
        let kinds = ["mode", "owner", "contains", "lacks", "absent", "port"]
        let named = kinds.filter { map.has($0) }
        guard named.count == 1, let kind = named.first else {
            throw value.error("one of \(kinds.joined(separator: ", ")) is needed")
        }
        func path() throws(DerootError) -> RecipeText { try map.required("path").recipePath() }
        func pattern() throws(DerootError) -> LinePattern {
            try map.required(kind).linePattern()
        }
        let read: Kind
        switch kind {
        case "mode": read = .mode(try path(), try map.mode() ?? 0)
        case "owner": read = .owner(try path(), try map.required("owner").choice())
        case "contains": read = .contains(try path(), try pattern())
        case "lacks": read = .lacks(try path(), try pattern())
        case "absent": read = .absent(try map.required("absent").recipePath())
        default: read = .port(try RecipePort.port(map, "port"))
        }
        self.init(kind: read, line: value.line)
        condition = try RecipeCondition(map["when"])
    }
}

extension RecipeEdit {
    private static let keys = [
        "id", "file", "regex", "with", "replace", "delete", "after", "before", "insert", "append",
        "prepend", "expect", "optional", "done", "within", "when",
    ]

    init(_ value: YAMLValue) throws(DerootError) {
        let map = try value.mapping(keys: Self.keys)
        let id = try map.required("id").reading { (value) throws(DerootError) in
            try Recipe.identifier(try value.text())
        }
        let count = try map.required("expect").reading { (value) throws(DerootError) in
            try Count(try value.text())
        }
        self.init(
            id: id, files: try Self.files(try map.required("file")),
            action: try Self.action(map, value), count: count, line: value.line)
        isOptional = try map.flag("optional") ?? false
        done = try map["done"]?.linePattern()
        section = try map.mapping("within", keys: ["from", "to"]).map {
            (map) throws(DerootError) in
            Section(
                from: try map.required("from").linePattern(),
                to: try map.required("to").linePattern())
        }
        condition = try RecipeCondition(map["when"])
    }

    private static func files(_ value: YAMLValue) throws(DerootError) -> [RecipeText] {
        guard case .sequence(let values) = value.kind else { return [try value.recipePath()] }
        guard (1...20).contains(values.count) else { throw value.error("not 1 to 20 files") }
        var files: [RecipeText] = []
        for value in values { files.append(try value.recipePath()) }
        return files
    }

    private static func action(
        _ map: YAMLMapping, _ value: YAMLValue
    ) throws(DerootError) -> Action {
        let kinds = ["regex", "replace", "delete", "after", "before", "append", "prepend"]
        let named = kinds.filter { map.has($0) }
        guard named.count == 1, let kind = named.first else {
            throw value.error(
                "one of \(kinds.joined(separator: ", ")) is needed, \(named.count) are there")
        }
        let partner = ["regex": "with", "replace": "with", "after": "insert", "before": "insert"]
        for key in ["with", "insert"] where map.has(key) && partner[kind] != key {
            throw value.error("'\(key)' does not go with '\(kind)'")
        }
        let first = try map.required(kind)
        switch kind {
        case "regex":
            let pattern = try first.linePattern()
            let text = try map.required("with").recipeText(groups: pattern.groupCount)
            return .substitute(pattern, text)
        case "replace":
            let bytes = Array(try first.text().utf8)
            guard (1...1000).contains(bytes.count), !bytes.contains(0x0A) else {
                throw first.error("not one line of 1 to 1000 bytes")
            }
            return .replace(bytes, try map.required("with").recipeText())
        case "delete": return .delete(try first.linePattern())
        case "after":
            return .insertAfter(
                try first.linePattern(), try map.required("insert").recipeText())
        case "before":
            return .insertBefore(
                try first.linePattern(), try map.required("insert").recipeText())
        case "append": return .append(try first.recipeText())
        default: return .prepend(try first.recipeText())
        }
    }
}
