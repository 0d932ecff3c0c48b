import DerootBytes
import DerootCore
import DerootOCI
import DerootTar
import DerootTestSupport

/// Checks an image of these layers with the default options.
func check(settings: String = "", converted: Bool = false, _ builds: Build...) throws -> ImageCheck
{
    try check(.init(), settings: settings, converted: converted, builds)
}

/// Checks an image of these layers.
func check(
    _ options: ConversionOptions, settings: String = "", converted: Bool = false, _ builds: [Build]
) throws -> ImageCheck {
    let layers = try builds.map { try LayerFixture(.none, $0) }
    let layout = try LayoutFixture(ImageFixture(layers, settings: settings))
    var check = Check(try layout.source(), options)
    check.showsConverted = converted
    guard let image = try check.run().images.first else {
        throw DerootError(.notFound, "nothing was checked")
    }
    return image
}

extension ImageCheck {
    /// The ids of what was found.
    var ids: Set<String> { Set(findings.map(\.rule.id)) }

    /// The first finding of a rule.
    subscript(_ id: String) -> Finding? { findings.first { $0.rule.id == id } }
}

extension Finding {
    /// The places as `/path` or `config.Key`, each with `:line` where there is one.
    var places: [String] {
        evidence.map { evidence in
            let place =
                switch evidence.place {
                case .file(let path): path.description
                case .config(let key): key
                }
            return place + (evidence.line.map { ":\($0)" } ?? "")
        }
    }
}
