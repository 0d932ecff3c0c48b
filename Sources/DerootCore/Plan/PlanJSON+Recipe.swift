import DerootBytes
import DerootOCI

// Recipes and changes of the config, there and back.
extension PlanJSON {
    static func recipe(_ recipe: PlannedRecipe) -> JSON {
        .object([
            "id": .string(recipe.id), "title": .string(recipe.title),
            "digest": .string(recipe.digest.description), "steps": .strings(recipe.steps),
            "requires": .strings(recipe.requires), "keep": .strings(recipe.keep),
        ])
    }

    /// The members of `config` besides user and home.
    static func members(of changes: ConfigChanges) -> [(String, JSON)] {
        var members: [(String, JSON)] = []
        func list(_ words: [String]?) -> JSON { words.map { JSON.strings($0) } ?? .null }
        func add(_ name: String, _ before: JSON, _ after: JSON) {
            members.append((name, .object(["before": before, "after": after])))
        }
        if let change = changes.entrypoint {
            add("entrypoint", list(change.before), list(change.after))
        }
        if let change = changes.cmd { add("cmd", list(change.before), list(change.after)) }
        if let change = changes.workingDirectory {
            add(
                "workingDir", change.before.map(JSON.string) ?? .null,
                change.after.map(JSON.string) ?? .null)
        }
        if let change = changes.exposedPorts {
            add("exposedPorts", list(change.before), list(change.after))
        }
        if !changes.environment.isEmpty {
            let variables = changes.environment.map { variable in
                JSON.object([
                    "name": .string(variable.name),
                    "before": variable.before.map(JSON.string) ?? .null,
                    "after": variable.after.map(JSON.string) ?? .null,
                ])
            }
            members.append(("env", .array(variables)))
        }
        return members
    }

    /// The recipe's options; those at their default are left out.
    static func recipeMembers(of options: ConversionOptions) -> [(String, JSON)] {
        var members: [(String, JSON)] = []
        switch options.recipe {
        case .automatic: break
        case .none: members.append(("recipe", .string("none")))
        case .one(let id): members.append(("recipe", .string(id)))
        }
        if let digest = options.ownRecipes {
            members.append(("ownRecipes", .string(digest.description)))
        }
        if !options.profiles.isEmpty {
            let names = options.profiles.map(\.rawValue).sorted()
            members.append(("profiles", .strings(names)))
        }
        if options.ports != .keep { members.append(("ports", .string(options.ports.rawValue))) }
        if options.squashesIDs { members.append(("squashIds", .bool(true))) }
        return members
    }
}

extension ConversionOptions {
    /// Reads what `recipeMembers` wrote.
    mutating func readRecipe(_ object: JSONObject) throws(DerootError) {
        switch try object.text("recipe") {
        case nil: recipe = .automatic
        case "none": recipe = .none
        case let id?: recipe = .one(try Recipe.identifier(id))
        }
        ownRecipes = try object.text("ownRecipes").map { (text) throws(DerootError) in
            try Digest(parsing: text)
        }
        let unknown = DerootError(
            .malformed, "plan: a profile, or a value of 'ports', that this version does not know")
        for name in try object.texts("profiles") ?? [] {
            guard let profile = Profile(rawValue: name) else { throw unknown }
            profiles.insert(profile)
        }
        guard let ports = Ports(rawValue: try object.text("ports") ?? "keep") else {
            throw unknown
        }
        self.ports = ports
        squashesIDs = try object.flag("squashIds") ?? false
    }
}

extension PlannedRecipe {
    init(parsing object: JSONObject) throws(DerootError) {
        self.init(
            id: try Recipe.identifier(try object.text("id") ?? ""),
            title: try object.text("title") ?? "",
            digest: try Digest(parsing: try object.text("digest") ?? ""),
            steps: try object.texts("steps") ?? [], requires: try object.texts("requires") ?? [],
            keep: try object.texts("keep") ?? [])
    }
}

extension ConfigChanges {
    /// Reads the members of a plan's `config`.
    init(parsing config: JSONObject) throws(DerootError) {
        self.init()
        entrypoint = try Self.words(config, "entrypoint")
        cmd = try Self.words(config, "cmd")
        if let change = try config.object("workingDir") {
            workingDirectory = ValueChange(
                before: try change.text("before"), after: try change.text("after"))
        }
        if let change = try Self.words(config, "exposedPorts") {
            exposedPorts = ValueChange(before: change.before ?? [], after: change.after ?? [])
        }
        for json in try config.array("env") ?? [] {
            guard let variable = json.object, let name = try variable.text("name"), !name.isEmpty
            else { throw DerootError(.malformed, "plan: a variable without a name") }
            environment.append(
                Variable(
                    name: name, before: try variable.text("before"),
                    after: try variable.text("after")))
        }
    }

    private static func words(
        _ config: JSONObject, _ name: String
    ) throws(DerootError) -> ValueChange<[String]?>? {
        guard let change = try config.object(name) else { return nil }
        return ValueChange(before: try change.texts("before"), after: try change.texts("after"))
    }
}
