import ArgumentParser
import DerootBytes
import DerootCore

/// Which recipes are looked at, and what they are asked for.
struct RecipeFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A recipe's id, a file or directory of your own, or none; default: the one that fits.",
            discussion: "A path has a / in it or ends in .yaml: ./mine.yaml, recipes/.",
            valueName: "recipe"), completion: .recipe)
    var recipe: String?

    @Option(
        help: ArgumentHelp(
            "Where it is to run: openshift, read-only-rootfs; repeatable.", valueName: "profile"),
        completion: .list(ConversionOptions.Profile.allCases.map(\.rawValue)))
    var profile: [String] = []

    @Option(
        help: ArgumentHelp(
            "Ports below 1024: keep them, or remap them as the recipe says.", valueName: "how"),
        completion: .list(ConversionOptions.Ports.allCases.map(\.rawValue)))
    var ports: String?

    @Flag(help: "Give files with ids of 65536 and more to the user, or to root.")
    var squashIds = false

    /// True where none was given.
    var isDefault: Bool { recipe == nil && profile.isEmpty && ports == nil && !squashIds }

    /// True where the recipe is a path.
    private static func isPath(_ text: String) -> Bool {
        text.utf8.contains(UInt8(ascii: "/")) || text.hasSuffix(".yaml") || text.hasSuffix(".yml")
    }

    /// The recipes: the built-in ones, and the user's own.
    ///
    /// - Throws: `.malformed` for a recipe that is none, `.notFound`.
    func library() throws(DerootError) -> RecipeLibrary {
        var library = try RecipeLibrary.builtIn()
        guard let recipe, Self.isPath(recipe) else { return library }
        for path in try RecipeFiles.paths(recipe) { try library.add(try RecipeFiles.read(path)) }
        return library
    }

    /// Notes what was asked for.
    ///
    /// - Throws: `.usage` for a value that is none.
    func apply(to options: inout ConversionOptions) throws(DerootError) {
        for name in profile {
            options.profiles.insert(
                try ConversionFlags.choice(name, "--profile", .readOnlyRootfs))
        }
        options.ports = try ConversionFlags.choice(ports, "--ports", .keep)
        options.squashesIDs = squashIds
        switch recipe {
        case nil, "auto": options.recipe = .automatic
        case "none": options.recipe = .none
        case let text? where Self.isPath(text):
            let library = try library()
            options.ownRecipes = library.ownDigest
            let own = library.recipes.filter { library.isOwn($0) }
            // A file is meant; of a directory the one that fits is.
            if own.count == 1, try File.kind(of: text) != .directory {
                options.recipe = .one(own[0].id)
            }
        case let text?:
            guard !text.hasPrefix("sha256:") else {
                throw DerootError(
                    .usage, "\(printable(text.utf8)) stands for a recipe of somebody's own",
                    advice: "give its file: --recipe ./NAME.yaml")
            }
            options.recipe = .one(try library().recipe(text).id)
        }
    }
}

/// Recipes as files.
enum RecipeFiles {
    /// The files of a path: itself, or the `.yaml` files of a directory, in the order of their names.
    static func paths(_ path: String) throws(DerootError) -> [String] {
        guard let kind = try File.kind(of: path) else {
            throw DerootError(.notFound, "there is no such file", at: .init(file: path))
        }
        guard kind == .directory else { return [path] }
        let names = try Directory.names(in: path).filter {
            $0.hasSuffix(".yaml") || $0.hasSuffix(".yml")
        }.sorted()
        guard (1...RecipeLibrary.mostFiles).contains(names.count) else {
            throw DerootError(
                .limit, "\(names.count) recipes, not 1 to \(RecipeLibrary.mostFiles)",
                at: .init(file: path))
        }
        return names.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
    }

    /// Reads one.
    static func read(_ path: String) throws(DerootError) -> Recipe {
        try Recipe(
            parsing: try InputFile.read(path, atMost: UInt64(StrictYAML.size)), file: path)
    }
}
