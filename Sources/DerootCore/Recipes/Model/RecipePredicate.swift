package import DerootTar

/// One thing that an image must be for a recipe to fit.
package indirect enum RecipePredicate: Sendable, Hashable {
    /// Something is at the path, links followed.
    case file(TarPath)
    /// Something fits the pattern.
    case glob(PathPattern)
    /// The last two parts of the image's name; a hint only, since mirrors rename.
    case image(String)
    /// These words stand in the Entrypoint, one after another.
    case entrypoint([String])
    /// These words stand in the Cmd.
    case cmd([String])
    /// These words stand in Entrypoint and Cmd together.
    case start([String])
    /// The program that is started first has this name: initial words such as `tini --`, `exec` and a
    /// shell's `-c` left out.
    case command(String)
    /// The environment has the variable, with this value where one is given.
    case env(String, String?)
    /// The config's `os`.
    case os(String)
    /// `ID` or a word of `ID_LIKE` of the image's os-release.
    case distro(String)
    /// The image has the label, with this value where one is given.
    case label(String, String?)
    case any([RecipePredicate])
    case not([RecipePredicate])
}

extension RecipePredicate: CustomStringConvertible {
    /// As the recipe spells it.
    package var description: String {
        switch self {
        case .file(let path): "file: \(path)"
        case .glob(let pattern): "glob: \(pattern.text)"
        case .image(let name): "image: \(name)"
        case .entrypoint(let words): "entrypoint: \(words)"
        case .cmd(let words): "cmd: \(words)"
        case .start(let words): "start: \(words)"
        case .command(let name): "command: \(name)"
        case .env(let name, let value): "env: \(name)" + (value.map { "=\($0)" } ?? "")
        case .os(let name): "os: \(name)"
        case .distro(let name): "distro: \(name)"
        case .label(let name, let value): "label: \(name)" + (value.map { "=\($0)" } ?? "")
        case .any(let parts): "any of " + parts.map(\.description).joined(separator: ", ")
        case .not(let parts): "none of " + parts.map(\.description).joined(separator: ", ")
        }
    }

    /// What it adds to a recipe's score: content counts, and more the more it says.
    package var weight: Int {
        switch self {
        case .entrypoint, .cmd, .start, .command: 3
        case .file, .glob, .env, .label: 2
        case .image, .os, .distro: 1
        case .any(let parts): parts.map(\.weight).max() ?? 0
        case .not: 0
        }
    }
}
