import DerootBytes
import DerootTar

/// NR068: layers that are rewritten.
package enum LostSharing: ImageRule {
    package static let rule = Rule(
        "NR068", "base-sharing-lost", .info, "Lower layers change and are no longer shared",
        help: """
            A layer whose headers change has another digest, so images on the same base share it \
            no more, until they are converted too: the same layer and the same options give the \
            same bytes. --layers append keeps the layers below, with their privileges.
            """,
        classes: [44])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard image.options.layers == .rewrite, let plan = image.plan, !image.isConverted else {
            return []
        }
        var places: [Finding.Evidence] = []
        for (number, layer) in plan.layers.enumerated().dropLast() where !layer.changes.isEmpty {
            var place = Finding.Evidence(
                .config("layers[\(number)]"), before: layer.digest.short,
                after: count(layer.changes.count, "entry changes", "entries change"))
            place.layer = layer.digest
            places.append(place)
        }
        return found(
            count(places.count, "lower layer is", "lower layers are") + " rewritten", at: places,
            fix: .option("--layers append keeps them"))
    }
}
