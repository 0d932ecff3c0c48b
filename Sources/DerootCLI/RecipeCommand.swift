package import ArgumentParser
import DerootBytes
import DerootCore
import DerootOCI
import DerootRegistry
import DerootStore

/// `deroot recipe`: the built-in recipes and one's own.
package struct RecipeCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "recipe",
        abstract: "The built-in recipes and your own.",
        subcommands: [RecipeListCommand.self, RecipeShowCommand.self, RecipeTestCommand.self])

    package init() {}
}

/// `deroot recipe list`.
package struct RecipeListCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the recipes by id; those that refuse say why an image is not converted.")

    @OptionGroup var recipes: RecipeFlags
    @OptionGroup(title: "Output") var output: OutputFlags

    package init() {}

    package func run() throws {
        try Failure.reported { () throws(DerootError) in
            let library = try recipes.library()
            guard output.format == .json else {
                let width = library.recipes.map(\.id.utf8.count).max() ?? 0
                let lines = library.recipes.map { recipe in
                    recipe.id + String(repeating: " ", count: width - recipe.id.utf8.count + 2)
                        + printable(recipe.title.utf8)
                        + (recipe.refusal == nil ? "" : " (refuses)")
                        + (library.isOwn(recipe) ? " (own)" : "")
                }
                try output.result(lines.joined(separator: "\n") + "\n")
                return
            }
            let list = library.recipes.map { recipe in
                JSON.object([
                    "id": .string(recipe.id), "title": .string(recipe.title),
                    "digest": .string(recipe.digest.description),
                    "file": .string(recipe.file), "refuses": .bool(recipe.refusal != nil),
                ])
            }
            let document = JSON.object([
                "deroot": .string("recipes"), "version": .number(1), "recipes": .array(list),
            ])
            try output.result(
                String(decoding: document.serialized(indented: true), as: UTF8.self) + "\n")
        }
    }
}

/// `deroot recipe show`.
package struct RecipeShowCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print a built-in recipe as it stands, to start from.")

    @Argument(help: ArgumentHelp("The recipe.", valueName: "id"), completion: .recipeID)
    var id: String

    @OptionGroup(title: "Output") var output: OutputFlags

    package init() {}

    package func run() throws {
        try Failure.reported { () throws(DerootError) in
            let recipe = try RecipeLibrary.builtIn().recipe(id)
            let file = BuiltInRecipes.files.first { "built-in:\($0.name)" == recipe.file }
            try output.result(String(decoding: file?.bytes ?? [], as: UTF8.self))
        }
    }
}

/// `deroot recipe test`.
package struct RecipeTestCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Say which recipes fit an image, and what the one that is taken comes to.",
        discussion: """
            Reads the image and writes nothing. Exit status: 0 a recipe fits and works, 1 none fits or \
            the one that does would stop the conversion, 2 not readable.
            """)

    @Argument(help: ArgumentHelp("The image.", valueName: "image"), completion: .image)
    var image: String

    @OptionGroup(title: "What changes") var conversion: ConversionFlags
    @OptionGroup(title: "Limits") var limits: LimitFlags
    @OptionGroup(title: "Registries") var registries: RegistryFlags
    @OptionGroup(title: "Output") var output: OutputFlags

    package init() {}

    package func run() throws {
        var fits = false
        try Failure.reported { () throws(DerootError) in fits = try work() }
        if !fits { throw ExitCode(1) }
    }

    private func work() throws(DerootError) -> Bool {
        let limits = try limits.limits()
        let library = try conversion.recipes.library()
        let reference = try TransportReference(parsing: image)
        let source = try reference.openSource(limits: limits) { () throws(DerootError) in
            try registries.client(.source)
        }
        var reading = Conversion(source, try conversion.options(compressesPlain: false))
        reading.platform = try conversion.wantedPlatform()
        reading.limits = limits
        reading.pool = WorkerPool(jobs: self.limits.jobs)
        reading.recipes = library
        var lines: [String] = []
        var fits = true
        for trial in try reading.tryRecipes() {
            lines.append("\(trial.platform)")
            for match in trial.matches
            where match.held > 0 || library.isOwn(match.recipe)
                || match.recipe.id == conversion.recipes.recipe
            {
                let state =
                    match.missing.map { "no, it has not '\($0)'" } ?? "fits, score \(match.score)"
                lines.append("  \(match.recipe.id): \(printable(state.utf8))")
            }
            switch trial.outcome {
            case .success(let plan):
                fits = fits && plan.recipe != nil
                lines.append("  → " + (plan.recipe?.id ?? "no recipe (NR080)"))
                lines += (plan.recipe?.steps ?? []).map { "    \($0)" }
                lines += plan.notes.map { "    note: \($0)" }
            case .failure(let error):
                fits = false
                lines.append("  → \(error)")
            }
        }
        try output.result(lines.joined(separator: "\n") + "\n")
        return fits
    }
}
