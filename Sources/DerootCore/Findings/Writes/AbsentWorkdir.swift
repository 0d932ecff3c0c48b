import DerootBytes
import DerootOCI
import DerootTar

/// NR032: a WORKDIR that does not exist.
package enum AbsentWorkdir: ImageRule {
    package static let rule = Rule(
        "NR032", "workdir-absent", .warn, "The working directory is not in the image",
        help: """
            Runtimes make a missing WORKDIR as root's, 0755, and the program cannot write there. \
            convert adds it and gives it to the user.
            """,
        classes: [22])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let directory = image.config.workingDirectory, !directory.isEmpty else { return [] }
        let path = TarPath(directory)
        guard image.tree.resolve(path).node == nil else { return [] }
        return found(
            "the working directory \(path) does not exist",
            at: [Finding.Evidence(.config("config.WorkingDir"), before: printable(directory.utf8))],
            fix: .automatic("the directory is added, owned by the user"))
    }
}
