package import DerootBytes

/// Which recipe was asked for.
package enum RecipeChoice: Sendable, Hashable {
    /// The one that fits.
    case automatic
    case none
    /// The one of this id.
    case one(String)
}

/// The recipes at hand: those in the binary, and those of the user.
package struct RecipeLibrary: Sendable, Hashable {
    /// By id; a user's recipe takes the place of a built-in of the same id.
    package private(set) var recipes: [Recipe]
    private var own: Set<String> = []

    /// The most files of a directory of recipes.
    package static let mostFiles = 200

    /// The recipes of a program of one's own.
    package init(_ recipes: [Recipe] = []) { self.recipes = recipes }

    /// The recipes in the binary.
    ///
    /// - Throws: Never for a released binary: a test reads them all.
    package static func builtIn() throws(DerootError) -> RecipeLibrary { try read.get() }

    /// Read once, when it is first asked for.
    private static let read = Result { () throws(DerootError) -> RecipeLibrary in
        var recipes: [Recipe] = []
        for (name, bytes) in BuiltInRecipes.files {
            recipes.append(try Recipe(parsing: bytes, file: "built-in:\(name)"))
        }
        return RecipeLibrary(recipes.sorted { $0.id < $1.id })
    }

    /// Adds a recipe of the user.
    ///
    /// - Throws: `.malformed` where two of the user's own have the same id.
    package mutating func add(_ recipe: Recipe) throws(DerootError) {
        guard own.insert(recipe.id).inserted else {
            throw DerootError(
                .malformed, "a second recipe with the id '\(recipe.id)'",
                at: .init(file: recipe.file))
        }
        recipes.removeAll { $0.id == recipe.id }
        recipes.append(recipe)
        recipes.sort { $0.id < $1.id }
    }

    /// True for a recipe that the user gave.
    package func isOwn(_ recipe: Recipe) -> Bool { own.contains(recipe.id) }

    /// The recipe of an id.
    ///
    /// - Throws: `.usage` where there is none.
    package func recipe(_ id: String) throws(DerootError) -> Recipe {
        guard let recipe = recipes.first(where: { $0.id == id }) else {
            throw DerootError(
                .usage, "there is no recipe '\(printable(id.utf8.prefix(80)))'",
                advice: "deroot recipe list names them; a file is given as ./NAME.yaml")
        }
        return recipe
    }

    /// A recipe on its bases.
    ///
    /// - Throws: `.malformed` for a base that is not there, or that leads in a circle.
    package func stacked(_ recipe: Recipe) throws(DerootError) -> Recipe {
        var out = recipe
        var seen: Set<String> = [recipe.id]
        var next = recipe.base
        while let id = next {
            guard seen.insert(id).inserted, let base = recipes.first(where: { $0.id == id }) else {
                throw DerootError(
                    .malformed, "the base '\(id)' is not there, or leads in a circle",
                    at: .init(file: recipe.file))
            }
            out = out.stacked(on: base)
            next = base.base
        }
        return out
    }

    /// The digest of a recipe with its bases: what a result notes of it.
    package func digest(of recipe: Recipe) -> Digest {
        var text = "\(recipe.digest)\n"
        var seen: Set<String> = [recipe.id]
        var next = recipe.base
        while let id = next, seen.insert(id).inserted,
            let base = recipes.first(where: { $0.id == id })
        {
            text += "\(base.digest)\n"
            next = base.base
        }
        return next == nil && seen.count == 1 ? recipe.digest : Digest.of(Array(text.utf8))
    }

    /// A digest of all recipes: what is remembered of a result holds only as long as they do.
    package var digest: Digest {
        Digest.of(Array(recipes.map { "\($0.id) \($0.digest)\n" }.joined().utf8))
    }

    /// A digest of the user's own recipes; nil where there are none.
    package var ownDigest: Digest? {
        guard !own.isEmpty else { return nil }
        let lines = recipes.filter { isOwn($0) }.map { "\($0.id) \($0.digest)\n" }
        return Digest.of(Array(lines.joined().utf8))
    }

    /// The paths that edits of these recipes name: worth keeping when a layer is read.
    package var editedPaths: Set<[UInt8]> {
        var paths: Set<[UInt8]> = []
        for file in recipes.flatMap(\.edits).flatMap(\.files) where file.text.hasPrefix("/") {
            paths.insert(Array(file.text.utf8.dropFirst()))
        }
        return paths
    }
}
