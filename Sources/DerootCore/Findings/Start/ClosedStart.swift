import DerootBytes
import DerootTar

/// NR025: start programs without permission for the user.
package enum ClosedStart: ImageRule {
    package static let rule = Rule(
        "NR025", "start-not-executable", .block, "The user may not run what the image starts",
        help: """
            The entrypoint, its interpreter or a directory on the way lacks the permission for \
            the new user, so the container ends with "exec: permission denied". --own PATH hands \
            the program over; programs below /root are closed with it.
            """,
        classes: [16, 39])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access else { return [] }
        var findings: [Finding] = []
        for program in image.chain.programs {
            guard let path = program.path, !program.circumstances.isGuarded,
                let closed = closed(path, access)
            else { continue }
            let isStart = [.entrypoint, .cmd, .interpreter].contains(program.role)
            let isCertain = isStart && !program.circumstances.isConditional
            if program.role == .sourced { continue }
            let isMended = image.futureAccess.map { self.closed(path, $0) == nil } ?? false
            let status = image.tree.entry(at: closed).map { image.status($0) }
            findings += found(
                "the new user may not run \(path)"
                    + (closed == path ? "" : ", \(closed) is closed"),
                at: [image.evidence(at: closed, before: status), program.at.evidence(in: image)],
                severity: isCertain ? .block : .warn, confidence: isCertain ? .seen : .likely,
                fix: isMended
                    ? .automatic("it is handed over with its directory")
                    : .option("--own \(closed) hands it over, unless it is protected"))
        }
        return findings
    }

    /// What keeps the user from running a program; nil where nothing does.
    private static func closed(_ path: TarPath, _ access: Access) -> TarPath? {
        if let directory = access.closedDirectory(above: path) { return directory }
        let resolved = access.tree.resolve(path)
        guard let node = resolved.node else { return nil }
        return access.may(.search, node) ? nil : resolved.path
    }
}
