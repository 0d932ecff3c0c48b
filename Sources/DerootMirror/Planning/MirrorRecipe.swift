package import DerootBytes
package import DerootCore

/// A recipe that the user wrote: the file's name and its content.
package struct OwnRecipe: Sendable, Hashable {
    /// For messages.
    package let file: String
    package let text: String

    package init(file: String, text: String) {
        self.file = file
        self.text = text
    }

    /// The recipe.
    ///
    /// - Throws: `.malformed`.
    func parsed() throws(DerootError) -> Recipe {
        try Recipe(parsing: Array(text.utf8), file: file)
    }

    /// The recipes in the binary with these.
    ///
    /// - Throws: `.malformed`.
    static func library(_ own: [OwnRecipe]) throws(DerootError) -> RecipeLibrary {
        var library = try RecipeLibrary.builtIn()
        for recipe in own { try library.add(try recipe.parsed()) }
        return library
    }
}

/// What decides a result, apart from the source: the same recipe and the same source give the same
/// bytes.
package struct MirrorRecipe: Sendable, Hashable {
    package let options: ConversionOptions
    /// The platform asked for; nil: all.
    package let platform: String?
    /// Recipes of the user.
    package let own: [OwnRecipe]
    /// The digest of the recipe, the tool and its compressors.
    package let digest: Digest

    package init(_ options: ConversionOptions, platform: String?, own: [OwnRecipe] = []) {
        self.options = options
        self.platform = platform
        self.own = own
        digest = Self.digest(options, platform, own, compressors: CompressorVersions.text)
    }

    /// Raised whenever the same options begin to give other bytes.
    package static let rewriteFormat = 1

    /// The digest with other compressors than this process has, for tests.
    package func digest(compressors: String) -> Digest {
        Self.digest(options, platform, own, compressors: compressors)
    }

    private static func digest(
        _ options: ConversionOptions, _ platform: String?, _ own: [OwnRecipe], compressors: String
    ) -> Digest {
        let recipes =
            options.recipe == .none ? "none" : (try? OwnRecipe.library(own))?.digest.hex ?? "none"
        let lines = [
            "deroot mirror recipe 2", "rewrite format \(rewriteFormat)",
            "deroot \(Version.text)", "options \(options)", "platform \(platform ?? "all")",
            "recipes \(recipes)", compressors,
        ]
        return Digest.of(Array((lines.joined(separator: "\n") + "\n").utf8))
    }
}
