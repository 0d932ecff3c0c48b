import DerootBytes
import DerootOCI
import DerootTar

/// NR072: volumes of an image whose user changes.
package enum ExistingVolume: ImageRule {
    package static let rule = Rule(
        "NR072", "existing-volume", .info, "Volumes from before belong to the old user",
        help: """
            Data that was written before the conversion belongs to the user of that time, mostly \
            root. Change its owner once (chown -R in a container that is root), or let \
            Kubernetes do it with fsGroup. New volumes take the image's owner.
            """,
        classes: [21])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let plan = image.plan, !image.isConverted, plan.userBefore != plan.userAfter,
            !image.config.volumes.isEmpty
        else { return [] }
        let before = plan.userBefore ?? ""
        let old = before.isEmpty ? "root" : printable(before.utf8)
        let places = image.config.volumes.compactMap { volume -> Finding.Evidence? in
            let path = image.start.absolute(volume)
            let entry = image.tree.resolve(path).node.flatMap { image.tree.entry(of: $0) }
            let owner = entry.map { "\(image.tree[$0].uid):\(image.tree[$0].gid)" }
            guard owner != plan.userAfter else { return nil }
            return Finding.Evidence(
                .config("config.Volumes"), before: "\(path) \(owner ?? old)", after: plan.userAfter)
        }
        return found(
            "data in volumes from before has another owner", at: places,
            fix: .none("chown -R \(plan.userAfter) the volume once, or set fsGroup"))
    }
}
