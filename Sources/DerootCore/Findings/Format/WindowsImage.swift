import DerootBytes
import DerootOCI
import DerootTar

/// NR064: images for Windows.
package enum WindowsImage: ImageRule {
    package static let rule = Rule(
        "NR064", "windows", .info, "The image is for Windows",
        help: """
            Windows has no numeric users and no setuid; the user is a name there, such as \
            ContainerUser. The image is carried as it is.
            """,
        classes: [41])

    package static func findings(in image: CheckedImage) -> [Finding] { findings(image.config) }

    /// The same for an image of which only the config is read.
    static func findings(_ config: ImageConfig) -> [Finding] {
        guard config.platform.os == "windows" else { return [] }
        return found(
            "the image is for Windows",
            at: [Finding.Evidence(.config("os"), before: printable(config.platform.os.utf8))],
            fix: .none("use USER ContainerUser in its Dockerfile"))
    }
}
