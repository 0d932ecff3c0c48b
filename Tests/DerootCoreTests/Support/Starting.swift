import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport

/// The start chain of an image of these layers.
func startChain(settings: String, _ builds: Build...) throws -> StartChain {
    let layers = try builds.map { try LayerFixture(.none, $0) }
    let layout = try LayoutFixture(ImageFixture(layers, settings: settings))
    let source = try layout.source()
    let graph = try ImageGraph(reading: source)
    guard let image = graph.images.first else { throw DerootError(.notFound, "no image") }
    let scanner = Conversion(source, .init()).scanner(nil)
    let kept = StartFiles([image.config])
    let passes = try image.manifest.layers.map { layer in
        try scanner.scan(layer, diffIDs: [], decide: nil, keeping: kept).pass
    }
    let tree = try FileTree(passes.map(\.listing))
    return try StartChain(
        StartImage(image.config, in: tree), files: ImageFiles(in: tree, passes)
    ) { (layer, entries) throws(DerootError) in
        try scanner.beginnings(
            of: entries, in: image.manifest.layers[layer], limit: StartFiles.limit)
    }
}

/// The start chain of an image whose entrypoint is this script.
func startChain(script: String, cmd: String = "app", env: String = "") throws -> StartChain {
    try startChain(
        settings: """
            "Entrypoint":["/entrypoint.sh"],"Cmd":["\(cmd)"],"Env":[\(env)]
            """
    ) { tar in
        tar.file("entrypoint.sh", script, mode: 0o755)
        tar.file("bin/sh", "\u{7F}ELF", mode: 0o755)
        tar.file("bin/bash", "\u{7F}ELF", mode: 0o755)
        tar.file("usr/bin/app", "\u{7F}ELF", mode: 0o755)
    }
}

extension StartChain {
    /// The steps as `tool account line`, unguarded ones with `!`, conditional ones with `?`.
    var steps: [String] {
        stepDowns.map { step in
            "\(step.tool) \(step.account ?? "-") \(step.at.line ?? 0)"
                + (step.isGuarded ? "" : "!") + (step.circumstances.isConditional ? "?" : "")
        }
    }
}
