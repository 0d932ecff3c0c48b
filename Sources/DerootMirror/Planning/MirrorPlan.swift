package import DerootBytes
import DerootCore
package import DerootOCI

/// Which images are converted into which tags, by which shard: made once, never changed.
package struct MirrorPlan: Sendable, Hashable {
    /// One source with one recipe, and all tags of one repository that get the result.
    package struct Item: Sendable, Hashable {
        /// One of the names under which the source was found, `host/path:tag`.
        package let source: String
        package let digest: Digest
        package let recipe: MirrorRecipe
        /// Where the result goes, `host/path`.
        package let repository: String
        /// Sorted.
        package let tags: [String]
        /// Bytes of all layers; 0 where the ledger knew the result.
        package let bytes: UInt64
        /// The layers, lowest first, each once; empty where the ledger knew the result.
        package let layers: [Digest]
        /// From 0.
        package let shard: Int

        /// What the result is filed under.
        package var key: LedgerKey { LedgerKey(source: digest, recipe: recipe.digest) }
        /// The source pinned to its digest.
        package var pinned: String { "\(source)@\(digest)" }
    }

    /// A source that could not be looked at when the plan was made.
    package struct Problem: Sendable, Hashable {
        package let source: String
        /// The error's code by name.
        package let code: String
        package let message: String
        /// Whether it is worth another try.
        package let isTransient: Bool

        package init(source: String, code: String, message: String, isTransient: Bool) {
            self.source = source
            self.code = code
            self.message = message
            self.isTransient = isTransient
        }
    }

    /// Where the ledger is, `host/path`.
    package let target: String
    package let shards: Int
    /// In the order in which they are best done: those with the most shared layers first.
    package let items: [Item]
    package let problems: [Problem]

    /// Layers that several items have.
    package var sharedLayers: Set<Digest> {
        var seen: Set<Digest> = []
        var shared: Set<Digest> = []
        for item in items {
            for layer in item.layers where !seen.insert(layer).inserted { shared.insert(layer) }
        }
        return shared
    }
}

extension MirrorPlan {
    /// The document.
    package var json: JSON {
        var recipes: [MirrorRecipe] = []
        let items = self.items.map { item -> JSON in
            let number = recipes.firstIndex(of: item.recipe) ?? recipes.count
            if number == recipes.count { recipes.append(item.recipe) }
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
            "shards": .number(shards),
            "recipes": .array(
                recipes.map { recipe in
                    .object([
                        "digest": .string(recipe.digest.description),
                        "options": PlanJSON.options(recipe.options),
                        "platform": recipe.platform.map(JSON.string) ?? .null,
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
            let recipe = MirrorRecipe(
                try ConversionOptions(parsing: options), platform: try object.text("platform"))
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
