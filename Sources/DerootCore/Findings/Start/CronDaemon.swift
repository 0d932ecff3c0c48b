import DerootBytes
import DerootTar

/// NR023: cron daemons in the start chain.
package enum CronDaemon: ImageRule {
    package static let rule = Rule(
        "NR023", "cron", .block, "A cron daemon is started",
        help: """
            cron and crond change to the user of each job and end without root: "seteuid: \
            Operation not permitted". Use a job of the platform, such as a Kubernetes CronJob, \
            or a scheduler made for containers, such as supercronic.
            """,
        classes: [12])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let started = image.chain.services.filter {
            $0.kind == .cron && !$0.circumstances.isGuarded
        }
        let isCertain = started.contains { !$0.circumstances.isConditional }
        return found(
            "a cron daemon is started", at: started.map { $0.at.evidence(in: image) },
            severity: isCertain ? .block : .warn, confidence: isCertain ? .seen : .likely,
            fix: .none("run the jobs from outside, or with a scheduler that needs no root"))
    }
}
