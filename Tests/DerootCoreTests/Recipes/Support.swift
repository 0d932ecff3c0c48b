import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport

/// A recipe as text: what every one has, and then some lines.
func recipeText(_ lines: String, match: String = "- file: /app.conf") -> String {
    """
    recipe: 1
    id: mine
    title: A recipe of a test
    match:
      all:
        \(match)

    """ + lines + "\n"
}

/// A recipe of a test.
func recipe(
    _ lines: String, match: String = "- file: /app.conf"
) throws(DerootError) -> Recipe {
    try Recipe(parsing: Array(recipeText(lines, match: match).utf8), file: "mine.yaml")
}

/// Plans an image with one recipe.
func plan(
    _ recipe: Recipe, settings: String = "", _ builds: [Build],
    options change: (inout ConversionOptions) -> Void = { _ in }
) throws -> ImagePlan {
    try plan([recipe], settings: settings, builds, options: change)
}

/// Plans an image with some recipes at hand.
func plan(
    _ recipes: [Recipe], settings: String = "", _ builds: [Build],
    options change: (inout ConversionOptions) -> Void = { _ in }
) throws -> ImagePlan {
    var options = ConversionOptions()
    change(&options)
    let layers = try builds.map { try LayerFixture(.none, $0) }
    let layout = try LayoutFixture(ImageFixture(layers, settings: settings))
    var conversion = Conversion(try layout.source(), options)
    conversion.recipes = RecipeLibrary(recipes)
    guard let image = try conversion.plan().plan.images.first else {
        throw DerootError(.notFound, "nothing was planned")
    }
    return image
}

/// A file that recipes of tests edit, and what every image has.
let plainImage: Build = { tar in
    tar.directory("etc")
    tar.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/app:/bin/sh\n")
    tar.file("etc/group", "root:x:0:\napp:x:1001:\nmedia:x:50:app\n")
    tar.directory("tmp", mode: 0o1777)
    tar.pax(["mtime": "1234567890.5"])
    tar.file("app.conf", "user app\nlisten 80\npid /run/app.pid\n", mode: 0o640, gid: 7)
}
