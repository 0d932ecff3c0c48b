import DerootBytes
import DerootTar

/// NR026: an entrypoint that is not in the image.
package enum MissingStart: ImageRule {
    package static let rule = Rule(
        "NR026", "start-missing", .warn, "What the image starts is not in it",
        help: """
            The entrypoint or its interpreter is not found on PATH: runtimes answer "executable \
            file not found". Images that are bases for others, or that get their program from a \
            volume, look like this on purpose.
            """,
        classes: [16])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let missing = image.chain.programs.filter { program in
            program.kind == .missing && [.entrypoint, .cmd, .interpreter].contains(program.role)
        }
        let path = image.start.searchPath.joined(separator: ":")
        return found(
            "\(printable((missing.first?.word ?? "").utf8)) is not found",
            at: missing.map { program in
                var place = program.at.evidence(in: image, before: printable(program.word.utf8))
                place.after = "PATH \(printable(path.utf8.prefix(200)))"
                return place
            }, confidence: .likely, fix: .none("derived images or volumes may bring it"))
    }
}
