import DerootBytes
import DerootOCI
import DerootStore
import DerootTar

/// NR066: foreign layers, and annotations that describe a layer's bytes.
package enum OddLayer: ImageRule {
    package static let rule = Rule(
        "NR066", "odd-layer", .warn, "A layer is foreign or has a table of contents",
        help: """
            Foreign layers are fetched from elsewhere and cannot be rewritten unless they are in \
            the source. Tables of contents of eStargz, zstd:chunked, SOCI and nydus describe the \
            bytes before a rewrite: convert drops them from layers that change, and lazy pulling \
            ends for these.
            """,
        classes: [43])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard !image.isConverted else { return [] }
        let prefixes = [
            "containerd.io/snapshot/stargz/", "io.containers.estargz.",
            "io.github.containers.zstd-chunked.", "com.amazon.soci.",
            "containerd.io/snapshot/nydus-",
        ]
        var places: [Finding.Evidence] = []
        for (number, layer) in image.image.manifest.layers.enumerated() {
            var place = Finding.Evidence(.config("layers[\(number)]"))
            place.layer = layer.digest
            if !layer.urls.isEmpty { place.before = "fetched from elsewhere" }
            for annotation in layer.annotations
            where prefixes.contains(where: { annotation.name.hasPrefix($0) }) {
                place.before = printable(annotation.name.utf8.prefix(200))
            }
            if place.before != nil { places.append(place) }
        }
        return found(
            count(places.count, "layer is", "layers are") + " foreign or described from outside",
            at: places, fix: .automatic("what describes a changed layer's bytes is dropped"))
    }
}
