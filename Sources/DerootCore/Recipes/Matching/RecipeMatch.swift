package import DerootBytes

/// How a recipe and an image go together.
package struct RecipeMatch: Sendable {
    package let recipe: Recipe
    /// The first predicate that does not hold; nil: the recipe fits.
    package let missing: RecipePredicate?
    /// The weights of what holds.
    package let score: Int
    /// How many of the predicates hold.
    package let held: Int

    /// Looks at an image.
    package init(_ recipe: Recipe, for image: ImageKind) {
        self.recipe = recipe
        missing = recipe.match.first { !$0.holds(for: image) }
        score = recipe.match.reduce(0) { $0 + $1.score(for: image) }
        held = recipe.match.count { $0.holds(for: image) }
    }

    /// True where every predicate holds.
    package var fits: Bool { missing == nil }
}

extension RecipeLibrary {
    /// What came out of looking for a recipe.
    package enum Selection: Sendable {
        case found(Recipe)
        /// None fits (NR080); the nearest ones, best first.
        case none(nearest: [RecipeMatch])
    }

    /// Finds the recipe of an image by its content.
    ///
    /// - Throws: `.blocked` where a recipe that was asked for does not fit, and where two fit equally
    ///   well (NR082).
    package func select(
        _ choice: RecipeChoice, for image: ImageKind
    ) throws(DerootError) -> Selection {
        switch choice {
        case .none: return .none(nearest: [])
        case .one(let id):
            let recipe = try recipe(id)
            if let missing = RecipeMatch(recipe, for: image).missing {
                throw recipe.error(
                    .blocked, "this image is none of its kind, it has not '\(missing)'",
                    advice: "see deroot recipe list, or --recipe none")
            }
            return .found(try stacked(recipe))
        case .automatic: break
        }
        let matches = recipes.map { RecipeMatch($0, for: image) }
        // One's own recipe was given for a reason, so it wins against a built-in of equal score.
        let fitting = matches.filter(\.fits).sorted { a, b in
            a.score != b.score ? a.score > b.score : isOwn(a.recipe) && !isOwn(b.recipe)
        }
        guard let best = fitting.first else {
            let nearest = matches.filter { $0.held > 0 && $0.score > 1 }.sorted { a, b in
                let (left, right) = (a.held * b.recipe.match.count, b.held * a.recipe.match.count)
                return left != right ? left > right : a.recipe.id < b.recipe.id
            }
            return .none(nearest: Array(nearest.prefix(3)))
        }
        let rivals = fitting.filter {
            $0.score == best.score && isOwn($0.recipe) == isOwn(best.recipe)
        }
        guard rivals.count == 1 else {
            let names = rivals.map(\.recipe.id).sorted().joined(separator: ", ")
            throw DerootError(
                .blocked, "NR082 recipe-ambiguous: \(names) fit equally well",
                advice: "choose one with --recipe ID")
        }
        return .found(try stacked(best.recipe))
    }
}
