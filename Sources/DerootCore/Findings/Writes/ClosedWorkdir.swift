import DerootBytes
import DerootOCI
import DerootTar

/// NR033: a WORKDIR that the user may not enter.
package enum ClosedWorkdir: ImageRule {
    package static let rule = Rule(
        "NR033", "workdir-closed", .block, "The user may not enter the working directory",
        help: """
            Some runtimes change to the working directory as the user and end with "chdir to \
            cwd: permission denied"; others do it before, and the program cannot look around \
            there. WORKDIR /root is the usual case. A recipe moves it.
            """,
        classes: [23])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access, let directory = image.config.workingDirectory,
            !directory.isEmpty, image.tree.resolve(TarPath(directory)).node != nil,
            !access.may(.search, at: TarPath(directory))
        else { return [] }
        let path = TarPath(directory)
        let closed = access.closedDirectory(above: path) ?? image.tree.resolve(path).path
        let isMended = image.futureAccess?.may(.search, at: path) ?? false
        // Runtimes differ, so nobody can be sure that the container does not start.
        return found(
            "the user may not enter the working directory \(path)",
            at: [
                image.evidence(
                    at: closed, before: image.tree.entry(at: closed).map { image.status($0) }),
                Finding.Evidence(.config("config.WorkingDir"), before: printable(directory.utf8)),
            ], severity: .warn, confidence: .likely,
            fix: isMended
                ? .automatic("it is handed over") : .recipe("a recipe moves the working directory"))
    }
}
