import DerootBytes
import DerootCore
import DerootOCI

/// The options of a source in mirror.yaml, its own before the defaults.
struct RecipeReading {
    private let source: YAMLMapping
    private let defaults: YAMLMapping?
    private let files: MirrorConfig.RecipeReader

    init(
        _ source: YAMLMapping, _ defaults: YAMLMapping?,
        _ files: @escaping MirrorConfig.RecipeReader
    ) {
        self.source = source
        self.defaults = defaults
        self.files = files
    }

    /// The options, through the same reader as plans have.
    func recipe() throws(DerootError) -> MirrorRecipe {
        var object = JSONObject()
        for key in ["user", "caps", "layers", "compress", "ports"] {
            if let value = try text(key) { object[key] = .string(value) }
        }
        for key in ["own", "keep", "profiles"] {
            let values = try either { (from) throws(DerootError) in try from.texts(key) }
            if let values { object[key] = .strings(values) }
        }
        for (key, name) in [
            ("strip-setgid-dirs", "stripSetgidDirs"), ("squash-ids", "squashIds"),
        ] {
            let flag = try either { (from) throws(DerootError) in try from.flag(key) }
            if let flag { object[name] = .bool(flag) }
        }
        let epoch = try either { (from) throws(DerootError) in
            try from.integer("source-date-epoch", in: 0...253_402_300_799)
        }
        if let epoch { object["sourceDateEpoch"] = .number(epoch) }
        let platform = try text("platform")
        if let platform {
            _ = try MirrorConfig.at(source.value) { () throws(DerootError) in
                try Platform(parsing: platform)
            }
        }
        let own = try ownRecipes(&object)
        return try MirrorConfig.at(source.value) { () throws(DerootError) in
            var options = try ConversionOptions(parsing: object)
            let library = try OwnRecipe.library(own)
            options.ownRecipes = library.ownDigest
            if case .one(let id) = options.recipe { _ = try library.recipe(id) }
            return MirrorRecipe(options, platform: platform, own: own)
        }
    }

    /// A recipe is an id, `auto`, `none`, or a path, as on the command line.
    private func ownRecipes(_ object: inout JSONObject) throws(DerootError) -> [OwnRecipe] {
        guard let recipe = try text("recipe"), recipe != "auto" else { return [] }
        let isPath =
            recipe.utf8.contains(UInt8(ascii: "/")) || recipe.hasSuffix(".yaml")
            || recipe.hasSuffix(".yml")
        guard isPath else {
            object["recipe"] = .string(recipe)
            return []
        }
        let value = source["recipe"] ?? defaults?["recipe"] ?? source.value
        return try MirrorConfig.at(value) { () throws(DerootError) in
            let own = try files(recipe)
            let isFile = recipe.hasSuffix(".yaml") || recipe.hasSuffix(".yml")
            // A file is meant; of a directory the one that fits is.
            if own.count == 1, isFile { object["recipe"] = .string(try own[0].parsed().id) }
            return own
        }
    }

    private func text(_ key: String) throws(DerootError) -> String? {
        try either { (from) throws(DerootError) in try from.text(key) }
    }

    private func either<Out>(
        _ read: (YAMLMapping) throws(DerootError) -> Out?
    ) throws(DerootError) -> Out? {
        if let found = try read(source) { return found }
        guard let defaults else { return nil }
        return try read(defaults)
    }
}
