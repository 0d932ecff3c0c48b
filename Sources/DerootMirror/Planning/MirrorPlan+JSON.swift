package import DerootBytes
import DerootCore
import DerootOCI
import DerootRegistry

extension MirrorPlan {
    /// Writes the document in pieces, since that of a large mirror is a hundred megabytes.
    ///
    /// - Throws: What `sink` throws.
    package func write(
        to sink: ([UInt8]) throws(DerootError) -> Void
    ) throws(DerootError) {
        var recipes: [MirrorRecipe] = []
        var numbers: [MirrorRecipe: Int] = [:]
        for item in items where numbers[item.recipe] == nil {
            numbers[item.recipe] = recipes.count
            recipes.append(item.recipe)
        }
        let head: JSONObject = [
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
                }),
        ]
        let problems = JSON.array(
            self.problems.map { problem in
                .object([
                    "source": .string(problem.source), "code": .string(problem.code),
                    "message": .string(problem.message), "transient": .bool(problem.isTransient),
                ])
            })
        try JSON.write(
            head, list: "items", of: items.lazy.map { $0.json(numbers[$0.recipe] ?? 0) },
            ["problems": problems], to: sink)
    }

    /// Reads a document.
    ///
    /// - Throws: `.malformed`; `.planMismatch` where it was made by a version or with compressors
    ///   that may give other results.
    package init(parsing bytes: [UInt8]) throws(DerootError) {
        var drafts: [Draft] = []
        /// What is wrong with an item; what is wrong with the document is said first.
        var fault: DerootError?
        var repositories: [String: String] = [:]
        // Recipes may come after the items that name them: whoever edits a plan may sort it.
        let root = try JSON.parse(bytes, list: "items") { (json) throws(DerootError) in
            guard fault == nil else { return }
            do throws(DerootError) {
                drafts.append(try Draft(parsing: json, &repositories))
            } catch { fault = error }
        }
        guard try root.text("deroot") == "mirror-plan", try root.integer("version") == 1,
            let target = try root.text("target"), let shards = try root.integer("shards"),
            (1...1_000_000).contains(shards)
        else { throw DerootError(.malformed, "the document is not a mirror plan of version 1") }
        guard try root.array("items")?.isEmpty ?? true else { throw Draft.bad }
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
        if let fault { throw fault }
        items.reserveCapacity(drafts.count)
        for draft in drafts {
            guard recipes.indices.contains(draft.recipe), draft.shard < shards else {
                throw Draft.bad
            }
            items.append(
                Item(
                    source: draft.source, digest: draft.digest, recipe: recipes[draft.recipe],
                    repository: draft.repository, tags: draft.tags, bytes: draft.bytes,
                    layers: draft.layers, shard: draft.shard))
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
            pace.reserve = try object.size("min").map { min($0, PaceReading.mostReserve) }
            if let retry = try object.integer("retry") {
                pace.retry = Double(max(1, min(retry, PaceReading.mostSeconds)))
            }
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
    fileprivate func json(_ recipe: Int) -> JSON {
        .object([
            "source": .string(source), "digest": .string(digest.description),
            "recipe": .number(recipe), "key": .string(key.description),
            "repository": .string(repository), "tags": .strings(tags), "bytes": .number(bytes),
            "layers": .strings(layers.lazy.map(\.description)), "shard": .number(shard),
        ])
    }
}

/// An item of a document before the recipes are known.
private struct Draft {
    static let bad = DerootError(.malformed, "plan: an item lacks a member or has a wrong one")

    let source: String
    let digest: Digest
    let recipe: Int
    let repository: String
    let tags: [String]
    let bytes: UInt64
    let layers: [Digest]
    let shard: Int

    /// Names of repositories are held once, in `repositories`.
    init(parsing json: JSON, _ repositories: inout [String: String]) throws(DerootError) {
        guard let object = json.object, let source = try object.text("source"),
            let digest = try object.text("digest"), let recipe = try object.integer("recipe"),
            let repository = try object.text("repository"), let tags = try object.texts("tags"),
            let bytes = try object.size("bytes"), let shard = try object.integer("shard"),
            shard >= 0, !tags.isEmpty, tags.allSatisfy({ isTag($0) })
        else { throw Self.bad }
        self.source = source
        self.digest = try Digest(parsing: digest)
        self.recipe = Int(clamping: recipe)
        if let known = repositories[repository] {
            self.repository = known
        } else {
            _ = try ImageName(parsing: repository)
            repositories[repository] = repository
            self.repository = repository
        }
        self.tags = tags
        self.bytes = min(bytes, MirrorPlan.Item.mostBytes)
        var layers: [Digest] = []
        for text in try object.texts("layers") ?? [] { layers.append(try Digest(parsing: text)) }
        self.layers = layers
        self.shard = Int(clamping: shard)
        _ = try ImageName(parsing: "\(source)@\(digest)")
    }
}
