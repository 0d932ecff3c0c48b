import DerootBytes
import DerootTar

/// NR053: effective capabilities on the start program.
package enum EffectiveStart: ImageRule {
    package static let rule = Rule(
        "NR053", "effective-cap-on-start", .block,
        "The start program does not start where capabilities are dropped",
        help: """
            The program that the image starts has an effective file capability. Where the \
            runtime's bounding set lacks it, as Pod Security "restricted" demands, the kernel \
            refuses to run it at all: "operation not permitted". convert removes the capability; \
            --caps permit clears the flag only.
            """,
        classes: [28])

    package static func findings(in image: CheckedImage) -> [Finding] {
        var places: [Finding.Evidence] = []
        for program in image.chain.programs {
            guard let path = program.path, program.role != .healthcheck, program.role != .sourced,
                let node = image.tree.resolve(path).node, let entry = image.tree.entry(of: node)
            else { continue }
            let group = image.tree.linkGroup(of: entry)
            guard group.contains(where: { image.tree[$0].hasEffectiveCapabilities }) else {
                continue
            }
            let place = image.evidence(entry, before: "effective capabilities")
            if !places.contains(place) { places.append(place) }
        }
        let stays = image.options.capabilities == .keep || image.isConverted
        // Asked for with --caps keep or --keep, and fine where nothing is dropped.
        return found(
            "the start program needs capabilities that runtimes may drop", at: places,
            severity: stays ? .warn : nil, confidence: .seen,
            fix: stays
                ? .option("--caps permit clears the effective flag")
                : .automatic("the capabilities are removed"))
    }
}
