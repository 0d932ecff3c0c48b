import DerootBytes
import DerootOCI
import DerootTar

/// NR063: ONBUILD in the config.
package enum OnBuild: ImageRule {
    package static let rule = Rule(
        "NR063", "onbuild", .warn, "The image has ONBUILD instructions",
        help: """
            A build on top of this image runs these instructions as the image's user. With a \
            user that is not root, package managers and copies into root's directories fail \
            there.
            """,
        classes: [38])

    package static func findings(in image: CheckedImage) -> [Finding] {
        found(
            count(image.config.onBuild.count, "ONBUILD instruction", "ONBUILD instructions"),
            at: image.config.onBuild.map {
                Finding.Evidence(.config("config.OnBuild"), before: printable($0.utf8.prefix(300)))
            }, fix: .none("write USER root before them in the derived Dockerfile, and back after"))
    }
}
