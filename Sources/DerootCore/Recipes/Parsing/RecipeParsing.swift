package import DerootBytes
import DerootTar

extension Recipe {
    /// The version of the format.
    package static let format: Int64 = 1
    /// The most items of one kind.
    static let mostItems = 200

    private static let keys = [
        "recipe", "id", "title", "base", "match", "user", "own-workdir", "own", "dirs", "links",
        "files", "remove", "edits", "ports", "env", "config", "stepdown", "keep-privileged", "deny",
        "refuse", "verify", "notes", "requires",
    ]

    /// Reads a recipe.
    ///
    /// `file` is what messages call it; at most 1 MiB (`StrictYAML.size`).
    ///
    /// - Throws: `.malformed` or `.limit`, with the file and the line.
    package init(parsing bytes: [UInt8], file: String) throws(DerootError) {
        let map = try StrictYAML.parse(bytes, file: file).mapping(keys: Self.keys)
        let version = try map.required("recipe").integer()
        guard version == Self.format else {
            throw try map.required("recipe").error(
                "the format is \(version), this version of deroot reads \(Self.format)")
        }
        let id = try map.required("id").reading { (value) throws(DerootError) in
            try Self.identifier(try value.text())
        }
        self.init(
            id: id, title: try map.required("title").sentence(), digest: Digest.of(bytes),
            file: file)
        base = try map["base"]?.reading { (value) throws(DerootError) in
            try Self.identifier(try value.text())
        }
        try readMatch(map)
        user = try map["user"].map { (value) throws(DerootError) in try RecipeUser(value) }
        ownsWorkdir = try map.flag("own-workdir") ?? true
        stepDown = try map.choice("stepdown")
        refusal = try map["refuse"].map { (value) throws(DerootError) in try value.sentence() }
        notes = try map.lines("notes")
        requires = try map.lines("requires")
        try readItems(map)
        try check(map.value)
    }

    /// `[a-z0-9][a-z0-9-]{0,39}`.
    static func identifier(_ text: String) throws(DerootError) -> String {
        let letters = ByteSet("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)
        guard (1...40).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "-"),
            text.utf8.allSatisfy({ letters.contains($0) })
        else {
            throw DerootError(
                .malformed, "'\(printable(text.utf8.prefix(60)))' is no name for a recipe",
                advice: "use lower-case letters, digits and hyphens")
        }
        return text
    }

    private mutating func readMatch(_ map: YAMLMapping) throws(DerootError) {
        let value = try map.required("match")
        let parts = try value.mapping(keys: ["all", "any", "not"])
        match = try parts.items("all") { (value) throws(DerootError) in
            try RecipePredicate(value, depth: 0)
        }
        for key in ["any", "not"] where parts.has(key) {
            let inner = try parts.items(key) { (value) throws(DerootError) in
                try RecipePredicate(value, depth: 0)
            }
            match.append(key == "any" ? .any(inner) : .not(inner))
        }
        guard match.contains(where: { $0.weight > 1 }) else {
            throw value.error(
                "nothing of the image's content is looked at, and names prove nothing",
                advice: "add a file, glob, entrypoint, cmd, start, env or label")
        }
    }

    private mutating func readItems(_ map: YAMLMapping) throws(DerootError) {
        own = try map.items("own") { (value) throws(DerootError) in try RecipeOwn(value) }
        directories = try map.items("dirs") { (value) throws(DerootError) in
            try RecipeDirectory(value)
        }
        links = try map.items("links") { (value) throws(DerootError) in try RecipeLink(value) }
        files = try map.items("files") { (value) throws(DerootError) in try RecipeFile(value) }
        removals = try map.items("remove") { (value) throws(DerootError) in
            try RecipeRemoval(value)
        }
        edits = try map.items("edits") { (value) throws(DerootError) in try RecipeEdit(value) }
        ports = try map.items("ports") { (value) throws(DerootError) in try RecipePort(value) }
        keep = try map.items("keep-privileged") { (value) throws(DerootError) in
            try RecipeKeep(value)
        }
        denials = try map.items("deny") { (value) throws(DerootError) in try Denial(value) }
        assertions = try map.items("verify") { (value) throws(DerootError) in
            try RecipeAssertion(value)
        }
        config =
            try map["config"].map { (value) throws(DerootError) in try RecipeConfig(value) }
            ?? RecipeConfig()
        guard let value = map["env"] else { return }
        let env = try value.mapping(keys: ["set", "unset", "when"])
        let condition = try RecipeCondition(env["when"])
        for member in try env["set"]?.members() ?? [] {
            environment.append(
                RecipeVariable(
                    name: try Self.variable(member), value: try member.value.recipeText(),
                    condition: condition))
        }
        for name in try env.texts("unset") ?? [] {
            environment.append(RecipeVariable(name: name, value: nil, condition: condition))
        }
    }

    private static func variable(_ member: YAMLValue.Member) throws(DerootError) -> String {
        let bad = ByteSet("=".utf8).union(ByteSet(0...0x20))
        guard !member.name.isEmpty, !member.name.utf8.contains(where: { bad.contains($0) }) else {
            throw member.value.error("'\(printable(member.name.utf8))' is no name of a variable")
        }
        guard member.name != "HOME" else {
            throw member.value.error("HOME follows from the account", advice: "use user: home")
        }
        return member.name
    }

    /// What no single item can see.
    private func check(_ value: YAMLValue) throws(DerootError) {
        var seen: Set<String> = []
        for edit in edits where !seen.insert(edit.id).inserted {
            throw DerootError(
                .malformed, "line \(edit.line): a second edit with the id '\(edit.id)'",
                at: .init(file: value.file))
        }
        guard Set(ports.map(\.from)).count == ports.count,
            Set(ports.map(\.to)).count == ports.count
        else { throw value.error("a port moves twice, or two ports move to one") }
        guard base != id else { throw value.error("a recipe that is its own base") }
    }
}

extension Recipe.Denial {
    fileprivate init(_ value: YAMLValue) throws(DerootError) {
        let map = try value.mapping(keys: ["profile", "ports", "reason"])
        var condition = RecipeCondition()
        condition.profile = try map.choice("profile")
        condition.ports = try map.choice("ports")
        guard condition != RecipeCondition() else {
            throw value.error("'profile' or 'ports' is missing")
        }
        self.init(condition: condition, reason: try map.required("reason").sentence())
    }
}

extension RecipeCondition {
    init(_ value: YAMLValue?) throws(DerootError) {
        self.init()
        guard let value else { return }
        let map = try value.mapping(keys: ["ports", "profile", "distro", "file", "absent"])
        ports = try map.choice("ports")
        profile = try map.choice("profile")
        distro = try map.text("distro")
        file = try map["file"]?.imagePattern()
        absent = try map["absent"]?.imagePattern()
        guard self != RecipeCondition() else { throw value.error("an empty 'when'") }
    }
}

extension RecipeUser {
    init(_ value: YAMLValue) throws(DerootError) {
        let map = try value.mapping(keys: ["strategy", "name", "uid", "gid", "home"])
        strategy = try map.required("strategy").choice()
        names = try map.texts("name") ?? []
        uid = try map.integer("uid", in: 1...2_147_483_647).map { UInt32($0) }
        gid = try map.integer("gid", in: 0...2_147_483_647).map { UInt32($0) }
        home = try map["home"].map { (value) throws(DerootError) in
            let path = try value.recipePath().text
            guard !path.utf8.contains(UInt8(ascii: ":")) else {
                throw value.error("a home with a colon")
            }
            return path
        }
        for name in names where !Identity.isName(name) {
            throw value.error("'\(printable(name.utf8.prefix(60)))' is no name of an account")
        }
        switch strategy {
        case .adopt:
            guard !names.isEmpty, uid == nil, gid == nil, home == nil else {
                throw value.error("adopt takes a name and nothing else")
            }
        case .assign:
            guard names.count <= 1 else { throw value.error("assign takes one name") }
        case .keep:
            guard names.isEmpty, uid == nil, gid == nil, home == nil else {
                throw value.error("keep takes nothing else")
            }
        }
    }
}

extension RecipePredicate {
    private static let keys = [
        "file", "glob", "image", "entrypoint", "cmd", "start", "command", "env", "os", "distro",
        "label",
        "any", "not",
    ]

    fileprivate init(_ value: YAMLValue, depth: Int) throws(DerootError) {
        guard depth < 4 else { throw value.error("predicates nested more than 4 deep") }
        let map = try value.mapping(keys: Self.keys)
        let members = try value.members()
        guard members.count == 1, let member = members.first else {
            throw value.error("a predicate has one key, this has \(members.count)")
        }
        switch member.name {
        case "file": self = .file(try member.value.imagePath())
        case "glob": self = .glob(try member.value.imagePattern())
        case "image": self = .image(try member.value.text())
        case "entrypoint": self = .entrypoint(try member.value.words())
        case "cmd": self = .cmd(try member.value.words())
        case "start": self = .start(try member.value.words())
        case "command": self = .command(try member.value.text())
        case "os": self = .os(try member.value.text())
        case "distro": self = .distro(try member.value.text())
        case "env":
            let (name, content) = Self.assignment(try member.value.text())
            self = .env(name, content)
        case "label":
            let (name, content) = Self.assignment(try member.value.text())
            self = .label(name, content)
        default:
            let parts = try map.items(member.name) { (value) throws(DerootError) in
                try RecipePredicate(value, depth: depth + 1)
            }
            guard !parts.isEmpty else { throw member.value.error("an empty list") }
            self = member.name == "any" ? .any(parts) : .not(parts)
        }
    }

    private static func assignment(_ text: String) -> (String, String?) {
        guard let sign = text.firstIndex(of: "=") else { return (text, nil) }
        return (String(text[..<sign]), String(text[text.index(after: sign)...]))
    }
}
