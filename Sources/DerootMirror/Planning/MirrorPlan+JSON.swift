package import DerootBytes
import DerootCore
package import DerootOCI
import DerootRegistry

extension MirrorPlan {
    /// The document.
    package var json: JSON {
        var recipes: [MirrorRecipe] = []
        var numbers: [Digest: Int] = [:]
        let items = self.items.map { item -> JSON in
            let number = numbers[item.recipe.digest] ?? recipes.count
            if number == recipes.count {
                recipes.append(item.recipe)
                numbers[item.recipe.digest] = number
            }
            return .object([
                "source": .string(item.source), "digest": .string(item.digest.description),
                "recipe": .number(number), "key": .string(item.key.description),
                "repository": .string(item.repository), "tags": .strings(item.tags),
                "bytes": .number(item.bytes),
                "layers": .strings(item.layers.map(\.description)), "shard": .number(item.shard),
            ])
        }
        return .object([
            "deroot": .string("mirror-plan"), "version": .number(1),
            "tool": .string(Version.text), "target": .string(target),
            "shards": .number(shards), "paces": paces.json,
            "recipes": .array(
                recipes.map { recipe in
                    .object([
                        "digest": .string(recipe.digest.description),
                        "options": PlanJSON.options(recipe.options),
                        "platform": recipe.platform.map(JSON.string) ?? .null,
                        "own": .array(
                            recipe.own.map { own in
                                .object(["file": .string(own.file), "text": .string(own.text)])
                            }),
                    ])
                }), "items": .array(items),
            "problems": .array(
                problems.map { problem in
                    .object([
                        "source": .string(problem.source), "code": .string(problem.code),
                        "message": .string(problem.message),
                        "transient": .bool(problem.isTransient),
                    ])
                }),
        ])
    }

    /// Reads a document.
    ///
    /// - Throws: `.malformed`; `.planMismatch` where it was made by a version or with compressors
    ///   that may give other results.
    package init(parsing bytes: [UInt8]) throws(DerootError) {
        let root = try Document(parsing: bytes).root
        guard try root.text("deroot") == "mirror-plan", try root.integer("version") == 1,
            let target = try root.text("target"), let shards = try root.integer("shards"),
            (1...1_000_000).contains(shards)
        else { throw DerootError(.malformed, "the document is not a mirror plan of version 1") }
        var recipes: [MirrorRecipe] = []
        for json in try root.array("recipes") ?? [] {
            guard let object = json.object, let options = try object.object("options") else {
                throw DerootError(.malformed, "plan: a recipe without options")
            }
            var own: [OwnRecipe] = []
            for json in try object.array("own") ?? [] {
                guard let file = try json.object?.text("file"),
                    let text = try json.object?.text("text")
                else { throw DerootError(.malformed, "plan: a recipe without a text") }
                own.append(OwnRecipe(file: file, text: text))
            }
            let recipe = MirrorRecipe(
                try ConversionOptions(parsing: options), platform: try object.text("platform"),
                own: own)
            guard try object.text("digest") == recipe.digest.description else {
                throw DerootError(
                    .planMismatch,
                    "the plan was made by another version of deroot, zlib or zstd",
                    advice: "make the plan with the program that runs it")
            }
            recipes.append(recipe)
        }
        var items: [Item] = []
        for json in try root.array("items") ?? [] {
            items.append(try Item(parsing: json, recipes: recipes, shards: Int(shards)))
        }
        var problems: [Problem] = []
        for json in try root.array("problems") ?? [] {
            guard let object = json.object else { continue }
            problems.append(
                Problem(
                    source: try object.text("source") ?? "", code: try object.text("code") ?? "",
                    message: try object.text("message") ?? "",
                    isTransient: try object.flag("transient") ?? false))
        }
        self.init(target: target, shards: Int(shards), items: items, problems: problems)
        if let object = try root.object("paces") { paces = try RequestPaces(parsing: object) }
    }
}

extension RequestPaces {
    fileprivate var json: JSON {
        func json(_ pace: RequestPace) -> JSON {
            var object: JSONObject = [:]
            // Thousandths, since JSON's numbers are read as integers here.
            if let rate = pace.perSecond {
                object["perThousandSeconds"] = .number(Int64((rate * 1000).rounded()))
            }
            if let reserve = pace.reserve {
                object["min"] = .number(reserve)
                object["retry"] = .number(Int64(pace.retry))
            }
            return .object(object)
        }
        var hosts = JSONObject()
        for (name, pace) in self.hosts.sorted(by: { $0.key < $1.key }) { hosts[name] = json(pace) }
        return .object(["general": json(general), "hosts": .object(hosts)])
    }

    fileprivate init(parsing object: JSONObject) throws(DerootError) {
        self.init()
        func pace(_ object: JSONObject) throws(DerootError) -> RequestPace {
            var pace = RequestPace()
            if let rate = try object.integer("perThousandSeconds") {
                guard rate > 0 else { throw DerootError(.malformed, "plan: a pace of nothing") }
                pace.perSecond = Double(rate) / 1000
            }
            pace.reserve = try object.size("min")
            if let retry = try object.integer("retry") { pace.retry = Double(max(1, retry)) }
            return pace
        }
        if let common = try object.object("general") { general = try pace(common) }
        for member in try object.object("hosts")?.members ?? [] {
            guard let object = member.value.object else { continue }
            hosts[member.name.value] = try pace(object)
        }
    }
}

extension MirrorPlan.Item {
    fileprivate init(
        parsing json: JSON, recipes: [MirrorRecipe], shards: Int
    ) throws(DerootError) {
        let bad = DerootError(.malformed, "plan: an item lacks a member or has a wrong one")
        guard let object = json.object, let source = try object.text("source"),
            let digest = try object.text("digest"), let number = try object.integer("recipe"),
            let repository = try object.text("repository"), let tags = try object.texts("tags"),
            let bytes = try object.size("bytes"), let shard = try object.integer("shard"),
            recipes.indices.contains(Int(clamping: number)), (0..<Int64(shards)).contains(shard),
            !tags.isEmpty, tags.allSatisfy({ isTag($0) })
        else { throw bad }
        var layers: [Digest] = []
        for text in try object.texts("layers") ?? [] { layers.append(try Digest(parsing: text)) }
        self.init(
            source: source, digest: try Digest(parsing: digest), recipe: recipes[Int(number)],
            repository: repository, tags: tags, bytes: bytes, layers: layers, shard: Int(shard))
        _ = try ImageName(parsing: pinned)
        _ = try ImageName(parsing: repository)
    }
}
