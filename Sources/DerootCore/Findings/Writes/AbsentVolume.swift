import DerootBytes
import DerootOCI
import DerootTar

/// NR031: VOLUME paths that do not exist.
package enum AbsentVolume: ImageRule {
    package static let rule = Rule(
        "NR031", "volume-absent", .error, "A volume's directory is not in the image",
        help: """
            Where a VOLUME path does not exist, the runtime makes it as root's, 0755, and the \
            program cannot write its data. convert adds the directory and gives it to the user.
            """,
        classes: [20])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let absent = image.config.volumes.map { image.start.absolute($0) }.filter {
            image.tree.resolve($0).node == nil
        }
        return found(
            count(absent.count, "volume has no directory", "volumes have no directory"),
            at: absent.map { Finding.Evidence(.file($0), before: "absent") },
            fix: .automatic("the directory is added, owned by the user"))
    }
}
