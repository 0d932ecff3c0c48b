import DerootBytes
import DerootCore
import DerootOCI
import DerootTar
import DerootTestSupport

/// Plans an image of these layers with the default options.
func plan(settings: String = "", _ builds: [Build]) throws -> ImagePlan {
    try plan(ConversionOptions(), settings: settings, builds)
}

/// Plans an image of these layers.
func plan(
    _ options: ConversionOptions, settings: String = "", _ builds: [Build]
) throws -> ImagePlan {
    let layers = try builds.map { try LayerFixture(.none, $0) }
    let layout = try LayoutFixture(ImageFixture(layers, settings: settings))
    let planned = try Conversion(layout.source(), options).plan()
    guard let image = planned.plan.images.first else {
        throw DerootError(.notFound, "nothing was planned")
    }
    return image
}

extension ConversionOptions {
    /// Options with paths as a command line spells them.
    init(
        user: String = "auto", own: [String] = [], keep: [String] = [],
        layers: LayerMode = .rewrite, capabilities: Capabilities = .strip
    ) throws(DerootError) {
        self.init()
        self.user = try Identity.Choice(parsing: user)
        for text in own { self.own.append(try PathPattern(text)) }
        for text in keep { self.keep.append(try PathPattern(text)) }
        self.layers = layers
        self.capabilities = capabilities
    }
}

extension ImagePlan {
    /// The added entries as `mode uid:gid path`.
    var addedLines: [String] {
        added.map { entry in
            "\(PlanJSON.octal(entry.mode)) \(entry.owner.uid):\(entry.owner.gid) \(entry.path)"
        }
    }

    /// The content of an added file.
    func content(_ path: TarPath) -> String? {
        for entry in added where entry.path == path {
            if case .file(let bytes) = entry.kind { return String(decoding: bytes, as: UTF8.self) }
        }
        return nil
    }

    /// The changes as `layer:index`.
    var changed: [String] {
        layers.enumerated().flatMap { number, layer in
            layer.changes.map { "\(number):\($0.index)" }
        }
    }
}
