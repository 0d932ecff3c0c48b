import DerootBytes
import DerootOCI
import DerootStore
import DerootTar

/// NR069: a history with more or fewer layers than the image.
package enum HistoryMismatch: ImageRule {
    package static let rule = Rule(
        "NR069", "history-mismatch", .warn, "The history does not fit the layers",
        help: """
            The config's history names another number of layers than the image has. Some tools \
            refuse such an image or assign steps to the wrong layers; runtimes do not look at it. \
            convert adds its own entry and leaves the others as they are.
            """,
        classes: [])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let steps = image.config.history.filter { !$0.isEmptyLayer }.count
        let layers = image.image.manifest.layers.count
        guard !image.config.history.isEmpty, steps != layers else { return [] }
        return found(
            "the history has \(steps) steps with a layer, the image has \(layers) layers",
            at: [Finding.Evidence(.config("history"), before: "\(steps)", after: "\(layers)")],
            fix: .none("build the image with another tool"))
    }
}
