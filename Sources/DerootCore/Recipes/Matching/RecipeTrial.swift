package import DerootBytes
import DerootOCI
import DerootStore

/// What recipes come to on one image, without anything being written.
package struct RecipeTrial: Sendable {
    package let platform: String
    /// Every recipe, the best first.
    package let matches: [RecipeMatch]
    /// The plan, or why there is none.
    package let outcome: Result<ImagePlan, DerootError>
}

extension Conversion {
    /// Tries the recipes on every image of the source.
    ///
    /// - Throws: Where the source cannot be read.
    package func tryRecipes() throws(DerootError) -> [RecipeTrial] {
        let graph = try ImageGraph(reading: source, platform: platform, limits: limits)
        for image in graph.convertible { try check(image) }
        let layers = try scan(graph.convertible, nil) { _ in [] }
        let library = try library()
        let planner = ImagePlanner(options, recipes: library)
        var trials: [RecipeTrial] = []
        for image in graph.convertible {
            let input = self.input(image, layers)
            let reader = reader(of: image)
            let tree = try FileTree(input.layers.map(\.pass.listing))
            let kind = try planner.kind(input, tree, read: input.body(reader))
            let matches = library.recipes.map { RecipeMatch($0, for: kind) }.sorted { a, b in
                if a.fits != b.fits { return a.fits }
                return a.score != b.score ? a.score > b.score : a.recipe.id < b.recipe.id
            }
            let outcome: Result<ImagePlan, DerootError>
            do throws(DerootError) {
                outcome = .success(try planner.plan(input, reading: reader))
            } catch { outcome = .failure(error) }
            trials.append(
                RecipeTrial(
                    platform: image.config.platform.description, matches: matches, outcome: outcome)
            )
        }
        return trials
    }
}
