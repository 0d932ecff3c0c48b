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
///
/// Recipes with the same digest are the same.
package struct MirrorRecipe: Sendable, Hashable {
    /// Held once for all items of a plan.
    private final class Content: Sendable {
        let options: ConversionOptions
        let platform: String?
        let own: [OwnRecipe]
        let digest: Digest

        init(_ options: ConversionOptions, platform: String?, own: [OwnRecipe]) {
            self.options = options
            self.platform = platform
            self.own = own
            digest = MirrorRecipe.digest(
                options, platform, own, compressors: CompressorVersions.text)
        }
    }

    private let content: Content

    package var options: ConversionOptions { content.options }
    /// The platform asked for; nil: all.
    package var platform: String? { content.platform }
    /// Recipes of the user.
    package var own: [OwnRecipe] { content.own }
    /// The digest of the recipe, the tool and its compressors.
    package var digest: Digest { content.digest }

    package init(_ options: ConversionOptions, platform: String?, own: [OwnRecipe] = []) {
        content = Content(options, platform: platform, own: own)
    }

    package static func == (a: MirrorRecipe, b: MirrorRecipe) -> Bool { a.digest == b.digest }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }

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
