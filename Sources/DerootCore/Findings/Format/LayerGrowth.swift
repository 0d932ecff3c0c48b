import DerootBytes
import DerootTar

/// NR067: bytes that an added layer repeats.
package enum LayerGrowth: ImageRule {
    package static let rule = Rule(
        "NR067", "layer-growth", .info, "The added layer repeats whole files",
        help: """
            With --layers append, changed files are stored once more in a layer on top, as every \
            chown in a Dockerfile does; the layers below keep their bytes and their privileges. \
            --layers rewrite changes headers in place.
            """,
        classes: [44])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard image.options.layers == .append, let plan = image.plan, !image.isConverted else {
            return []
        }
        var bytes: UInt64 = 0
        var places: [Finding.Evidence] = []
        for (number, layer) in plan.layers.enumerated() {
            let entries = layer.changes.map { image.tree.layers[number].entries[$0.index].bodySize }
            let sum = entries.reduce(0, &+)
            guard sum > 0 else { continue }
            bytes &+= sum
            var place = Finding.Evidence(.config("layers[\(number)]"), before: "\(sum) bytes")
            place.layer = layer.digest
            places.append(place)
        }
        return found(
            "\(bytes) bytes are stored twice", at: places,
            fix: .option("--layers rewrite repeats nothing"))
    }
}
